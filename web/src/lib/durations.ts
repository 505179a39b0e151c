// durations: "1m30s" as seconds and back, to convert between forms of a load. What is right or wrong
// in a document is the daemon's to say.
const UNITS: Record<string, number> = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, d: 86400 };

export function secondsOf(text: unknown): number | undefined {
  if (typeof text !== "string" || !/^(\d+(\.\d+)?(ns|us|ms|s|m|h|d))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d)/g)) seconds += Number(number) * UNITS[unit!]!;
  return seconds;
}

export function durationText(seconds: number): string {
  if (seconds === 0) return "0s";
  if (seconds < 1 || !Number.isInteger(seconds)) return `${Math.round(seconds * 1000)}ms`;
  const h = Math.floor(seconds / 3600);
  const m = Math.floor(seconds / 60) % 60;
  const s = seconds % 60;
  return `${h ? `${h}h` : ""}${m ? `${m}m` : ""}${s ? `${s}s` : ""}`;
}
