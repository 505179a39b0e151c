// request: the form's view of one request step: a line with method, address and name, and what
// else can be said about it below.
import { Group, NativeSelect, SegmentedControl, Stack, TagsInput, Text } from "@mantine/core";
import { getIn, isRecord, type Path, pointerOf } from "../../lib/pointer";
import type { Problems } from "../../lib/problems";
import { Disclosure } from "./disclosure";
import { DocField, DocTextarea, type EditFn, type Tools, textOf } from "./field";
import { HeadersField } from "./headers";
import { JsonField } from "./jsonfield";
import { Timeouts } from "./timeouts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

export interface RequestFieldsProps {
  path: Path; // of the request
  request: unknown;
  problems: Problems;
  edit: EditFn;
  tools: Tools;
  timeouts: unknown; // the scenario's
}

export function RequestFields(props: RequestFieldsProps) {
  const { path, request, problems, edit, timeouts } = props;
  const field = (key: string) => ({ path: [...path, key], value: getIn(request, [key]), problems, edit });
  const hasBody = isRecord(request) && ("body" in request || "json" in request);
  const method = getIn(request, ["method"]);
  const methods = typeof method !== "string" || METHODS.includes(method) ? METHODS : [method, ...METHODS];
  const inside = problems.list.some((error) => !/\/request(\/(method|url|name))?$/.test(error.pointer));
  return (
    <Stack gap={6}>
      <Group gap="xs" align="flex-start">
        <NativeSelect
          aria-label="Method"
          data-pointer={pointerOf([...path, "method"])}
          value={textOf(method)}
          error={problems.at([...path, "method"])}
          onChange={(event) => edit([...path, "method"], event.currentTarget.value || undefined)}
          data={[{ value: "", label: hasBody ? "POST" : "GET" }, ...methods.filter((m) => m !== (hasBody ? "POST" : "GET") || m === method)]}
          w={110}
        />
        <DocField {...field("url")} required withAsterisk={false} aria-label="Path or URL" placeholder="/path, or https://…" inputMode="url" style={{ flex: "3 1 220px" }} />
        <DocField {...field("name")} aria-label="Name in the results" placeholder="name in the results" style={{ flex: "1 1 140px" }} />
      </Group>
      {problems.at(path) && (
        <Text size="xs" c="red">
          {problems.at(path)}
        </Text>
      )}
      <Disclosure label={labelOf(request)} troubled={inside}>
        <Stack gap="md" pb="xs">
          <Body {...props} />
          <HeadersField {...field("headers")} description="Of this request, beside the scenario's." />
          <Checks path={[...path, "checks"]} checks={getIn(request, ["checks"])} problems={problems} edit={edit} />
          <Timeouts path={[...path, "timeouts"]} value={getIn(request, ["timeouts"])} problems={problems} edit={edit} inherited={timeouts} />
        </Stack>
      </Disclosure>
    </Stack>
  );
}

// What is inside, where something is.
function labelOf(request: unknown): string {
  const words: [string, string][] = [
    ["body", "body"],
    ["json", "JSON body"],
    ["headers", "headers"],
    ["checks", "accepted status codes"],
    ["timeouts", "timeouts"],
  ];
  const set = words.filter(([key]) => isRecord(request) && key in request).map(([, word]) => word);
  return set.length > 0 ? `Has ${set.join(", ")}` : "Body, headers, accepted status codes, timeouts";
}

function Body({ path, request, problems, edit, tools }: RequestFieldsProps) {
  const kind = isRecord(request) && "json" in request ? "json" : isRecord(request) && "body" in request ? "body" : "none";
  const choose = (next: string) => {
    tools.block(pointerOf([...path, "json"]), undefined);
    const { body: _, json: __, ...rest } = isRecord(request) ? request : {};
    edit(path, next === "none" ? rest : next === "json" ? { ...rest, json: {} } : { ...rest, body: "" });
  };
  return (
    <Stack gap={6} style={{ alignItems: "stretch" }}>
      <Group gap="sm">
        <Text size="sm" fw={500}>
          Body
        </Text>
        <SegmentedControl
          size="xs"
          aria-label="Kind of body"
          value={kind}
          onChange={choose}
          data={[
            { value: "none", label: "None" },
            { value: "json", label: "JSON" },
            { value: "body", label: "Text" },
          ]}
        />
      </Group>
      {kind === "body" && <BodyText path={[...path, "body"]} value={getIn(request, ["body"])} problems={problems} edit={edit} />}
      {kind === "json" && (
        <JsonField path={[...path, "json"]} value={getIn(request, ["json"])} problems={problems} tools={tools} />
      )}
    </Stack>
  );
}

function BodyText(props: { path: Path; value: unknown; problems: Problems; edit: EditFn }) {
  const keep: EditFn = (path, value) => props.edit(path, value ?? ""); // an empty body is still a body
  return <DocTextarea {...props} edit={keep} label="Text of the body" code minRows={3} />;
}

interface ChecksProps {
  path: Path;
  checks: unknown;
  problems: Problems;
  edit: EditFn;
}

function Checks({ path, checks, problems, edit }: ChecksProps) {
  const list = Array.isArray(checks) ? checks : [];
  const status = getIn(list, [0, "status"]);
  const codes = Array.isArray(status) ? status.map(textOf) : status === undefined ? [] : [textOf(status)];
  const set = (next: string[]) => {
    const values = next.flatMap((text) => text.split(/[,\s]+/).filter(Boolean)).map((code) => (/^\d+$/.test(code) ? Number(code) : code));
    if (list.length <= 1) edit(path, values.length > 0 ? [{ status: values }] : undefined);
    else edit([...path, 0, "status"], values);
  };
  return (
    <TagsInput
      label="Accepted status codes"
      description={
        list.length > 1
          ? `The first of ${list.length} checks; the others are in the JSON view.`
          : "Codes such as 200, or classes such as 2xx. Any other answer counts as an error."
      }
      placeholder={codes.length === 0 ? "2xx, 3xx" : undefined}
      data-pointer={pointerOf(path)}
      value={codes}
      onChange={set}
      splitChars={[",", " "]}
      acceptValueOnBlur
      error={problems.within(path)}
    />
  );
}
