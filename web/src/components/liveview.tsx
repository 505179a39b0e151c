// liveview: a run while it lasts: progress, the last second in numbers, charts that grow, the result
// so far, and the way to stop it.
import { Alert, Button, Group, Progress, SegmentedControl, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { LiveRun, type LinkState } from "../api/live";
import { result } from "../api/queries";
import type { Run } from "../api/types";
import { RunCharts } from "../charts/runcharts";
import { clock, count, duration, ms, percent, rate } from "../lib/format";
import { RUN_STATES } from "../lib/words";
import { useStopRun } from "./actions";
import { Confirm } from "./confirm";
import { Errors } from "./errors";
import { IconAlert, IconStop } from "./icons";
import { SectionTitle, Tile } from "./parts";
import { RequestTable } from "./requesttable";
import { RunHead } from "./runhead";

const WINDOWS = [
  { value: "all", label: "Whole run" },
  { value: "600", label: "10 min" },
  { value: "60", label: "1 min" },
];

function useLive(id: string, onRun: (run: Run) => void): [LiveRun | null, LinkState] {
  const [live, setLive] = useState<LiveRun | null>(null);
  const [link, setLink] = useState<LinkState>("connecting");
  useEffect(() => {
    const watched = new LiveRun(id, { run: onRun, link: setLink });
    setLive(watched);
    return () => watched.close();
  }, [id, onRun]);
  return [live, link];
}

export function LiveView({ run, onRun }: { run: Run; onRun: (run: Run) => void }) {
  const [live, link] = useLive(run.id, onRun);
  const [span, setSpan] = useState("all");
  const [asking, setAsking] = useState(false);
  const stop = useStopRun(run.id);
  const stopping = run.state === "collecting" || stop.isSuccess;
  const { data: soFar } = useQuery({ ...result(run.id, true), enabled: run.started_at !== null });
  const subscribe = useCallback((listener: () => void) => live?.onSeconds(listener) ?? (() => {}), [live]);
  return (
    <>
      <RunHead
        run={run}
        actions={
          <Button color="red" variant="light" leftSection={<IconStop size={16} />} loading={stop.isPending} disabled={stopping} onClick={() => setAsking(true)}>
            {stopping ? "Stopping" : "Stop"}
          </Button>
        }
      />
      <Confirm
        opened={asking}
        title="Stop this run?"
        text="Requests in flight are waited for, and the results so far are kept."
        action="Stop the run"
        busy={stop.isPending}
        error={null}
        onConfirm={() => stop.mutate(undefined, { onSettled: () => setAsking(false) })}
        onClose={() => setAsking(false)}
      />
      {link === "broken" && (
        <Alert color="orange" icon={<IconAlert />} mb="md" title="The live stream is interrupted">
          The run goes on; this page comes back to it by itself.
        </Alert>
      )}
      <Stack gap="lg">
        <RunProgress run={run} />
        {live && <Now live={live} />}
        <div>
          <SectionTitle right={<SegmentedControl size="xs" aria-label="Stretch of time in the charts" value={span} onChange={setSpan} data={WINDOWS} />}>Live</SectionTitle>
          {live && <RunCharts columns={live.columns} planned={run.planned_duration_s} subscribe={subscribe} lastSeconds={span === "all" ? undefined : Number(span)} />}
        </div>
        {soFar && soFar.requests > 0 && (
          <>
            <RequestTable result={soFar} title="Requests so far" />
            {soFar.errors > 0 && <Errors result={soFar} />}
          </>
        )}
      </Stack>
    </>
  );
}

function RunProgress({ run }: { run: Run }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const elapsed = run.started_at ? (now - new Date(run.started_at).getTime()) / 1000 : 0;
  const planned = run.planned_duration_s;
  const going = run.state === "running" && elapsed >= 0;
  const done = run.state === "collecting" ? 100 : going ? Math.min(100, (elapsed / Math.max(planned, 0.001)) * 100) : 0;
  return (
    <div>
      <Group justify="space-between" mb={6}>
        <Text size="sm" fw={600}>
          {RUN_STATES[run.state]}
        </Text>
        <Text size="sm" className="soft num">
          {going ? `${clock(Math.min(elapsed, planned))} of ${clock(planned)}` : duration(planned)}
        </Text>
      </Group>
      <Progress value={done} aria-label="Progress of the run" animated={run.state === "collecting"} />
    </div>
  );
}

function Now({ live }: { live: LiveRun }) {
  const subscribe = useCallback((listener: () => void) => live.onSeconds(listener), [live]);
  const second = useSyncExternalStore(subscribe, () => live.latest);
  const latency = second?.latency_ms;
  const known = latency !== undefined && latency.count > 0;
  return (
    <dl className="tiles" aria-label="The last second">
      <Tile label="Requests" value={second ? `${rate(second.requests)} /s` : "–"} note="in the last second" />
      <Tile label="Median" value={known ? ms(latency.p50) : "–"} />
      <Tile label="90th percentile" value={known ? ms(latency.p90) : "–"} />
      <Tile label="99th percentile" value={known ? ms(latency.p99) : "–"} />
      <Tile label="Errors" value={second ? `${rate(second.errors)} /s` : "–"} note={second && second.errors > 0 ? percent(second.errors / Math.max(1, second.requests)) : undefined} bad={second !== undefined && second.errors > 0} />
      <Tile label="Users" value={second ? count(second.users) : "–"} note={second ? `${count(second.connections)} connections` : undefined} />
    </dl>
  );
}
