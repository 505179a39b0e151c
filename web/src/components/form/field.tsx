// field: an input that shows one place of the document, writes to it as it is typed in, and has the
// daemon's words about that place below it. Values that do not fit the input's kind are shown as
// JSON and kept until somebody changes them.
import { Textarea, TextInput, type TextInputProps } from "@mantine/core";
import { memo } from "react";
import type { Document } from "../../lib/document";
import { type Path, pointerOf } from "../../lib/pointer";
import type { Problems } from "../../lib/problems";

export type EditFn = (path: Path, value: unknown) => void;

// What the form can do to the document beside setting a value; constant for the form's life.
export interface Tools {
  change: (how: (document: Document) => Document) => void;
  read: (path: Path) => string | undefined; // the text of a part, as written
  block: (pointer: string, why: string | undefined) => void; // no saving meanwhile, and why
}

export function textOf(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

// "12" is a number; "12x" stays text, so that the daemon can say what is wrong with it.
export function numberOrText(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : text;
}

interface DocFieldProps extends Omit<TextInputProps, "value" | "onChange" | "error"> {
  path: Path;
  value: unknown;
  problems: Problems;
  edit: EditFn;
  kind?: "text" | "number";
  required?: boolean; // an empty one is kept as "" and not removed
}

export function DocField({ path, value, problems, edit, kind = "text", required, ...rest }: DocFieldProps) {
  const pointer = pointerOf(path);
  return (
    <TextInput
      {...rest}
      id={rest.id ?? pointer}
      data-pointer={pointer}
      value={textOf(value)}
      inputMode={kind === "number" ? "decimal" : undefined}
      withAsterisk={rest.withAsterisk ?? required}
      autoComplete="off"
      spellCheck={false}
      error={problems.at(path)}
      onChange={(event) => {
        const text = event.currentTarget.value;
        const empty = required ? "" : undefined;
        edit(path, kind === "number" ? numberOrText(text) : text === "" ? empty : text);
      }}
    />
  );
}

interface DocTextareaProps {
  path: Path;
  value: unknown;
  problems: Problems;
  edit: EditFn;
  label: string;
  description?: string;
  code?: boolean;
  minRows?: number;
}

export function DocTextarea({ path, value, problems, edit, label, description, code, minRows = 2 }: DocTextareaProps) {
  return (
    <Textarea
      id={pointerOf(path)}
      data-pointer={pointerOf(path)}
      label={label}
      description={description}
      value={textOf(value)}
      autosize
      minRows={minRows}
      maxRows={16}
      spellCheck={!code}
      styles={code ? { input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.85rem" } } : undefined}
      error={problems.at(path)}
      onChange={(event) => edit(path, event.currentTarget.value === "" ? undefined : event.currentTarget.value)}
    />
  );
}

// Draws again only when what it is given says something new. `problems` is compared by what it says.
export function memoField<P extends { problems: Problems }>(component: (props: P) => React.ReactNode) {
  return memo(component, (before, after) => {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof P>;
    for (const name of names) {
      if (name === "problems" || name === "path" || name === "arrayPath") continue;
      if (!Object.is(before[name], after[name])) return false;
    }
    const places = (props: P) => JSON.stringify(["path", "arrayPath"].map((name) => (props as Record<string, unknown>)[name]));
    return before.problems.key === after.problems.key && places(before) === places(after);
  });
}
