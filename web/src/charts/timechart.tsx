// timechart: measures of a run over its seconds. Made once; new seconds reach the canvas without a
// render of React.
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import type { Columns, Measure } from "../lib/columns";
import { clock } from "../lib/format";
import { Figure, type LegendHandle } from "./figure";
import { type Line, Plot } from "./plot";

export interface TimeLine extends Line {
  measure: Measure;
}

export interface TimeChartProps {
  title: string;
  hint?: string;
  lines: TimeLine[]; // constant for a chart's life
  format: (value: number) => string;
  atLeast: number;
  columns: Columns;
  subscribe?: (listener: () => void) => () => void; // called when columns have more
  lastSeconds?: number; // only so many; all when not given
  planned?: number; // the length that a live run should have; of one that is over, not given
}

// Of a run that is over, what there is. Of a live one the whole plan when it is short, else what there
// is and a little room.
function extent(columns: Columns, planned: number | undefined, lastSeconds: number | undefined): [number, number] {
  const end = Math.max(columns.last, columns.step);
  if (planned === undefined) return [0, end];
  if (lastSeconds !== undefined && end > lastSeconds) return [end - lastSeconds, end];
  return [0, planned <= 180 ? Math.max(planned, end) : Math.max(60, end)];
}

export function TimeChart(props: TimeChartProps) {
  const { columns, subscribe, lastSeconds, planned, lines, format, atLeast } = props;
  const element = useRef<HTMLDivElement>(null);
  const legend = useRef<LegendHandle>(null);

  useEffect(() => {
    const names = lines.map((line) => line.measure);
    let hovered: number | null = null;
    let data = columns.drawable(names, { from: extent(columns, planned, lastSeconds)[0] });

    const write = () => {
      const at = hovered ?? -1;
      const second = data[0][at];
      const resting = names.map((name) => (planned === undefined ? columns.greatest(name) : columns.at(name, columns.length - 1)));
      const values = second === undefined ? resting : data.slice(1).map((list) => list[at] ?? NaN);
      const place = second === undefined ? (planned === undefined ? "at most" : "") : clock(second);
      legend.current?.write(place, values.map((value) => (Number.isFinite(value) ? format(value) : "–")));
    };
    const plot = new Plot(
      element.current!,
      {
        lines,
        x: { format: clock },
        y: { format, atLeast },
        sync: "run",
        onPoint: (index) => {
          hovered = index;
          write();
        },
      },
      data,
      extent(columns, planned, lastSeconds),
    );
    write();
    const stop = subscribe?.(() => {
      const range = extent(columns, planned, lastSeconds);
      data = columns.drawable(names, { from: range[0] });
      plot.setData(data, range);
      write();
    });
    return () => {
      stop?.();
      plot.destroy();
    };
  }, [columns, subscribe, lastSeconds, planned, lines, format, atLeast]);

  return (
    <Figure title={props.title} hint={props.hint} lines={lines} legend={legend}>
      <div ref={element} />
    </Figure>
  );
}
