// load: changes a scenario's load from one form to another (users or arrivals, a level or stages)
// with what was entered kept as far as it has a meaning there.
import { durationText, secondsOf } from "./durations";
import { isRecord } from "./pointer";

export type LoadKindKey = "users" | "rate";

export interface StageValue {
  target: unknown;
  duration: unknown;
}

export function kindOf(load: unknown): LoadKindKey {
  return isRecord(load) && "rate" in load && !("users" in load) ? "rate" : "users";
}

export function stagesOf(load: unknown): unknown[] | undefined {
  const level = isRecord(load) ? load[kindOf(load)] : undefined;
  return Array.isArray(level) ? level : undefined;
}

const onlyWithRate = ["max_users", "arrivals", "seed", "when_busy"];

export function withKind(load: unknown, kind: LoadKindKey): Record<string, unknown> {
  if (!isRecord(load)) return { [kind]: 10, duration: "30s" };
  const old = kindOf(load);
  const entries = Object.entries(load)
    .filter(([key]) => kind === "rate" || !onlyWithRate.includes(key))
    .map(([key, value]): [string, unknown] => [key === old ? kind : key, value]);
  return { [kind]: 10, ...Object.fromEntries(entries) };
}

export function withStages(load: unknown): Record<string, unknown> {
  const { ramp, duration, ...rest } = isRecord(load) ? load : {};
  const kind = kindOf(load);
  const target = rest[kind] ?? 10;
  const total = secondsOf(duration) ?? 30;
  const up = Math.min(secondsOf(ramp) ?? 0, total);
  const stages = [{ target, duration: durationText(up) }];
  if (total > up) stages.push({ target, duration: durationText(total - up) });
  return { ...rest, [kind]: stages };
}

export function withoutStages(load: unknown): Record<string, unknown> {
  const kind = kindOf(load);
  const stages = (stagesOf(load) ?? []).filter(isRecord);
  const targets = stages.map((stage) => stage.target).filter((target) => typeof target === "number");
  const total = stages.reduce((sum, stage) => sum + (secondsOf(stage.duration) ?? 0), 0);
  const { [kind]: _, ...rest } = isRecord(load) ? load : {};
  return { [kind]: Math.max(1, ...targets), duration: durationText(total || 30), ...rest };
}
