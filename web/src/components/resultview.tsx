// resultview: a run that is over: the verdict, its numbers, charts and details.
import { Alert, Button, List, Menu, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useLocation } from "wouter";
import { result as resultQuery, series } from "../api/queries";
import type { Result, Run } from "../api/types";
import { Distribution } from "../charts/distribution";
import { RunCharts } from "../charts/runcharts";
import { Columns } from "../lib/columns";
import { bytes, count, duration, ms, percent, plural, rate } from "../lib/format";
import { useDeleteRun, useStartRun } from "./actions";
import { Confirm } from "./confirm";
import { Errors } from "./errors";
import { IconAlert, IconCheck, IconChevron, IconDownload, IconPlay, IconTrash } from "./icons";
import { Problem, SectionTitle, Tile, Waiting } from "./parts";
import { RequestTable } from "./requesttable";
import { Events, GeneratorHealth, PhaseTable, Repeat, StatusCodes } from "./resultparts";
import { RunHead } from "./runhead";
import { Verdicts } from "./verdicts";


export function ResultView({ run }: { run: Run }) {
  const { data: result, error, refetch } = useQuery(resultQuery(run.id, false));
  return (
    <>
      <RunHead run={run} actions={<ResultActions run={run} />} />
      {error && <Problem error={error} retry={() => void refetch()} />}
      {!error && !result && <Waiting />}
      {result && (
        <Stack gap="xl">
          <Verdict run={run} result={result} />
          {thresholds(result).length > 0 && <Verdicts verdicts={thresholds(result)} />}
          <Headline result={result} />
          {result.requests > 0 && <Timeline run={run} />}
          {result.requests > 0 && <RequestTable result={result} />}
          {result.errors > 0 && <Errors result={result} />}
          {result.requests > 0 && (
            <div className="chart-grid">
              <Distribution points={result.latency_distribution_ms} />
              <PhaseTable result={result} />
            </div>
          )}
          <div className="chart-grid">
            <GeneratorHealth result={result} />
            <StatusCodes result={result} />
          </div>
          <div className="chart-grid">
            <Repeat run={run} />
            <Events run={run} />
          </div>
        </Stack>
      )}
    </>
  );
}

function ResultActions({ run }: { run: Run }) {
  const start = useStartRun();
  const remove = useDeleteRun(run.id);
  const [, navigate] = useLocation();
  const [asking, ask] = useDisclosure(false);
  const file = (format: string) => `/api/v1/runs/${run.id}/export?format=${format}`;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconDownload size={16} />} rightSection={<IconChevron size={14} />}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component="a" href={file("json")} download>
            JSON: the whole result
          </Menu.Item>
          <Menu.Item component="a" href={file("csv")} download>
            CSV: each second of each request
          </Menu.Item>
          <Menu.Item component="a" href={file("hlog")} download>
            hlog: HdrHistogram log
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={ask.open}>
            Delete this run…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Button leftSection={<IconPlay size={16} />} loading={start.isPending} onClick={() => start.mutate({ scenario_id: run.scenario_id, version: run.scenario_version })}>
        Run again
      </Button>
      <Confirm
        opened={asking}
        title="Delete this run?"
        text="Its result is deleted for good. The scenario stays."
        action="Delete"
        busy={remove.isPending}
        error={remove.error}
        onConfirm={() => remove.mutate(undefined, { onSuccess: () => navigate("/runs") })}
        onClose={ask.close}
      />
    </>
  );
}

// Results of before there were any have none.
function thresholds(result: Result) {
  return result.thresholds ?? [];
}

// First what the generator has to confess, then whether it passed.
function Verdict({ run, result }: { run: Run; result: Result }) {
  const failed = run.state !== "complete" || result.passed === false;
  const asked = thresholds(result);
  const broken = asked.filter((verdict) => !verdict.passed).length;
  const share = percent(result.errors / Math.max(1, result.requests));
  const title =
    result.requests === 0
      ? "No request was finished"
      : broken > 0
        ? `${broken} of ${plural(asked.length, "threshold")} ${broken === 1 ? "was" : "were"} not met`
        : asked.length > 0 && !failed
          ? `Passed: ${asked.length === 1 ? "its threshold is" : `all ${asked.length} thresholds are`} met`
          : result.errors > 0
        ? `${count(result.errors)} of ${count(result.requests)} requests failed (${share})`
        : failed
          ? `No request failed, but the run did not end as planned`
          : `Passed: all ${count(result.requests)} requests were answered as expected`;
  return (
    <Stack gap="sm">
      <Alert color={failed ? (run.state === "failed" ? "red" : "orange") : "teal"} icon={failed ? <IconAlert /> : <IconCheck />} title={title} data-testid="verdict" />
      {result.notes.length > 0 && (
        <Alert color="yellow" icon={<IconAlert />} title="How far to trust these numbers">
          <List size="sm" spacing={4}>
            {result.notes.map((note) => (
              <List.Item key={note}>{note}</List.Item>
            ))}
          </List>
        </Alert>
      )}
    </Stack>
  );
}

function Headline({ result }: { result: Result }) {
  const l = result.latency_ms;
  const known = l.count > 0;
  return (
    <dl className="tiles" aria-label="Summary">
      <Tile label="Requests" value={count(result.requests)} note={`in ${duration(result.duration_s)}`} />
      <Tile label="Rate" value={`${rate(result.rate_per_s)} /s`} note={`${bytes(result.bytes_in)} received`} />
      <Tile label="Median" value={known ? ms(l.p50) : "–"} note={known ? `mean ${ms(l.mean)}` : undefined} />
      <Tile label="90th percentile" value={known ? ms(l.p90) : "–"} note={known ? `p95 ${ms(l.p95)}` : undefined} />
      <Tile label="99th percentile" value={known ? ms(l.p99) : "–"} note={known ? `p99.9 ${ms(l.p999)}` : undefined} />
      <Tile label="Slowest" value={known ? ms(l.max) : "–"} note={known ? `fastest ${ms(l.min)}` : undefined} />
      <Tile label="Errors" value={count(result.errors)} note={percent(result.errors / Math.max(1, result.requests))} bad={result.errors > 0} />
    </dl>
  );
}

function Timeline({ run }: { run: Run }) {
  const { data, error } = useQuery(series(run.id));
  const columns = useMemo(() => {
    if (!data) return undefined;
    const filled = new Columns(data.step_s);
    for (const point of data.points) filled.put(point);
    return filled;
  }, [data]);
  return (
    <div>
      <SectionTitle
        right={
          data && data.step_s > 1 ? (
            <Text size="xs" className="soft">
              A point is {duration(data.step_s)}
            </Text>
          ) : undefined
        }
      >
        Over time
      </SectionTitle>
      {error && <Problem error={error} />}
      {columns && columns.length > 0 && <RunCharts columns={columns} />}
    </div>
  );
}
