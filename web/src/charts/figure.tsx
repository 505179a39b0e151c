// figure: the frame around a chart: title, a hint, and a legend whose values are written straight
// into the page, since they change with every second and every move of the mouse.
import { type ReactNode, type Ref, useImperativeHandle, useRef } from "react";
import { cssColor } from "./colors";
import type { Line } from "./plot";

export interface LegendHandle {
  write: (where: string, values: string[]) => void;
}

interface FigureProps {
  title: string;
  hint?: string;
  lines: Line[];
  legend: Ref<LegendHandle>;
  children: ReactNode;
}

export function Figure({ title, hint, lines, legend, children }: FigureProps) {
  const place = useRef<HTMLSpanElement>(null);
  const cells = useRef<(HTMLElement | null)[]>([]);
  useImperativeHandle(legend, () => ({
    write(where, values) {
      if (place.current) place.current.textContent = where;
      values.forEach((value, i) => {
        const cell = cells.current[i];
        if (cell && cell.textContent !== value) cell.textContent = value;
      });
    },
  }));
  return (
    <figure className="chart" aria-label={title}>
      <figcaption>
        <h3>{title}</h3>
        {hint && <span className="hint">{hint}</span>}
        <ul className="legend">
          <li>
            <span ref={place} className="soft num" />
          </li>
          {lines.map((line, i) => (
            <li key={line.label}>
              <i style={{ background: cssColor(line.color) }} aria-hidden />
              <span className="soft">{line.label}</span>
              <b ref={(cell) => void (cells.current[i] = cell)}>–</b>
            </li>
          ))}
        </ul>
      </figcaption>
      {children}
    </figure>
  );
}
