// thresholds: the form's list of thresholds: a text each. What an object says beside its text is
// told below the field and changed in the JSON view.
import { ActionIcon, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { appendItem, removeAt } from "../../lib/document";
import { isRecord, pointerOf } from "../../lib/pointer";
import type { Problems } from "../../lib/problems";
import { IconPlus, IconTrash } from "../icons";
import { DocField, type EditFn, type Tools } from "./field";

const PATH = ["thresholds"];
const FIRST = ["error rate < 1 %", "latency p95 < 500ms"]; // what a new one begins as

interface ThresholdsProps {
  value: unknown; // of "thresholds"
  problems: Problems;
  edit: EditFn;
  tools: Tools;
}

export function Thresholds({ value, problems, edit, tools }: ThresholdsProps) {
  if (value !== undefined && !Array.isArray(value)) {
    return <TextInput aria-label="Thresholds" data-pointer={pointerOf(PATH)} value={JSON.stringify(value)} readOnly error={problems.within(PATH)} />;
  }
  const list: unknown[] = value ?? [];
  const remove = (i: number) => tools.change((document) => removeAt(document, list.length === 1 ? PATH : [...PATH, i]));
  return (
    <Stack gap="xs" role="group" aria-label="Thresholds" data-pointer={pointerOf(PATH)}>
      <Text size="xs" className="soft">
        {list.length === 0
          ? "Without any, a run has passed when no request failed."
          : "A run has passed when all of them are met: latency p95 < 300ms, error rate < 1 %, rate > 500/s, wait p99 < 50ms for \"order\"."}
      </Text>
      {list.map((item, i) => (
        <Group key={i} gap="xs" wrap="nowrap" align="flex-start">
          <DocField
            path={isRecord(item) ? [...PATH, i, "that"] : [...PATH, i]}
            value={isRecord(item) ? item.that : item}
            problems={problems}
            edit={edit}
            required
            withAsterisk={false}
            aria-label={`Threshold ${i + 1}`}
            placeholder="latency p95 < 300ms"
            description={isRecord(item) ? othersOf(item) : undefined}
            inputWrapperOrder={["input", "description", "error"]}
            style={{ flex: "1 1 auto" }}
          />
          <ActionIcon variant="subtle" color="gray" size={36} aria-label={`Remove threshold ${i + 1}`} onClick={() => remove(i)}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      {problems.at(PATH) && (
        <Text size="xs" c="red">
          {problems.at(PATH)}
        </Text>
      )}
      <Button
        variant="default"
        size="xs"
        leftSection={<IconPlus size={14} />}
        onClick={() => tools.change((document) => appendItem(document, PATH, FIRST[Math.min(list.length, FIRST.length - 1)]))}
        style={{ alignSelf: "flex-start" }}
      >
        Add a threshold
      </Button>
    </Stack>
  );
}

function othersOf(item: Record<string, unknown>): string | undefined {
  const others = Object.entries(item).filter(([key]) => key !== "that");
  return others.length === 0 ? undefined : `${others.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(", ")} (in the JSON view)`;
}
