// colors: the charts' colours by name, read from the page's variables when something is drawn, so
// that a switch between light and dark needs a redraw only.
export type ChartColor = "blue" | "red" | "violet" | "green" | "amber" | "pink" | "grid" | "axis";

export function cssColor(name: ChartColor): string {
  return `var(--chart-${name})`;
}

export function canvasColor(name: ChartColor): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--chart-${name}`).trim();
}
