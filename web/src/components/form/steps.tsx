// steps: the form's list of what one user does: requests and pauses, in order.
import { ActionIcon, Button, Group, Menu, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { appendItem, copyItem, moveItem, removeAt } from "../../lib/document";
import { getIn, isRecord, type Path, pointerOf } from "../../lib/pointer";
import type { Problems } from "../../lib/problems";
import { IconClock, IconCopy, IconDots, IconDown, IconPlus, IconTrash, IconUp } from "../icons";
import { type EditFn, memoField, type Tools, textOf } from "./field";
import { RequestFields } from "./request";
import { ThinkFields } from "./think";

interface StepsProps {
  path: Path;
  steps: unknown;
  timeouts: unknown;
  problems: Problems;
  edit: EditFn;
  tools: Tools;
}

const SHOWN_AT_FIRST = 60; // a scenario may have a thousand

export const Steps = memoField(function Steps({ path, steps, timeouts, problems, edit, tools }: StepsProps) {
  const [all, setAll] = useState(false);
  const list: unknown[] = Array.isArray(steps) ? steps : [];
  const shown = all ? list : list.slice(0, SHOWN_AT_FIRST);
  return (
    <Stack gap="sm" data-pointer={pointerOf(path)}>
      {problems.at(path) && (
        <Text size="sm" c="red">
          {problems.at(path)}
        </Text>
      )}
      {shown.map((step, i) => (
        <Step
          key={i}
          arrayPath={path}
          index={i}
          last={i === list.length - 1}
          step={step}
          timeouts={timeouts}
          problems={problems.under([...path, i])}
          edit={edit}
          tools={tools}
        />
      ))}
      {shown.length < list.length && (
        <Button variant="subtle" onClick={() => setAll(true)}>
          Show the other {list.length - shown.length} steps
        </Button>
      )}
      <Group gap="xs">
        <Button variant="default" size="xs" leftSection={<IconPlus size={14} />} onClick={() => tools.change((d) => appendItem(d, path, { request: { url: "/" } }))}>
          Add a request
        </Button>
        <Button variant="default" size="xs" leftSection={<IconClock size={14} />} onClick={() => tools.change((d) => appendItem(d, path, { think: "1s" }))}>
          Add a pause
        </Button>
      </Group>
    </Stack>
  );
});

interface StepProps {
  arrayPath: Path;
  index: number;
  last: boolean;
  step: unknown;
  timeouts: unknown;
  problems: Problems;
  edit: EditFn;
  tools: Tools;
}

const Step = memoField(function Step({ arrayPath, index, last, step, timeouts, problems, edit, tools }: StepProps) {
  const path = [...arrayPath, index];
  const kind = isRecord(step) && "request" in step ? "request" : isRecord(step) && "think" in step ? "think" : "other";
  const n = index + 1;
  return (
    <div className="step" role="group" aria-label={`Step ${n}`} data-pointer={pointerOf(path)}>
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <span className="step-number" aria-hidden>
          {n}
        </span>
        <div style={{ flex: 1, minWidth: 0 }}>
          {kind === "request" && (
            <RequestFields path={[...path, "request"]} request={getIn(step, ["request"])} problems={problems} edit={edit} tools={tools} timeouts={timeouts} />
          )}
          {kind === "think" && <ThinkFields path={[...path, "think"]} think={getIn(step, ["think"])} problems={problems} edit={edit} />}
          {kind === "other" && <pre className="code">{textOf(step)}</pre>}
          {problems.at(path) && (
            <Text size="xs" c="red" mt={4}>
              {problems.at(path)}
            </Text>
          )}
        </div>
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" size={36} aria-label={`Move, copy or remove step ${n}`}>
              <IconDots />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconUp size={16} />} disabled={index === 0} onClick={() => tools.change((d) => moveItem(d, arrayPath, index, index - 1))}>
              Move up
            </Menu.Item>
            <Menu.Item leftSection={<IconDown size={16} />} disabled={last} onClick={() => tools.change((d) => moveItem(d, arrayPath, index, index + 1))}>
              Move down
            </Menu.Item>
            <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => tools.change((d) => copyItem(d, arrayPath, index))}>
              Copy to the end
            </Menu.Item>
            <Menu.Item leftSection={<IconTrash size={16} />} color="red" onClick={() => tools.change((d) => removeAt(d, path))}>
              Remove
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
    </div>
  );
});
