// errors: what failed in a run, by kind, each with an example in full.
import { Accordion, Badge, Group, Paper, SimpleGrid, Text } from "@mantine/core";
import type { Result, Sample } from "../api/types";
import { count, digits, ms, percent } from "../lib/format";
import { errorKind } from "../lib/words";
import { Code, SectionTitle } from "./parts";

const EXAMPLES = 3; // that differ

export function Errors({ result }: { result: Result }) {
  const kinds = Object.entries(result.error_kinds).sort((a, b) => b[1] - a[1]);
  return (
    <div>
      <SectionTitle>Errors</SectionTitle>
      <Paper p={0}>
        <Accordion variant="default" chevronPosition="left">
          {kinds.map(([kind, n]) => (
            <Accordion.Item key={kind} value={kind}>
              <Accordion.Control>
                <Group justify="space-between" wrap="nowrap" pr="sm">
                  <div>
                    <Text size="sm" fw={600}>
                      {errorKind(kind)}
                    </Text>
                    <Text size="xs" className="soft" lineClamp={1}>
                      {samplesOf(result, kind)[0]?.detail ?? kind}
                    </Text>
                  </div>
                  <Text size="sm" className="num" c="red">
                    {count(n)} <span className="soft">({percent(n / Math.max(1, result.requests))})</span>
                  </Text>
                </Group>
              </Accordion.Control>
              <Accordion.Panel>
                <Examples samples={samplesOf(result, kind)} />
              </Accordion.Panel>
            </Accordion.Item>
          ))}
        </Accordion>
      </Paper>
    </div>
  );
}

function samplesOf(result: Result, kind: string): Sample[] {
  return result.samples.filter((sample) => sample.kind === kind);
}

function Examples({ samples }: { samples: Sample[] }) {
  if (samples.length === 0) {
    return (
      <Text size="sm" className="soft">
        No example of it was kept.
      </Text>
    );
  }
  const kinds = new Map(samples.map((sample) => [`${sample.request} ${sample.detail}`, sample]));
  return [...kinds.values()].slice(0, EXAMPLES).map((sample, i) => (
    <div key={i} style={{ marginBottom: 16 }}>
      <Group gap="xs" mb={6}>
        <Badge color="gray" tt="none">
          {sample.request}
        </Badge>
        <Text size="sm">
          {sample.detail}, {digits(sample.at_s)} s into the run, after {ms(sample.elapsed_ms)}
        </Text>
      </Group>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="sm">
        <Code text={sample.request_text || "Nothing was sent."} label="Request" wrap />
        <Code text={sample.response_text || "Nothing was received."} label="Answer" wrap />
      </SimpleGrid>
    </div>
  ));
}
