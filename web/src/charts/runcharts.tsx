// runcharts: the four charts of a run, live or over: requests, latency, errors, users.
import type { Columns } from "../lib/columns";
import { ms, short } from "../lib/format";
import { TimeChart, type TimeLine } from "./timechart";

const RATE: TimeLine[] = [{ measure: "rate", label: "requests/s", color: "blue", filled: true }];
const LATENCY: TimeLine[] = [
  { measure: "p50", label: "p50", color: "green" },
  { measure: "p90", label: "p90", color: "amber" },
  { measure: "p99", label: "p99", color: "pink" },
];
const ERRORS: TimeLine[] = [{ measure: "errors", label: "errors/s", color: "red", filled: true }];
const USERS: TimeLine[] = [
  { measure: "users", label: "users", color: "violet", filled: true },
  { measure: "connections", label: "connections", color: "blue", dashed: true },
];

interface RunChartsProps {
  columns: Columns;
  planned?: number;
  subscribe?: (listener: () => void) => () => void;
  lastSeconds?: number;
}

export function RunCharts(props: RunChartsProps) {
  return (
    <div className="chart-grid">
      <TimeChart {...props} title="Requests" hint="by second of completion" lines={RATE} format={short} atLeast={1} />
      <TimeChart {...props} title="Latency" hint="by planned second" lines={LATENCY} format={ms} atLeast={0.01} />
      <TimeChart {...props} title="Errors" lines={ERRORS} format={short} atLeast={5} />
      <TimeChart {...props} title="Users" lines={USERS} format={short} atLeast={1} />
    </div>
  );
}
