// schemahelp: what the scenario's JSON Schema says about the place of the cursor: the keys and values
// that may stand there, and what a key means. Judging the document is left to the daemon.
import { type Completion, type CompletionContext, type CompletionResult, snippetCompletion } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import type { EditorState } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";
import type { SyntaxNode } from "@lezer/common";
import { keysAt, type Schema, schemasAt, valuesAt } from "../lib/schema";

// The path of what encloses `node`, from the syntax tree: it holds in a broken text, too.
function pathOfNode(state: EditorState, node: SyntaxNode | null): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at = node; at; at = at.parent) {
    if (at.name === "Property" && at.firstChild) path.unshift(nameOf(state, at.firstChild));
    if (at.parent?.name === "Array") path.unshift(indexIn(at));
  }
  return path;
}

function nameOf(state: EditorState, name: SyntaxNode): string {
  const raw = state.sliceDoc(name.from, name.to);
  try {
    return JSON.parse(raw) as string;
  } catch {
    return raw.replaceAll('"', "");
  }
}

function indexIn(element: SyntaxNode): number {
  let index = 0;
  for (let at = element.prevSibling; at; at = at.prevSibling) if (!/^[[\],]$/.test(at.name) && at.name !== "⚠") index++;
  return index;
}

function enclosing(node: SyntaxNode | null, name: string): SyntaxNode | null {
  while (node && node.name !== name) node = node.parent;
  return node;
}

function keysOf(state: EditorState, object: SyntaxNode | null): Set<string> {
  const keys = (object?.getChildren("Property") ?? []).map((property) => property.firstChild && nameOf(state, property.firstChild));
  return new Set(keys.filter((key) => key !== null));
}

// Where the string or the bare word begins that the cursor is in or behind. A string of JSON does not
// go over a line's end, so the quotes of the line tell.
function wordStart(state: EditorState, pos: number): number {
  const line = state.doc.lineAt(pos);
  let open = -1;
  for (let i = 0; i < pos - line.from; i++) {
    if (line.text[i] === "\\") i++;
    else if (line.text[i] === '"') open = open < 0 ? i : -1;
  }
  if (open >= 0) return line.from + open;
  return pos - /[\w$-]*$/.exec(line.text.slice(0, pos - line.from))![0].length;
}

export function schemaCompletion(schema: Schema) {
  return (context: CompletionContext): CompletionResult | null => {
    const { state, pos } = context;
    const node = syntaxTree(state).resolveInner(pos, -1);
    const from = wordStart(state, pos);
    if (from === pos && !context.explicit) return null;
    const closed = state.sliceDoc(pos, pos + 1) === '"' ? pos + 1 : pos;
    const before = state.sliceDoc(Math.max(0, from - 200), from).trimEnd();

    if (before.endsWith(":")) {
      const property = enclosing(node, "Property") ?? enclosing(syntaxTree(state).resolveInner(Math.max(0, from - 1), -1), "Property");
      return answer(from, closed, valuesAt(schema, pathOfNode(state, property)).map(valueOption));
    }
    const inArray = node.name === "Array" || node.parent?.name === "Array";
    if (inArray && !/[{]$/.test(before)) {
      const array = enclosing(node, "Array");
      return answer(from, closed, valuesAt(schema, [...pathOfNode(state, array), 0]).map(valueOption));
    }
    const object = enclosing(node, "Object");
    if (!object) return null;
    const used = keysOf(state, object);
    const hasColon = /^"?\s*:/.test(state.sliceDoc(pos, pos + 20));
    const keys = keysAt(schema, pathOfNode(state, object)).filter((key) => !used.has(key.name));
    return answer(from, closed, keys.map((key) => keyOption(key, hasColon)));
  };
}

function answer(from: number, to: number, options: Completion[]): CompletionResult | null {
  return options.length > 0 ? { from, to, options, filter: true } : null;
}

interface Key {
  name: string;
  description?: string;
  sample: string;
}

function keyOption({ name, description, sample }: Key, hasColon: boolean): Completion {
  const quoted = JSON.stringify(name);
  const more = { label: quoted, displayLabel: name, type: "property", info: description };
  return hasColon ? { ...more, apply: quoted } : snippetCompletion(`${quoted}: ${sample}`, more);
}

function valueOption(value: string): Completion {
  return { label: value, type: "constant" };
}

export function schemaHover(schema: Schema) {
  return hoverTooltip((view, pos) => {
    const node = syntaxTree(view.state).resolveInner(pos, 1);
    if (node.name !== "PropertyName") return null;
    const description = schemasAt(schema, pathOfNode(view.state, node)).find((found) => found.description)?.description;
    if (!description) return null;
    return {
      pos: node.from,
      end: node.to,
      create: () => {
        const dom = document.createElement("div");
        dom.className = "cm-schema-hover";
        dom.textContent = description;
        return { dom };
      },
    };
  });
}
