// Completion offers what the schema allows at the cursor, in texts that are not finished, too.
import { CompletionContext } from "@codemirror/autocomplete";
import { json } from "@codemirror/lang-json";
import { ensureSyntaxTree } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { expect, test } from "vitest";
import scenarioSchema from "../../../src/plan/scenario.schema.json";
import type { Schema } from "../lib/schema";
import { schemaCompletion } from "./schemahelp";

// What is offered where | stands.
function offered(text: string, explicit = true): string[] {
  const at = text.indexOf("|");
  const state = EditorState.create({ doc: text.replace("|", ""), extensions: [json()] });
  ensureSyntaxTree(state, state.doc.length);
  const result = schemaCompletion(scenarioSchema as unknown as Schema)(new CompletionContext(state, at, explicit));
  return result?.options.map((option) => option.displayLabel ?? option.label) ?? [];
}

test("keys of the object that the cursor is in, without those it has", () => {
  expect(offered('{|}')).toContain("name");
  expect(offered('{"name": "x", "load": {|}}')).toEqual(expect.arrayContaining(["users", "rate", "duration", "ramp", "max_users"]));
  expect(offered('{"load": {"users": 5, "|"}}')).not.toContain("users");
  expect(offered('{"load": {"users": 5, "du|"}}', false)).toContain("duration");
  expect(offered('{"steps": [{"request": {"url": "/", |}}]}')).toContain("headers");
  expect(offered('{"flows": [{"name": "a", "load": {"ra|')).toContain("rate");
});

test("kinds of steps in a list of steps", () => {
  expect(offered('{"steps": [{|}]}')).toEqual(["request", "think", "set", "repeat", "choose", "if", "pace"]);
});

test("values after a colon", () => {
  expect(offered('{"target": {"keep_alive": |}}')).toEqual(["true", "false"]);
});

test("nothing where nobody asked", () => {
  expect(offered('{"load": {|}}', false)).toEqual([]);
});
