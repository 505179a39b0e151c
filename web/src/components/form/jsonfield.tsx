// jsonfield: any JSON value as text. The document gets it whenever it is JSON; while it is not, the
// document is blocked from being saved, so that nothing typed is lost unseen.
import { Textarea } from "@mantine/core";
import { useState } from "react";
import { writeBlock } from "../../lib/document";
import { type Path, pointerOf } from "../../lib/pointer";
import type { Problems } from "../../lib/problems";
import type { Tools } from "./field";

interface JsonFieldProps {
  path: Path;
  value: unknown;
  problems: Problems;
  tools: Tools;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const NOT_JSON = "this is not JSON yet";

export function JsonField({ path, value, problems, tools }: JsonFieldProps) {
  const pointer = pointerOf(path);
  const [typed, setTyped] = useState<{ text: string; of: unknown }>();
  // What was typed counts until the value is changed elsewhere.
  const said = JSON.stringify(value);
  const text = typed && typed.of === said ? typed.text : (tools.read(path) ?? said ?? "");
  const broken = !isJson(text);
  return (
    <Textarea
      label="JSON of the body"
      description="Sent with Content-Type: application/json"
      data-pointer={pointer}
      value={text}
      autosize
      minRows={3}
      maxRows={18}
      spellCheck={false}
      styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: "0.85rem" } }}
      error={broken ? "This is not JSON yet" : problems.within(path)}
      onChange={(event) => {
        const next = event.currentTarget.value;
        const good = isJson(next);
        setTyped({ text: next, of: good ? JSON.stringify(JSON.parse(next)) : said });
        tools.block(pointer, good ? undefined : NOT_JSON);
        if (good) tools.change((document) => writeBlock(document, path, next.trim()));
      }}
    />
  );
}
