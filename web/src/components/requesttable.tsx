// requesttable: a result's numbers by request name, and of all together.
import { Paper, Table, Text } from "@mantine/core";
import type { Result, Totals } from "../api/types";
import { bytes, count, ms, percent, rate } from "../lib/format";
import { SectionTitle } from "./parts";

export function RequestTable({ result, title = "Requests" }: { result: Result; title?: string }) {
  const rows = Object.entries(result.by_request);
  return (
    <div>
      <SectionTitle>{title}</SectionTitle>
      <Paper p={0}>
        <Table.ScrollContainer type="native" minWidth={960}>
          <Table className="rows">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th className="num">Requests</Table.Th>
                <Table.Th className="num">Rate</Table.Th>
                <Table.Th className="num">Errors</Table.Th>
                <Table.Th className="num">Mean</Table.Th>
                <Table.Th className="num">p50</Table.Th>
                <Table.Th className="num">p90</Table.Th>
                <Table.Th className="num">p99</Table.Th>
                <Table.Th className="num">p99.9</Table.Th>
                <Table.Th className="num">Slowest</Table.Th>
                <Table.Th className="num">Received</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(([name, totals]) => (
                <Row key={name} name={name} totals={totals} />
              ))}
            </Table.Tbody>
            {rows.length !== 1 && (
              <Table.Tfoot>
                <Row name="All together" totals={result} strong />
              </Table.Tfoot>
            )}
          </Table>
        </Table.ScrollContainer>
      </Paper>
    </div>
  );
}

function Row({ name, totals, strong = false }: { name: string; totals: Totals; strong?: boolean }) {
  const l = totals.latency_ms;
  const failed = totals.errors > 0;
  return (
    <Table.Tr fw={strong ? 650 : undefined}>
      <Table.Td>{name}</Table.Td>
      <Table.Td className="num">{count(totals.requests)}</Table.Td>
      <Table.Td className="num">{rate(totals.rate_per_s)} /s</Table.Td>
      <Table.Td className="num">
        <Text span inherit c={failed ? "red" : undefined}>
          {failed ? `${count(totals.errors)} (${percent(totals.errors / Math.max(1, totals.requests))})` : "0"}
        </Text>
      </Table.Td>
      {[l.mean, l.p50, l.p90, l.p99, l.p999, l.max].map((value, i) => (
        <Table.Td key={i} className="num">
          {l.count > 0 ? ms(value) : "–"}
        </Table.Td>
      ))}
      <Table.Td className="num">{bytes(totals.bytes_in)}</Table.Td>
    </Table.Tr>
  );
}
