// percentiles: where a percentile stands on an axis that is logarithmic in the share above it:
// 0 at 0 %, 1 at 90 %, 2 at 99 %, and so on.

export function positionOf(percent: number): number {
  return -Math.log10(1 - percent / 100);
}

// 100 % would be infinitely far: it is drawn a little beyond the last percentile before it.
export function axisOf(percents: number[]): { percents: number[]; xs: number[]; end: number } {
  const finite = percents.filter((percent) => percent < 100).map(positionOf);
  const end = Math.max(1, ...finite) + 0.15;
  return { percents, xs: percents.map((percent) => (percent < 100 ? positionOf(percent) : end)), end };
}

const MARKS = [50, 90, 99, 99.9, 99.99, 99.999, 99.9999];

export function marksUpTo(end: number): { x: number; label: string }[] {
  return MARKS.map((percent) => ({ x: positionOf(percent), label: `${percent} %` })).filter(({ x }) => x <= end);
}

export function percentileLabel(percent: number): string {
  if (percent >= 100) return "slowest";
  const digits = Math.max(0, Math.ceil(positionOf(percent)));
  return `${Number(percent.toFixed(digits))} % within`;
}
