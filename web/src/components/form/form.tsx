// form: the whole document as a form. What it has no field for stays in the document, untouched.
import { Button, Group, Paper, SimpleGrid, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { type ReactNode, useCallback } from "react";
import type { PlanSummary } from "../../api/types";
import { appendItem, type Document, edit as editDocument, removeAt } from "../../lib/document";
import { getIn, isRecord, type Path, pointerOf } from "../../lib/pointer";
import type { Problems } from "../../lib/problems";
import { IconPlus, IconTrash } from "../icons";
import { SectionTitle } from "../parts";
import { DocField, DocTextarea, type EditFn, type Tools } from "./field";
import { Load } from "./load";
import { Steps } from "./steps";
import { Target } from "./target";
import { Thresholds } from "./thresholds";

interface ScenarioFormProps {
  value: unknown; // of the document
  problems: Problems;
  plan: PlanSummary | undefined; // what the daemon understood, when it is valid
  tools: Tools;
}

export function ScenarioForm({ value, problems, plan, tools }: ScenarioFormProps) {
  const edit = useCallback<EditFn>((path, next) => tools.change((document) => editDocument(document, path, next)), [tools]);
  const flows = getIn(value, ["flows"]);
  return (
    <Stack gap="lg">
      <Paper>
        <SectionTitle>About</SectionTitle>
        <About value={value} problems={problems} edit={edit} />
      </Paper>
      <Paper>
        <SectionTitle>Target</SectionTitle>
        <Target target={getIn(value, ["target"])} problems={problems.under(["target"])} edit={edit} />
      </Paper>
      {Array.isArray(flows) ? (
        flows.map((flow, i) => (
          <Flow key={i} index={i} flow={flow} alone={flows.length === 1} value={value} problems={problems} plan={plan} edit={edit} tools={tools} />
        ))
      ) : (
        <LoadAndSteps base={[]} of={value} value={value} problems={problems} flow={plan?.flows[0]} edit={edit} tools={tools} />
      )}
      <Paper>
        <SectionTitle>Thresholds</SectionTitle>
        <Thresholds value={getIn(value, ["thresholds"])} problems={problems.under(["thresholds"])} edit={edit} tools={tools} />
      </Paper>
      <Group gap="sm">
        <Button variant="default" size="xs" leftSection={<IconPlus size={14} />} onClick={() => tools.change(addFlow)}>
          Add a flow beside {Array.isArray(flows) ? "these" : "this"}
        </Button>
        <Text size="xs" className="soft">
          Flows run at the same time, each with its own load and steps.
        </Text>
      </Group>
    </Stack>
  );
}

function About({ value, problems, edit }: { value: unknown; problems: Problems; edit: EditFn }) {
  const tags = getIn(value, ["tags"]);
  return (
    <Stack gap="sm">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        <DocField path={["name"]} value={getIn(value, ["name"])} problems={problems} edit={edit} label="Name" required placeholder="Shop, the way to an order" />
        {tags === undefined || Array.isArray(tags) ? (
          <TagsInput
            label="Tags"
            placeholder={Array.isArray(tags) && tags.length > 0 ? undefined : "nightly"}
            data-pointer="/tags"
            value={Array.isArray(tags) ? tags.map(String) : []}
            onChange={(next) => edit(["tags"], next.length > 0 ? next : undefined)}
            acceptValueOnBlur
            error={problems.within(["tags"])}
          />
        ) : (
          <TextInput label="Tags" data-pointer="/tags" value={JSON.stringify(tags)} readOnly error={problems.within(["tags"])} />
        )}
      </SimpleGrid>
      <DocTextarea path={["description"]} value={getIn(value, ["description"])} problems={problems} edit={edit} label="Description" minRows={1} />
    </Stack>
  );
}

interface LoadAndStepsProps {
  base: Path; // of the flow; empty for a document without flows
  of: unknown; // the flow, or the document
  value: unknown;
  problems: Problems;
  flow: PlanSummary["flows"][number] | undefined;
  edit: EditFn;
  tools: Tools;
}

function LoadAndSteps({ base, of, value, problems, flow, edit, tools }: LoadAndStepsProps) {
  return (
    <>
      <Section title="Load" framed={base.length === 0}>
        <Load path={[...base, "load"]} load={getIn(of, ["load"])} problems={problems.under([...base, "load"])} edit={edit} plan={flow} />
      </Section>
      <Section title="Steps" framed={base.length === 0}>
        <Steps
          path={[...base, "steps"]}
          steps={getIn(of, ["steps"])}
          timeouts={getIn(value, ["target", "timeouts"])}
          problems={problems.under([...base, "steps"])}
          edit={edit}
          tools={tools}
        />
      </Section>
    </>
  );
}

function Section({ title, framed, children }: { title: string; framed: boolean; children: ReactNode }) {
  const inner = (
    <>
      <SectionTitle>{title}</SectionTitle>
      {children}
    </>
  );
  return framed ? <Paper>{inner}</Paper> : <div>{inner}</div>;
}

interface FlowProps extends Omit<LoadAndStepsProps, "base" | "of" | "flow"> {
  index: number;
  flow: unknown;
  alone: boolean;
  plan: PlanSummary | undefined;
}

function Flow({ index, flow, alone, plan, problems, edit, tools, ...rest }: FlowProps) {
  const base = ["flows", index];
  return (
    <Paper data-pointer={pointerOf(base)}>
      <Stack gap="lg">
        <Group align="flex-end" justify="space-between">
          <DocField path={[...base, "name"]} value={getIn(flow, ["name"])} problems={problems} edit={edit} label={`Flow ${index + 1}: name`} required style={{ flex: "0 1 360px" }} />
          <Button
            variant="subtle"
            color="red"
            size="xs"
            leftSection={<IconTrash size={14} />}
            disabled={alone}
            onClick={() => tools.change((document) => removeAt(document, base))}
          >
            Remove this flow
          </Button>
        </Group>
        {problems.at(base) && (
          <Text size="sm" c="red">
            {problems.at(base)}
          </Text>
        )}
        <LoadAndSteps base={base} of={flow} flow={plan?.flows[index]} problems={problems} edit={edit} tools={tools} {...rest} />
      </Stack>
    </Paper>
  );
}

// The one load and its steps become the first flow, as they are written.
function addFlow(document: Document): Document {
  const fresh = { name: "second", load: { users: 1, duration: "30s" }, steps: [{ request: { url: "/" } }] };
  if (Array.isArray(getIn(document.value, ["flows"]))) return appendItem(document, ["flows"], { ...fresh, name: "another" });
  if (!isRecord(document.value)) return document;
  const { load, steps } = document.value;
  const moved = editDocument(document, ["flows"], [{ name: "main", load, steps }, fresh]);
  return removeAt(removeAt(moved, ["load"]), ["steps"]);
}
