// verdicts: a run's thresholds, each with what was measured.
import { Badge, Paper, Table } from "@mantine/core";
import type { Verdict } from "../api/types";
import { clock, count, ms, percent, rate } from "../lib/format";
import { SectionTitle } from "./parts";

export function Verdicts({ verdicts }: { verdicts: Verdict[] }) {
  return (
    <Paper>
      <SectionTitle>Thresholds</SectionTitle>
      <Table.ScrollContainer type="native" minWidth={440}>
        <Table className="rows" verticalSpacing={6} horizontalSpacing="xs" aria-label="Thresholds">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Verdict</Table.Th>
              <Table.Th>Threshold</Table.Th>
              <Table.Th className="num">Measured</Table.Th>
              <Table.Th className="num">Limit</Table.Th>
              <Table.Th className="num">First broken at</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {verdicts.map((verdict, i) => (
              <Table.Tr key={i}>
                <Table.Td>
                  <Badge color={verdict.passed ? "teal" : "orange"} variant="light" tt="none" miw="max-content">
                    {verdict.passed === null ? "Open" : verdict.passed ? "Met" : verdict.aborted ? "Ended the run" : "Broken"}
                  </Badge>
                </Table.Td>
                <Table.Td>{verdict.text}</Table.Td>
                <Table.Td className="num">{verdict.value === null ? "nothing" : inUnit(verdict.value, verdict.unit)}</Table.Td>
                <Table.Td className="num">{inUnit(verdict.limit, verdict.unit)}</Table.Td>
                <Table.Td className="num">{verdict.first_broken_s === null ? "–" : clock(verdict.first_broken_s)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function inUnit(value: number, unit: Verdict["unit"]): string {
  switch (unit) {
    case "ms":
      return ms(value);
    case "%":
      return percent(value / 100);
    case "/s":
      return `${rate(value)} /s`;
    default:
      return count(value);
  }
}
