// runtable: runs in a table, of one scenario or of all, page by page.
import { Button, Table, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { runList } from "../api/queries";
import type { RunItem } from "../api/types";
import { ago, count, duration, instant, ms, percent, rate } from "../lib/format";
import { Empty, Problem, RunStateBadge, Waiting } from "./parts";

export function RunTable({ filter }: { filter: { scenario?: string; state?: string } }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(runList(filter));
  if (error && !data) return <Problem error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  const runs = data.pages.flatMap((page) => page.items);
  if (runs.length === 0) return <Empty title={filter.state ? "No such run" : "No run yet"}>{filter.state ? "None is in this state." : "Start a scenario, and its runs are listed here."}</Empty>;
  const named = filter.scenario === undefined;
  return (
    <>
      <Table.ScrollContainer type="native" minWidth={860}>
        <Table className="rows">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Run</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th className="num">Requests</Table.Th>
              <Table.Th className="num">Rate</Table.Th>
              <Table.Th className="num">Median</Table.Th>
              <Table.Th className="num">p99</Table.Th>
              <Table.Th className="num">Errors</Table.Th>
              <Table.Th className="num">Length</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {runs.map((run) => (
              <RunRow key={run.id} run={run} named={named} />
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {hasNextPage && (
        <Button variant="default" mt="md" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}

function RunRow({ run, named }: { run: RunItem; named: boolean }) {
  const s = run.summary;
  return (
    <Table.Tr>
      <Table.Td>
        <Text component={Link} href={`/runs/${run.id}`} fw={600} size="sm" className="plain">
          {named ? run.scenario_name : `Version ${run.scenario_version}`}
        </Text>
        <Text size="xs" className="soft">
          <span title={instant(run.created_at)}>{ago(run.created_at)}</span>
          {named && ` · version ${run.scenario_version}`}
          {run.note && ` · ${run.note}`}
        </Text>
      </Table.Td>
      <Table.Td>
        <RunStateBadge run={run} />
      </Table.Td>
      <Table.Td className="num">{s ? count(s.requests) : "–"}</Table.Td>
      <Table.Td className="num">{s ? `${rate(s.rate_per_s)} /s` : "–"}</Table.Td>
      <Table.Td className="num">{s ? ms(s.p50) : "–"}</Table.Td>
      <Table.Td className="num">{s ? ms(s.p99) : "–"}</Table.Td>
      <Table.Td className="num">
        <Text span size="sm" c={s && s.errors > 0 ? "red" : undefined}>
          {s ? (s.errors > 0 ? `${count(s.errors)} (${percent(s.errors / Math.max(1, s.requests))})` : "0") : "–"}
        </Text>
      </Table.Td>
      <Table.Td className="num">{duration(s?.duration_s ?? run.planned_duration_s)}</Table.Td>
    </Table.Tr>
  );
}
