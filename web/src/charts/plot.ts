// plot: one uPlot chart inside an element that React made and then leaves alone: it is drawn, fed,
// resized and recoloured from here. Knows how charts look, not what they show.
import uPlot from "uplot";
import { canvasColor, type ChartColor } from "./colors";
import type { Drawable } from "../lib/columns";

export interface Line {
  label: string;
  color: ChartColor;
  filled?: boolean;
  dashed?: boolean;
}

export interface PlotOptions {
  lines: Line[];
  x: { format: (value: number) => string; splits?: (min: number, max: number) => number[] };
  y: { format: (value: number) => string; atLeast: number }; // the axis goes from 0 to atLeast or more
  sync?: string; // charts of one name share their cursor
  points?: boolean;
  onPoint: (index: number | null) => void; // under the cursor
}

const HEIGHT = 210;
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif';

function seriesOf(line: Line, points: boolean): uPlot.Series {
  return {
    label: line.label,
    stroke: () => canvasColor(line.color),
    fill: line.filled ? () => `${canvasColor(line.color)}22` : undefined,
    dash: line.dashed ? [5, 4] : undefined,
    width: 1.75,
    points: { show: points, size: 5 },
  };
}

function axis(format: (value: number) => string, more: uPlot.Axis): uPlot.Axis {
  return {
    font: FONT,
    stroke: () => canvasColor("axis"),
    grid: { stroke: () => canvasColor("grid"), width: 1 },
    ticks: { show: false },
    values: (_, splits) => splits.map((value) => (value === null ? "" : format(value))),
    ...more,
  };
}

export class Plot {
  private readonly u: uPlot;
  private readonly resizes: ResizeObserver;
  private readonly schemes: MutationObserver;

  constructor(
    private readonly element: HTMLElement,
    options: PlotOptions,
    data: Drawable,
    private range: [number, number],
  ) {
    this.u = new uPlot(this.configure(options), data as uPlot.AlignedData, element);
    this.resizes = new ResizeObserver(() => this.u.setSize({ width: this.width(), height: HEIGHT }));
    this.resizes.observe(element);
    this.schemes = new MutationObserver(() => this.u.redraw(false, true));
    this.schemes.observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });
  }

  setData(data: Drawable, range: [number, number]): void {
    this.range = range;
    this.u.setData(data as uPlot.AlignedData);
  }

  destroy(): void {
    this.resizes.disconnect();
    this.schemes.disconnect();
    this.u.destroy();
  }

  private width(): number {
    return Math.max(200, Math.floor(this.element.clientWidth));
  }

  private configure({ lines, x, y, sync, points = false, onPoint }: PlotOptions): uPlot.Options {
    return {
      width: this.width(),
      height: HEIGHT,
      padding: [8, 26, 0, 0],
      legend: { show: false },
      cursor: {
        drag: { x: false, y: false },
        points: { size: 7 },
        sync: sync ? { key: sync } : undefined,
      },
      scales: {
        x: { time: false, range: () => this.range },
        y: { range: (_, __, max) => [0, Math.max(y.atLeast, (max ?? 0) * 1.08)] },
      },
      series: [{}, ...lines.map((line) => seriesOf(line, points))],
      axes: [
        axis(x.format, x.splits ? { size: 30, space: 30, splits: (_, __, min, max) => x.splits!(min, max) } : { size: 30, space: 70, incrs: CLOCK_STEPS }),
        axis(y.format, { size: 66, space: 36 }),
      ],
      hooks: { setCursor: [(u) => onPoint(u.cursor.idx ?? null)] },
    };
  }
}

// Distances between the marks of a time axis, in seconds.
const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
