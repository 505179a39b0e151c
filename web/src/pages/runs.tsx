// runs: the list of all runs, live ones and those that are over.
import { Paper, SegmentedControl } from "@mantine/core";
import { useState } from "react";
import { PageHead } from "../components/parts";
import { RunTable } from "../components/runtable";

const FILTERS = [
  { value: "", label: "All" },
  { value: "live", label: "Live" },
  { value: "complete", label: "Complete" },
  { value: "failed", label: "Failed" },
  { value: "cancelled", label: "Cancelled" },
];

export default function RunsPage() {
  const [state, setState] = useState("");
  return (
    <>
      <PageHead title="Runs" actions={<SegmentedControl aria-label="State of runs" value={state} onChange={setState} data={FILTERS} />} />
      <Paper p={0}>
        <RunTable filter={{ state: state || undefined }} />
      </Paper>
    </>
  );
}
