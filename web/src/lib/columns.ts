// columns: a run's seconds as growing typed arrays, one a measure, and the thinning that keeps a
// chart of many hours quick to draw. Knows nothing of drawing.
import type { Second } from "../api/types";

export const MEASURES = ["rate", "errors", "users", "connections", "p50", "p90", "p99", "max", "cpu"] as const;
export type Measure = (typeof MEASURES)[number];

const READ: Record<Measure, (second: Second, step: number) => number> = {
  rate: (second, step) => second.requests / step,
  errors: (second, step) => second.errors / step,
  users: (second) => second.users,
  connections: (second) => second.connections,
  p50: (second) => (second.latency_ms.count > 0 ? second.latency_ms.p50 : NaN),
  p90: (second) => (second.latency_ms.count > 0 ? second.latency_ms.p90 : NaN),
  p99: (second) => (second.latency_ms.count > 0 ? second.latency_ms.p99 : NaN),
  max: (second) => (second.latency_ms.count > 0 ? second.latency_ms.max : NaN),
  cpu: (second) => second.cpu_max * 100,
};

// What uPlot draws: times, then one list a measure; null is a gap.
export type Drawable = [number[], ...(number | null)[][]];

export class Columns {
  private time: Float64Array = new Float64Array(256);
  private values = new Map<Measure, Float64Array>(MEASURES.map((name) => [name, new Float64Array(256)]));
  private used = 0;
  readonly step: number;

  constructor(step = 1) {
    this.step = step;
  }

  get length(): number {
    return this.used;
  }

  get last(): number {
    return this.used > 0 ? this.time[this.used - 1]! : -1;
  }

  // Adds a second, or corrects it: one that is already here is replaced, wherever it stands.
  put(second: Second): void {
    const at = this.used === 0 || second.s > this.last ? this.used : this.find(second.s);
    if (this.time[at] !== second.s || at === this.used) this.insert(at);
    this.time[at] = second.s;
    for (const name of MEASURES) this.values.get(name)![at] = READ[name](second, this.step);
  }

  at(name: Measure, index: number): number {
    return this.values.get(name)![index] ?? NaN;
  }

  // -Infinity where there is none.
  greatest(name: Measure): number {
    return this.values.get(name)!.subarray(0, this.used).reduce((most, value) => (value > most ? value : most), -Infinity);
  }

  // The seconds from `from` on, in at most about `points` points a measure. Where there are more, each
  // stretch of them is drawn as its least and its greatest value: every point drawn was measured, no
  // peak is lost, and nothing is averaged.
  drawable(names: readonly Measure[], { from = -Infinity, points = 800 } = {}): Drawable {
    const begin = from === -Infinity ? 0 : this.find(from);
    const span = this.used - begin;
    const stretch = Math.max(1, Math.ceil((2 * span) / points));
    return stretch <= 2 ? this.plain(names, begin) : this.thinned(names, begin, stretch);
  }

  private plain(names: readonly Measure[], begin: number): Drawable {
    const times: number[] = [];
    const lists: (number | null)[][] = names.map(() => []);
    for (let i = begin; i < this.used; i++) {
      if (i > begin && this.time[i]! - this.time[i - 1]! > this.step) {
        times.push(this.time[i - 1]! + this.step); // seconds without any report: a gap
        for (const list of lists) list.push(null);
      }
      times.push(this.time[i]!);
      names.forEach((name, k) => lists[k]!.push(orNull(this.values.get(name)![i]!)));
    }
    return [times, ...lists];
  }

  private thinned(names: readonly Measure[], begin: number, stretch: number): Drawable {
    const times: number[] = [];
    for (let i = begin; i < this.used; i += stretch) {
      const end = Math.min(i + stretch, this.used) - 1;
      times.push(this.time[i]!, end > i ? (this.time[i]! + this.time[end]!) / 2 : this.time[i]! + this.step / 2);
    }
    const lists = names.map((name) => extremes(this.values.get(name)!, begin, this.used, stretch));
    return [times, ...lists];
  }

  private insert(at: number): void {
    if (this.used === this.time.length) {
      this.time = grown(this.time);
      for (const name of MEASURES) this.values.set(name, grown(this.values.get(name)!));
    }
    if (at < this.used) {
      this.time.copyWithin(at + 1, at, this.used);
      for (const name of MEASURES) this.values.get(name)!.copyWithin(at + 1, at, this.used);
    }
    this.used++;
  }

  // Index of the first second that is not before `s`.
  private find(s: number): number {
    let low = 0;
    let high = this.used;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time[middle]! < s) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function grown(old: Float64Array): Float64Array {
  const next = new Float64Array(old.length * 2);
  next.set(old);
  return next;
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function extremes(values: Float64Array, begin: number, end: number, stretch: number): (number | null)[] {
  const out: (number | null)[] = [];
  for (let i = begin; i < end; i += stretch) {
    let least = Infinity;
    let greatest = -Infinity;
    let leastFirst = true;
    for (let k = i; k < Math.min(i + stretch, end); k++) {
      const value = values[k]!;
      if (value < least) {
        least = value;
        leastFirst = false;
      }
      if (value > greatest) {
        greatest = value;
        leastFirst = true;
      }
    }
    if (greatest === -Infinity) out.push(null, null);
    else if (leastFirst) out.push(least, greatest);
    else out.push(greatest, least);
  }
  return out;
}
