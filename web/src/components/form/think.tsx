// think: the form's view of a pause between requests.
import { Group, NativeSelect, Text } from "@mantine/core";
import { getIn, isRecord, type Path, pointerOf } from "../../lib/pointer";
import type { Problems } from "../../lib/problems";
import { DocField, type EditFn, textOf } from "./field";

type ThinkKind = "fixed" | "uniform" | "exponential";

function kindOf(think: unknown): ThinkKind {
  if (isRecord(think) && "uniform" in think) return "uniform";
  if (isRecord(think) && "exponential" in think) return "exponential";
  return "fixed";
}

// The time that all kinds have in some form.
function timeOf(think: unknown): string {
  const kind = kindOf(think);
  const value = kind === "fixed" ? think : kind === "uniform" ? getIn(think, ["uniform", 0]) : getIn(think, [kind]);
  return typeof value === "string" ? value : "1s";
}

function withKind(think: unknown, kind: ThinkKind): unknown {
  const time = timeOf(think);
  if (kind === "uniform") return { uniform: [time, "3s"] };
  return kind === "exponential" ? { exponential: time } : time;
}

export function ThinkFields({ path, think, problems, edit }: { path: Path; think: unknown; problems: Problems; edit: EditFn }) {
  const kind = kindOf(think);
  const field = (...inner: (string | number)[]) => ({
    path: [...path, ...inner],
    value: getIn(think, inner),
    problems,
    edit,
    required: true,
    withAsterisk: false,
    w: 120,
  });
  return (
    <Group gap="xs" align="flex-start" data-pointer={pointerOf(path)}>
      <NativeSelect
        aria-label="Kind of pause"
        value={kind}
        onChange={(event) => edit(path, withKind(think, event.currentTarget.value as ThinkKind))}
        data={[
          { value: "fixed", label: "Pause for" },
          { value: "uniform", label: "Pause between" },
          { value: "exponential", label: "Pause, exponential, mean" },
        ]}
      />
      {kind === "fixed" && <DocField {...field()} aria-label="Length of the pause" placeholder="1s" />}
      {kind === "exponential" && <DocField {...field("exponential")} aria-label="Mean of the pause" placeholder="1s" />}
      {kind === "uniform" && (
        <>
          <DocField {...field("uniform", 0)} aria-label="Shortest pause" placeholder="1s" />
          <Text size="sm" lh="36px">
            and
          </Text>
          <DocField {...field("uniform", 1)} aria-label="Longest pause" placeholder="3s" />
        </>
      )}
      {kind !== "fixed" && problems.at(kind === "uniform" ? [...path, "uniform"] : path) && (
        <Text size="xs" c="red">
          {problems.at(kind === "uniform" ? [...path, "uniform"] : path)}
        </Text>
      )}
      {kind === "fixed" && isRecord(think) && (
        <Text size="xs" className="soft">
          {textOf(think)}
        </Text>
      )}
    </Group>
  );
}
