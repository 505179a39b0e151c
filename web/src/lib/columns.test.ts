// The seconds of a run: in order whatever the order they come in, corrected in place, thinned without
// losing a peak.
import { expect, test } from "vitest";
import type { Second } from "../api/types";
import { Columns } from "./columns";

const summary = (p50: number) => ({ count: 1, min: 0, mean: 0, stdev: 0, p50, p90: p50, p95: p50, p99: p50, p999: p50, max: p50 });

function second(s: number, requests: number, p50 = 1): Second {
  return { s, requests, errors: 0, users: 1, connections: 1, cpu_max: 0, latency_ms: summary(p50) } as unknown as Second;
}

function filled(count: number, requests: (s: number) => number): Columns {
  const columns = new Columns();
  for (let s = 0; s < count; s++) columns.put(second(s, requests(s)));
  return columns;
}

test("seconds stand in order and are corrected in place", () => {
  const columns = new Columns();
  for (const s of [0, 2, 1, 2]) columns.put(second(s, s === 2 ? columns.length * 10 : 5));
  expect(columns.drawable(["rate"])).toEqual([
    [0, 1, 2],
    [5, 5, 30],
  ]);
});

test("a hole in the seconds is a gap in the line", () => {
  const columns = new Columns();
  for (const s of [0, 1, 5]) columns.put(second(s, 7));
  expect(columns.drawable(["rate"])).toEqual([
    [0, 1, 2, 5],
    [7, 7, null, 7],
  ]);
});

test("a second without latencies has no percentile", () => {
  const columns = new Columns();
  columns.put({ ...second(0, 0), latency_ms: { ...summary(0), count: 0 } });
  expect(columns.drawable(["p50", "rate"])).toEqual([[0], [null], [0]]);
});

test("a day of seconds becomes few points, with its one peak and its one hole", () => {
  const columns = filled(86_400, (s) => (s === 40_000 ? 999 : s === 70_001 ? 0 : 100));
  const [times, rates] = columns.drawable(["rate"], { points: 800 });
  expect(times.length).toBeLessThanOrEqual(802);
  expect(Math.max(...(rates as number[]))).toBe(999);
  expect(Math.min(...(rates as number[]))).toBe(0);
  expect(times.every((t, i) => i === 0 || t > times[i - 1]!)).toBe(true);
});

test("a window begins where it is told to", () => {
  const [times] = filled(1000, () => 1).drawable(["rate"], { from: 940 });
  expect([times[0], times.length]).toEqual([940, 60]);
});

test("a point of several seconds is a rate a second", () => {
  const columns = new Columns(5);
  columns.put(second(0, 50));
  columns.put(second(5, 100));
  expect(columns.drawable(["rate"])[1]).toEqual([10, 20]);
});
