// resultparts: the details of a result: phases, status codes, the generator's health, what happened,
// how to do it again.
import { Badge, Group, List, Paper, Progress, SimpleGrid, Stack, Table, Text, Timeline } from "@mantine/core";
import type { Phases, Result, Run } from "../api/types";
import { count, instant, ms, percent, plural } from "../lib/format";
import { RUN_STATES, statusReason } from "../lib/words";
import { Code, SectionTitle } from "./parts";

const PHASES: [keyof Phases, string][] = [
  ["dns", "Name resolution"],
  ["connect", "Connect"],
  ["tls", "TLS handshake"],
  ["send", "Send"],
  ["wait", "Wait for the first byte"],
  ["receive", "Receive"],
];

export function PhaseTable({ result }: { result: Result }) {
  const phases = PHASES.filter(([key]) => result.phases_ms[key].count > 0);
  return (
    <Paper>
      <SectionTitle>Where the time went</SectionTitle>
      <Table.ScrollContainer type="native" minWidth={440}>
        <Table className="rows" verticalSpacing={6} horizontalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Phase</Table.Th>
              <Table.Th className="num">Count</Table.Th>
              <Table.Th className="num">Mean</Table.Th>
              <Table.Th className="num">p50</Table.Th>
              <Table.Th className="num">p99</Table.Th>
              <Table.Th className="num">Slowest</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {phases.map(([key, label]) => {
              const s = result.phases_ms[key];
              return (
                <Table.Tr key={key}>
                  <Table.Td>{label}</Table.Td>
                  <Table.Td className="num">{count(s.count)}</Table.Td>
                  {[s.mean, s.p50, s.p99, s.max].map((value, i) => (
                    <Table.Td key={i} className="num">
                      {value > 0 ? ms(value) : "< 1 µs"}
                    </Table.Td>
                  ))}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="xs" className="soft" mt="sm">
        Name resolution, connect and TLS handshake are of new connections only.
      </Text>
    </Paper>
  );
}

function statusColor(code: string): string {
  return { "2": "teal", "3": "blue", "4": "orange", "5": "red" }[code[0]!] ?? "gray";
}

export function StatusCodes({ result }: { result: Result }) {
  const codes = Object.entries(result.status).sort((a, b) => b[1] - a[1]);
  const all = codes.reduce((sum, [, n]) => sum + n, 0);
  return (
    <Paper>
      <SectionTitle>Status codes</SectionTitle>
      {codes.length === 0 && (
        <Text size="sm" className="soft">
          No answer with a status was received.
        </Text>
      )}
      <Stack gap="xs">
        {codes.map(([code, n]) => (
          <div key={code}>
            <SimpleGrid cols={2} mb={4}>
              <Text size="sm">
                <b>{code}</b> <span className="soft">{statusReason(code)}</span>
              </Text>
              <Text size="sm" className="num" ta="right">
                {count(n)} <span className="soft">({percent(n / all)})</span>
              </Text>
            </SimpleGrid>
            <Progress value={(n / all) * 100} color={statusColor(code)} size="sm" aria-label={`Share of status ${code}`} />
          </div>
        ))}
      </Stack>
    </Paper>
  );
}

export function GeneratorHealth({ result }: { result: Result }) {
  const g = result.generator;
  const lag = g.send_lag_ms;
  const facts = [
    `${plural(g.workers, "worker")} used ${percent(g.cpu_fraction)} of a core on average, ${percent(g.cpu_max)} at most.`,
    lag.count > 0 ? `Requests left ${ms(lag.p50)} after their planned instant in the median, ${ms(lag.p99)} at the 99th percentile.` : null,
    g.late > 0 ? `${plural(g.late, "arrival")} had to wait for a free user.` : null,
    g.dropped > 0 ? `${plural(g.dropped, "arrival")} were given up.` : null,
    g.unfinished > 0 ? `${plural(g.unfinished, "request")} were still in flight at the end.` : null,
  ].filter((fact) => fact !== null);
  return (
    <Paper>
      <SectionTitle right={<Badge color={result.notes.length > 0 ? "yellow" : "teal"} tt="none" children={result.notes.length > 0 ? "See the notes above" : "Healthy"} />}>Load generator</SectionTitle>
      <Text size="sm" mb="xs">
        {result.notes.length > 0 ? "Something besides the target had a part in these numbers." : "It kept its schedule: the numbers are the target’s."}
      </Text>
      <List size="sm" spacing={4} className="soft">
        {facts.map((fact) => (
          <List.Item key={fact}>{fact}</List.Item>
        ))}
      </List>
    </Paper>
  );
}

export function Events({ run }: { run: Run }) {
  return (
    <Paper>
      <SectionTitle>What happened</SectionTitle>
      <Timeline bulletSize={12} lineWidth={2} active={run.events.length - 1}>
        {run.events.map((event, i) => (
          <Timeline.Item
            key={i}
            title={
              <Group justify="space-between" gap="xs">
                <Text size="sm">{event.from === event.to ? "Note" : RUN_STATES[event.to]}</Text>
                <Text size="xs" className="soft num">
                  {instant(event.at)}
                </Text>
              </Group>
            }
          >
            {event.reason && <Text size="sm">{event.reason}</Text>}
          </Timeline.Item>
        ))}
      </Timeline>
    </Paper>
  );
}

export function Repeat({ run }: { run: Run }) {
  const origin = location.origin;
  const body = JSON.stringify({ scenario_id: run.scenario_id, version: run.scenario_version });
  const curl = `curl -s ${origin}/api/v1/runs \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
  const terminal = `curl -s ${origin}/api/v1/scenarios/${run.scenario_id}/versions/${run.scenario_version} |\n  jq .document > scenario.json\nsqualld run scenario.json`;
  return (
    <Paper>
      <SectionTitle>Do it again</SectionTitle>
      <Text size="sm" mb={6}>
        On this daemon, with curl:
      </Text>
      <Code text={curl} label="Start the run with curl" />
      <Text size="sm" mt="md" mb={6}>
        In a terminal, without the daemon:
      </Text>
      <Code text={terminal} label="Run it in a terminal" />
      <Text size="sm" mt="md" mb={6}>
        This result:
      </Text>
      <Code text={`curl -s ${origin}/api/v1/runs/${run.id}/result | jq .`} label="Get the result with curl" />
    </Paper>
  );
}
