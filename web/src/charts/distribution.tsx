// distribution: latency over percentiles. The axis is logarithmic in what lies above a percentile, so
// that 99.9 % has as much room as 90 %.
import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import { ms } from "../lib/format";
import { axisOf, marksUpTo, percentileLabel } from "../lib/percentiles";
import { Figure, type LegendHandle } from "./figure";
import { type Line, Plot } from "./plot";

const LINES: Line[] = [{ label: "latency", color: "pink", filled: true }];

export function Distribution({ points }: { points: number[][] }) {
  const element = useRef<HTMLDivElement>(null);
  const legend = useRef<LegendHandle>(null);

  useEffect(() => {
    const { percents, xs, end } = axisOf(points.map(([percent]) => percent!));
    const values = points.map(([, value]) => value!);
    const write = (index: number | null) => {
      const at = index ?? values.length - 1;
      legend.current?.write(percentileLabel(percents[at] ?? 0), [ms(values[at] ?? 0)]);
    };
    const plot = new Plot(
      element.current!,
      {
        lines: LINES,
        x: { format: (x) => marksUpTo(end).find((mark) => mark.x === x)?.label ?? "", splits: () => marksUpTo(end).map((mark) => mark.x) },
        y: { format: ms, atLeast: 0.01 },
        onPoint: write,
      },
      [xs, values],
      [0, end],
    );
    write(null);
    return () => plot.destroy();
  }, [points]);

  return (
    <Figure title="Latency by percentile" hint="how long all but the slowest waited" lines={LINES} legend={legend}>
      <div ref={element} />
    </Figure>
  );
}
