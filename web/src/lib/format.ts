// format: numbers, times and sizes as a person reads them. The one place that decides how many
// digits a number is shown with.

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function count(n: number): string {
  return grouped.format(n);
}

// 1234567 -> "1.23 M"; for axes and tiles.
export function short(n: number): string {
  const size = Math.abs(n);
  if (size >= 1e9) return `${digits(n / 1e9)} G`;
  if (size >= 1e6) return `${digits(n / 1e6)} M`;
  if (size >= 1e4) return `${digits(n / 1e3)} k`;
  return digits(n);
}

// Three significant digits, never in exponent form, no trailing zeros.
export function digits(n: number): string {
  if (!Number.isFinite(n)) return "–";
  const size = Math.abs(n);
  if (size >= 100) return grouped.format(n);
  return String(Number(n.toPrecision(3)));
}

export function rate(n: number): string {
  return n >= 100 ? count(n) : digits(n);
}

// Milliseconds, in the unit that suits: "840 µs", "21.3 ms", "1.24 s".
export function ms(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0 ms";
  if (value < 0.9995) return `${digits(value * 1000)} µs`;
  if (value < 999.5) return `${digits(value)} ms`;
  if (value < 59950) return `${digits(value / 1000)} s`;
  return duration(value / 1000);
}

export function percent(fraction: number): string {
  if (fraction === 0) return "0 %";
  if (fraction < 0.0001) return "< 0.01 %";
  if (fraction > 0.9999 && fraction < 1) return "> 99.99 %";
  return `${Number((fraction * 100).toPrecision(fraction < 0.1 ? 2 : 3))} %`;
}

export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = n;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? count(value) : digits(value)} ${units[unit]}`;
}

// 95 -> "1 min 35 s".
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 ? digits(seconds) : Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}

// Seconds from the start as a clock: "1:05", "2:00:05".
export function clock(seconds: number): string {
  const sign = seconds < 0 ? "−" : "";
  const whole = Math.floor(Math.abs(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const h = Math.floor(whole / 3600);
  const m = Math.floor(whole / 60) % 60;
  return sign + (h > 0 ? `${h}:${two(m)}:${two(whole % 60)}` : `${m}:${two(whole % 60)}`);
}

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function instant(iso: string): string {
  return dateTime.format(new Date(iso));
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function ago(iso: string, now = Date.now()): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 10) return "just now";
  if (size < 60) return relative.format(Math.round(seconds), "second");
  if (size < 3600) return relative.format(Math.round(seconds / 60), "minute");
  if (size < 86400) return relative.format(Math.round(seconds / 3600), "hour");
  if (size < 30 * 86400) return relative.format(Math.round(seconds / 86400), "day");
  return new Intl.DateTimeFormat("en", { dateStyle: "medium" }).format(new Date(iso));
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}
