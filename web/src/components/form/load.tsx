// load: the form's part about how much load there is, and for how long; with a drawing of it.
import { ActionIcon, Button, Group, SegmentedControl, SimpleGrid, Stack, Text } from "@mantine/core";
import type { PlanSummary } from "../../api/types";
import { kindOf, stagesOf, withKind, withoutStages, withStages, type LoadKindKey } from "../../lib/load";
import { getIn, type Path, pointerOf } from "../../lib/pointer";
import type { Problems } from "../../lib/problems";
import { IconPlus, IconTrash } from "../icons";
import { DocField, type EditFn, memoField } from "./field";
import { LoadShape } from "./loadshape";

interface LoadProps {
  path: Path;
  load: unknown;
  problems: Problems;
  edit: EditFn;
  plan: PlanSummary["flows"][number] | undefined;
}

const EXPLAIN: Record<LoadKindKey, string> = {
  users: "So many users go through the steps over and over. A slow target slows them down.",
  rate: "So many users arrive each second, whatever the target does, and go through the steps once.",
};

export const Load = memoField(function Load({ path, load, problems, edit, plan }: LoadProps) {
  const kind = kindOf(load);
  const stages = stagesOf(load);
  const field = (key: string) => ({ path: [...path, key], value: getIn(load, [key]), problems, edit });
  const level = kind === "users" ? "Users" : "Arrivals per second";
  return (
    <Stack gap="md" data-pointer={pointerOf(path)}>
      <Group gap="md">
        <SegmentedControl
          aria-label="Kind of load"
          value={kind}
          onChange={(next) => edit(path, withKind(load, next as LoadKindKey))}
          data={[
            { value: "users", label: "Users" },
            { value: "rate", label: "Arrivals per second" },
          ]}
        />
        <SegmentedControl
          aria-label="Shape of the load"
          value={stages ? "stages" : "level"}
          onChange={(next) => edit(path, next === "stages" ? withStages(load) : withoutStages(load))}
          data={[
            { value: "level", label: "One level" },
            { value: "stages", label: "Stages" },
          ]}
        />
        <Text size="sm" className="soft" style={{ flex: "1 1 260px" }}>
          {EXPLAIN[kind]}
        </Text>
      </Group>
      {problems.at(path) && (
        <Text size="sm" c="red">
          {problems.at(path)}
        </Text>
      )}
      {stages ? (
        <Stages path={[...path, kind]} stages={stages} problems={problems} edit={edit} level={level} />
      ) : (
        <SimpleGrid cols={{ base: 1, xs: 2, sm: 4 }} spacing="sm">
          <DocField {...field(kind)} label={level} kind="number" placeholder="10" withAsterisk />
          <DocField {...field("duration")} label="Duration" placeholder="30s" withAsterisk />
          <DocField {...field("ramp")} label="Ramp up" placeholder="none" />
          {kind === "rate" && <DocField {...field("max_users")} label="Users at most" kind="number" placeholder="10000" />}
        </SimpleGrid>
      )}
      {stages && kind === "rate" && (
        <SimpleGrid cols={{ base: 1, xs: 2, sm: 4 }}>
          <DocField {...field("max_users")} label="Users at most" kind="number" placeholder="10000" />
        </SimpleGrid>
      )}
      <Text size="xs" className="soft">
        Durations are a number and a unit: 500ms, 30s, 1m30s, 2h. {stages ? "0s makes a step." : "The ramp is part of the duration."}
      </Text>
      {plan && <LoadShape flow={plan} />}
    </Stack>
  );
});

interface StagesProps {
  path: Path;
  stages: unknown[];
  problems: Problems;
  edit: EditFn;
  level: string;
}

function Stages({ path, stages, problems, edit, level }: StagesProps) {
  return (
    <Stack gap="xs" data-pointer={pointerOf(path)}>
      {problems.at(path) && (
        <Text size="sm" c="red">
          {problems.at(path)}
        </Text>
      )}
      {stages.map((stage, i) => (
        <Group key={i} gap="xs" align="flex-start" wrap="nowrap">
          <span className="step-number">{i + 1}</span>
          <DocField
            path={[...path, i, "target"]}
            value={getIn(stage, ["target"])}
            problems={problems}
            edit={edit}
            kind="number"
            aria-label={`Stage ${i + 1}: ${level.toLowerCase()} at its end`}
            leftSection={<Text size="xs">to</Text>}
            style={{ flex: 1, maxWidth: 200 }}
          />
          <DocField
            path={[...path, i, "duration"]}
            value={getIn(stage, ["duration"])}
            problems={problems}
            edit={edit}
            aria-label={`Stage ${i + 1}: duration`}
            leftSection={<Text size="xs">in</Text>}
            style={{ flex: 1, maxWidth: 200 }}
          />
          <ActionIcon variant="subtle" color="gray" size={36} aria-label={`Remove stage ${i + 1}`} onClick={() => edit([...path, i], undefined)}>
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      <Button
        variant="default"
        size="xs"
        leftSection={<IconPlus size={14} />}
        style={{ alignSelf: "flex-start" }}
        onClick={() => edit(path, [...stages, { target: getIn(stages.at(-1), ["target"]) ?? 10, duration: "30s" }])}
      >
        Add a stage
      </Button>
    </Stack>
  );
}
