// icons: the few drawings that the dashboard uses, as strokes in the text's colour.
import type { ReactNode } from "react";

const icon = (...paths: string[]) => drawn(paths, "none");
const solid = (...paths: string[]) => drawn(paths, "currentColor");

function drawn(paths: string[], fill: string) {
  return function Icon({ size = 18 }: { size?: number }): ReactNode {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 24 24"
        fill={fill}
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden
      >
        {paths.map((d) => (
          <path key={d} d={d} />
        ))}
      </svg>
    );
  };
}

export const IconPlay = solid("M7 4.5v15l12-7.5z");
export const IconStop = solid("M6 6h12v12H6z");
export const IconPlus = icon("M12 5v14", "M5 12h14");
export const IconTrash = icon("M4 7h16", "M9 7V4h6v3", "M6 7l1 13h10l1-13", "M10 11v5", "M14 11v5");
export const IconCopy = icon("M9 9h11v11H9z", "M5 15H4V4h11v1");
export const IconUp = icon("M12 19V5", "M6 11l6-6 6 6");
export const IconDown = icon("M12 5v14", "M6 13l6 6 6-6");
export const IconChevron = icon("M6 9l6 6 6-6");
export const IconSearch = icon("M11 4a7 7 0 1 0 0 14a7 7 0 0 0 0-14", "M16 16l4.5 4.5");
export const IconDots = icon("M5 12h.01", "M12 12h.01", "M19 12h.01");
export const IconSun = icon("M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8", "M12 2v2", "M12 20v2", "M2 12h2", "M20 12h2", "M5 5l1.4 1.4", "M17.6 17.6L19 19", "M5 19l1.4-1.4", "M17.6 6.4L19 5");
export const IconMoon = icon("M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z");
export const IconCheck = icon("M5 12.5l5 5L20 7");
export const IconCross = icon("M6 6l12 12", "M18 6L6 18");
export const IconAlert = icon("M12 4L2.5 20h19z", "M12 10v4", "M12 17h.01");
export const IconInfo = icon("M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18", "M12 11v5", "M12 8h.01");
export const IconDownload = icon("M12 4v11", "M7 11l5 5 5-5", "M4 20h16");
export const IconClock = icon("M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18", "M12 7v5l3.5 2");
export const IconEdit = icon("M4 20h4L19 9l-4-4L4 16z", "M13 7l4 4");
export const IconBolt = icon("M13 3L5 14h6l-1 7 8-11h-6z");

export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="#06748d" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round">
        <path d="M5 12h13.5a3.5 3.5 0 1 0-3.3-4.7" />
        <path d="M5 17h18.5a3.8 3.8 0 1 1-3.6 5" />
        <path d="M5 22h9a2.8 2.8 0 1 1-2.6 3.8" />
      </g>
    </svg>
  );
}
