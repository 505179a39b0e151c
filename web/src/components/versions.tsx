// versions: the history of a scenario: every version with its document, which can be taken back into
// the editor.
import { Accordion, Badge, Button, Group, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { scenarioVersion, scenarioVersions } from "../api/queries";
import { ago, instant } from "../lib/format";
import { Code, Problem, Waiting } from "./parts";

interface VersionsProps {
  id: string;
  current: number;
  onTake: (text: string) => void;
}

export function Versions({ id, current, onTake }: VersionsProps) {
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(scenarioVersions(id));
  const [opened, setOpened] = useState<string | null>(null);
  if (error && !data) return <Problem error={error} />;
  if (!data) return <Waiting />;
  return (
    <>
      <Accordion variant="separated" value={opened} onChange={setOpened}>
        {data.pages
          .flatMap((page) => page.items)
          .map((item) => (
            <Accordion.Item key={item.version} value={String(item.version)}>
              <Accordion.Control>
                <Group gap="sm">
                  <Text fw={600} size="sm">
                    Version {item.version}
                  </Text>
                  {item.version === current && <Badge>Latest</Badge>}
                  <Text size="sm" className="soft" title={instant(item.created_at)}>
                    {item.name} · {ago(item.created_at)}
                  </Text>
                </Group>
              </Accordion.Control>
              <Accordion.Panel>{opened === String(item.version) && <OneVersion id={id} version={item.version} onTake={onTake} />}</Accordion.Panel>
            </Accordion.Item>
          ))}
      </Accordion>
      {hasNextPage && (
        <Button variant="default" mt="md" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Show older versions
        </Button>
      )}
    </>
  );
}

function OneVersion({ id, version, onTake }: { id: string; version: number; onTake: (text: string) => void }) {
  const { data, error } = useQuery(scenarioVersion(id, version));
  if (error) return <Problem error={error} />;
  if (!data) return <Waiting />;
  return (
    <>
      <Code text={data.text} label={`Document of version ${version}`} />
      <Group mt="sm" gap="sm">
        <Button size="xs" variant="default" onClick={() => onTake(data.text)}>
          Take this text into the editor
        </Button>
        <Button size="xs" variant="default" component={Link} href={`/scenarios/new?from=${id}&version=${version}`}>
          New scenario from it
        </Button>
      </Group>
    </>
  );
}
