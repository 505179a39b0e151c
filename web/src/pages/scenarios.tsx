// scenarios: the list of scenarios with how each ran last; for a new user, how to begin.
import { ActionIcon, Badge, Button, Group, Paper, Stack, Table, Text, TextInput, Title, Tooltip, VisuallyHidden } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { scenarioList } from "../api/queries";
import type { ScenarioItem } from "../api/types";
import { useStartRun } from "../components/actions";
import { IconBolt, IconCross, IconPlay, IconPlus, IconSearch } from "../components/icons";
import { Code, Empty, PageHead, Problem, RunStateBadge, Waiting } from "../components/parts";
import { QuickStart } from "../components/quickstart";
import { ScenarioMenu } from "../components/scenariomenu";
import { ago, instant, ms, percent, rate } from "../lib/format";

export default function ScenariosPage() {
  const [typed, setTyped] = useState("");
  const [tag, setTag] = useState<string>();
  const [quick, setQuick] = useState(false);
  const [search] = useDebouncedValue(typed.trim(), 200);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(scenarioList(search, tag));
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const none = data !== undefined && items.length === 0 && search === "" && tag === undefined;

  if (none) return <FirstTime />;
  return (
    <>
      <PageHead
        title="Scenarios"
        actions={
          <>
            <Button variant="default" leftSection={<IconBolt size={16} />} aria-expanded={quick} onClick={() => setQuick(!quick)}>
              Test a URL
            </Button>
            <Button leftSection={<IconPlus size={16} />} component={Link} href="/scenarios/new">
              New scenario
            </Button>
          </>
        }
      />
      {quick && (
        <Paper mb="lg">
          <QuickStart />
        </Paper>
      )}
      <Group mb="md" gap="sm">
        <TextInput
          type="search"
          aria-label="Search scenarios"
          placeholder="Search by name or description"
          leftSection={<IconSearch size={16} />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          style={{ flex: "1 1 260px", maxWidth: 420 }}
        />
        {tag !== undefined && (
          <Badge size="lg" tt="none" rightSection={<ActionIcon size={16} variant="transparent" aria-label={`Show other tags than ${tag}, too`} onClick={() => setTag(undefined)} children={<IconCross size={12} />} />}>
            {tag}
          </Badge>
        )}
      </Group>
      {error && !data && <Problem error={error} retry={() => void refetch()} />}
      {!error && !data && <Waiting />}
      {data && items.length === 0 && <Empty title="Nothing found">No scenario has this in its name or description.</Empty>}
      {items.length > 0 && (
        <Paper p={0}>
          <Table.ScrollContainer type="native" minWidth={900}>
            <ScenarioTable items={items} onTag={setTag} />
          </Table.ScrollContainer>
        </Paper>
      )}
      {hasNextPage && (
        <Button variant="default" mt="md" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show more
        </Button>
      )}
    </>
  );
}

function ScenarioTable({ items, onTag }: { items: ScenarioItem[]; onTag: (tag: string) => void }) {
  return (
    <Table className="rows">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Scenario</Table.Th>
          <Table.Th>Last run</Table.Th>
          <Table.Th className="num">Rate</Table.Th>
          <Table.Th className="num">Median</Table.Th>
          <Table.Th className="num">p99</Table.Th>
          <Table.Th className="num">Errors</Table.Th>
          <Table.Th className="num">Runs</Table.Th>
          <Table.Th>
            <VisuallyHidden>Actions</VisuallyHidden>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((item) => (
          <ScenarioRow key={item.id} item={item} onTag={onTag} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function ScenarioRow({ item, onTag }: { item: ScenarioItem; onTag: (tag: string) => void }) {
  const start = useStartRun();
  const last = item.last_run;
  const s = last?.summary;
  return (
    <Table.Tr opacity={item.deleting ? 0.5 : 1}>
      <Table.Td maw={420}>
        <Group gap={8}>
          <Text component={Link} href={`/scenarios/${item.id}`} fw={600} size="sm" className="plain">
            {item.name}
          </Text>
          {item.deleting && <Badge color="orange">Being deleted</Badge>}
          {item.tags.map((tag) => (
            <Badge key={tag} component="button" color="gray" size="sm" tt="none" style={{ cursor: "pointer" }} onClick={() => onTag(tag)} title={`Only scenarios tagged ${tag}`}>
              {tag}
            </Badge>
          ))}
        </Group>
        <Text size="xs" className="soft" lineClamp={2}>
          {item.description || (
            <span title={instant(item.updated_at)}>
              version {item.version}, changed {ago(item.updated_at)}
            </span>
          )}
        </Text>
      </Table.Td>
      <Table.Td>
        {last ? (
          <Stack gap={2} align="flex-start">
            <Link href={`/runs/${last.id}`} className="plain" aria-label={`Last run of ${item.name}`}>
              <RunStateBadge run={last} />
            </Link>
            <Text size="xs" className="soft" title={instant(last.created_at)}>
              {ago(last.created_at)}
            </Text>
          </Stack>
        ) : (
          <Text size="sm" className="soft">
            never
          </Text>
        )}
      </Table.Td>
      <Table.Td className="num">{s ? `${rate(s.rate_per_s)} /s` : "–"}</Table.Td>
      <Table.Td className="num">{s ? ms(s.p50) : "–"}</Table.Td>
      <Table.Td className="num">{s ? ms(s.p99) : "–"}</Table.Td>
      <Table.Td className="num">
        <Text span size="sm" c={s && s.errors > 0 ? "red" : undefined}>
          {s ? percent(s.errors / Math.max(1, s.requests)) : "–"}
        </Text>
      </Table.Td>
      <Table.Td className="num">{item.runs}</Table.Td>
      <Table.Td>
        <Group gap={4} wrap="nowrap" justify="flex-end">
          <Tooltip label="Start">
            <ActionIcon variant="light" size={36} aria-label={`Start ${item.name}`} disabled={item.deleting} loading={start.isPending} onClick={() => start.mutate({ scenario_id: item.id })}>
              <IconPlay size={16} />
            </ActionIcon>
          </Tooltip>
          <ScenarioMenu item={item} subtle />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

function FirstTime() {
  const command = `curl -s ${location.origin}/api/v1/scenarios -H 'Content-Type: application/json' -d @scenario.json`;
  return (
    <Stack gap="xl" maw={980} mx="auto" pt="md">
      <div>
        <PageHead title="Test your first URL" below="Say what to test and how much; the live charts open at once, and the result stays here." />
        <Paper p="xl" shadow="sm">
          <QuickStart />
        </Paper>
      </div>
      <Stack gap="sm">
        <Title order={2} size="h4">
          More than one URL?
        </Title>
        <Text size="sm" className="soft">
          A scenario is a list of requests and pauses under a load. Write one in the form, with every mistake explained beside its field, or as JSON, which
          the terminal and the API take as well.
        </Text>
        <Group>
          <Button variant="default" leftSection={<IconPlus size={16} />} component={Link} href="/scenarios/new">
            New scenario
          </Button>
        </Group>
        <Text size="sm" className="soft" mt="sm">
          Or write it in a file and send it:
        </Text>
        <Code text={command} label="Create a scenario with curl" />
      </Stack>
    </Stack>
  );
}
