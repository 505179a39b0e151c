// The small functions that pages rely on: pointers, durations, loads, mistakes, formats, schema.
import { describe, expect, test } from "vitest";
import { durationText, secondsOf } from "./durations";
import { bytes, clock, duration, ms, percent, short } from "./format";
import { kindOf, withKind, withoutStages, withStages } from "./load";
import { axisOf, percentileLabel, positionOf } from "./percentiles";
import { getIn, pathOf, pointerOf, setIn } from "./pointer";
import { Problems } from "./problems";
import { keysAt, type Schema, valuesAt } from "./schema";
import { quickDocument, splitUrl } from "./starters";
import scenarioSchema from "../../../src/plan/scenario.schema.json";

test("a JSON Pointer and its path say the same", () => {
  const path = ["target", "headers", "a/b~c", 0];
  expect(pointerOf(path)).toBe("/target/headers/a~1b~0c/0");
  expect(pathOf(pointerOf(path))).toEqual(path);
  expect(pathOf("")).toEqual([]);
});

test("setIn makes what is missing, removes with undefined, and leaves the original alone", () => {
  const value = { a: [1, 2, 3] };
  expect(setIn(value, ["a", 1], undefined)).toEqual({ a: [1, 3] });
  expect(setIn(value, ["b", "c"], 5)).toEqual({ a: [1, 2, 3], b: { c: 5 } });
  expect(value).toEqual({ a: [1, 2, 3] });
  expect(getIn(value, ["a", 9, "x"])).toBeUndefined();
});

test("durations are read and written as in a document", () => {
  expect([secondsOf("1h30m"), secondsOf("1.5s"), secondsOf("250ms"), secondsOf("5"), secondsOf(5)]).toEqual([5400, 1.5, 0.25, undefined, undefined]);
  expect([durationText(5400), durationText(90), durationText(0.25), durationText(0)]).toEqual(["1h30m", "1m30s", "250ms", "0s"]);
});

describe("a load", () => {
  test("changes its kind with its numbers and stages kept", () => {
    expect(withKind({ users: 5, duration: "1m" }, "rate")).toEqual({ rate: 5, duration: "1m" });
    expect(withKind({ rate: 5, duration: "1m", max_users: 9 }, "users")).toEqual({ users: 5, duration: "1m" });
    expect(kindOf({ rate: [] })).toBe("rate");
  });

  test("becomes stages of the same length, and back", () => {
    const stages = withStages({ users: 5, ramp: "10s", duration: "1m" });
    expect(stages).toEqual({ users: [{ target: 5, duration: "10s" }, { target: 5, duration: "50s" }] });
    expect(withoutStages(stages)).toEqual({ users: 5, duration: "1m" });
  });
});

test("mistakes are found by their field, and by the part they are in", () => {
  const at = (pointer: string, message: string) => ({ pointer, message, line: 1, column: 1 });
  const problems = new Problems([at("/name", "must not be empty"), at("/steps/1/request/url", "bad"), at("/steps/10", "worse")]);
  expect(problems.at(["name"])).toBe("Must not be empty");
  expect(problems.at(["steps", 1])).toBeUndefined();
  expect(problems.within(["steps", 1])).toBe("Bad");
  expect(problems.under(["steps", 1]).list).toHaveLength(1);
});

test("numbers are shown with the digits that matter", () => {
  expect([ms(0.0123), ms(0.9), ms(21.345), ms(999.7), ms(1234), ms(0)]).toEqual(["12.3 µs", "900 µs", "21.3 ms", "1 s", "1.23 s", "0 ms"]);
  expect([short(999), short(12_345), short(1_234_567)]).toEqual(["999", "12.3 k", "1.23 M"]);
  expect([bytes(999), bytes(1500), bytes(58_260_549_632)]).toEqual(["999 B", "1.5 kB", "58.3 GB"]);
  expect([percent(0), percent(0.00001), percent(0.0123), percent(0.99999), percent(1)]).toEqual(["0 %", "< 0.01 %", "1.2 %", "> 99.99 %", "100 %"]);
  expect([duration(0.5), duration(59.6), duration(95), duration(7200)]).toEqual(["0.5 s", "60 s", "1 min 35 s", "2 h"]);
  expect([clock(65), clock(7205)]).toEqual(["1:05", "2:00:05"]);
});

test("each nine of a percentile has the same room", () => {
  expect(positionOf(99) - positionOf(90)).toBeCloseTo(positionOf(99.9) - positionOf(99));
  const { xs, end } = axisOf([0, 90, 99, 100]);
  expect(xs.every((x, i) => i === 0 || x > xs[i - 1]!)).toBe(true);
  expect(xs.at(-1)).toBe(end);
  expect([percentileLabel(99.9), percentileLabel(100)]).toEqual(["99.9 % within", "slowest"]);
});

test("an address becomes the parts of a document", () => {
  expect(splitUrl("https://a.example:8443/x/y?z=1")).toEqual({ base: "https://a.example:8443", path: "/x/y?z=1", host: "a.example:8443" });
  expect(splitUrl("localhost:8081")).toEqual({ base: "http://localhost:8081", path: "/", host: "localhost:8081" });
  expect(splitUrl("not an address").base).toBe("not an address");
  expect(quickDocument({ url: "a.example/b", kind: "rate", level: 5, duration: "1m" })).toMatchObject({ name: "a.example/b", load: { rate: 5, duration: "1m" } });
});

test("the daemon's own schema tells the keys and values of a place", () => {
  const schema = scenarioSchema as unknown as Schema;
  const names = (path: (string | number)[]) => keysAt(schema, path).map((key) => key.name);
  expect(names([])).toEqual(expect.arrayContaining(["name", "target", "load", "steps", "flows"]));
  expect(names(["load"])).toEqual(expect.arrayContaining(["users", "rate", "ramp", "duration", "max_users"]));
  expect(names(["steps", 3, "request"])).toEqual(expect.arrayContaining(["url", "method", "headers", "checks"]));
  expect(names(["flows", 0, "steps", 0])).toEqual(expect.arrayContaining(["request", "think"]));
  expect(valuesAt(schema, ["target", "keep_alive"])).toEqual(expect.arrayContaining(["true", "false"]));
  expect(keysAt(schema, ["target"]).every((key) => key.description)).toBe(true);
});
