// document: a scenario document as its text, which is the truth: the form changes single places in
// it and leaves every other character (order, spacing, long numbers, keys unknown to the form) as it
// was. `value` is what the text says, with parts that did not change keeping their identity.
import { applyEdits, findNodeAtLocation, format, getNodeValue, modify, parseTree, type ParseError } from "jsonc-parser";
import { getIn, setIn, type Path } from "./pointer";

export interface Document {
  readonly text: string;
  readonly value: unknown; // undefined: the text is not JSON
}

const FORMATTING = { insertSpaces: true, tabSize: 2, eol: "\n" };
const STRICT = { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false };

export function documentOf(text: string): Document {
  try {
    return { text, value: JSON.parse(text) as unknown };
  } catch {
    return { text, value: undefined };
  }
}

export function documentFrom(value: unknown): Document {
  return { text: JSON.stringify(value, null, 2) + "\n", value };
}

// Sets the value at a path (undefined removes it); objects on the way to it are made.
export function edit(document: Document, path: Path, next: unknown): Document {
  if (Object.is(getIn(document.value, path), next)) return document;
  const text = applyEdits(document.text, modify(document.text, [...path], next, { formattingOptions: FORMATTING }));
  return { text, value: setIn(document.value, path, next) };
}

// Puts `raw`, JSON text, at a path: its own spacing and numbers stay as typed.
export function editRaw(document: Document, path: Path, raw: string): Document {
  const made = edit(document, path, null);
  const tree = parseTree(made.text, [], STRICT);
  const node = tree && findNodeAtLocation(tree, [...path]);
  if (!node) return document;
  return documentOf(made.text.slice(0, node.offset) + raw + made.text.slice(node.offset + node.length));
}

// The text at a path, as it stands in the document; undefined where there is nothing.
export function rawAt(document: Document, path: Path): string | undefined {
  const tree = parseTree(document.text, [], STRICT);
  const node = tree && findNodeAtLocation(tree, [...path]);
  return node && document.text.slice(node.offset, node.offset + node.length);
}

// The same two for a value that is edited by itself: without the indentation of where it stands.
export function readBlock(document: Document, path: Path): string | undefined {
  const raw = rawAt(document, path);
  return raw?.replaceAll(`\n${indentationAt(document.text, path)}`, "\n");
}

export function writeBlock(document: Document, path: Path, raw: string): Document {
  return editRaw(document, path, raw.replaceAll("\n", `\n${indentationAt(document.text, path)}`));
}

function indentationAt(text: string, path: Path): string {
  const { line } = placeOfPath(text, path);
  return /^[ \t]*/.exec(text.split("\n")[line - 1] ?? "")![0];
}

export function removeAt(document: Document, path: Path): Document {
  return edit(document, path, undefined);
}

// Moves an element of an array, as it is written.
export function moveItem(document: Document, arrayPath: Path, from: number, to: number): Document {
  const list = getIn(document.value, arrayPath);
  if (!Array.isArray(list) || to < 0 || to >= list.length || from === to) return document;
  const a = rawAt(document, [...arrayPath, from]);
  const b = rawAt(document, [...arrayPath, to]);
  if (a === undefined || b === undefined) return document;
  const swapped = editRaw(editRaw(document, [...arrayPath, from], b), [...arrayPath, to], a);
  const items: unknown[] = [...list];
  [items[from], items[to]] = [items[to], items[from]];
  return { text: swapped.text, value: setIn(document.value, arrayPath, items) };
}

export function appendItem(document: Document, arrayPath: Path, item: unknown): Document {
  const list = getIn(document.value, arrayPath);
  const next: unknown[] = Array.isArray(list) ? list : [];
  if (next.length === 0) return edit(document, arrayPath, [item]);
  return edit(document, [...arrayPath, next.length], item);
}

export function copyItem(document: Document, arrayPath: Path, index: number): Document {
  const raw = rawAt(document, [...arrayPath, index]);
  const list = getIn(document.value, arrayPath);
  if (raw === undefined || !Array.isArray(list)) return document;
  return editRaw(document, [...arrayPath, list.length], raw);
}

export function pretty(text: string): string {
  // applyEdits copies the whole text for each edit, and a large document has very many of these.
  const parts: string[] = [];
  let at = 0;
  for (const { offset, length, content } of format(text, undefined, FORMATTING)) {
    parts.push(text.slice(at, offset), content);
    at = offset + length;
  }
  return (parts.join("") + text.slice(at)).trimEnd() + "\n";
}

// The text of one member of an API answer: what JSON.parse would round or reorder stays as it was.
export function memberText(answer: string, path: Path): string {
  const tree = parseTree(answer, [], STRICT);
  const node = tree && findNodeAtLocation(tree, [...path]);
  if (!node) return "{}\n";
  const text = answer.slice(node.offset, node.offset + node.length);
  return text.includes("\n") ? text.trimEnd() + "\n" : pretty(text);
}

export interface Place {
  line: number; // from 1
  column: number; // from 1
}

export function placeOfOffset(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}

// Where a path is written; of a missing part, where its parent is.
export function placeOfPath(text: string, path: Path): Place {
  const tree = parseTree(text, [], STRICT);
  for (let length = path.length; tree && length >= 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    if (node) return placeOfOffset(text, node.offset);
  }
  return { line: 1, column: 1 };
}

// Why the text is not JSON, in words with the place; undefined when it is.
export function jsonMistake(text: string): { message: string; place: Place } | undefined {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, STRICT);
  const first = errors[0];
  if (!first && tree && getNodeValue(tree) !== undefined) return undefined;
  const place = placeOfOffset(text, first?.offset ?? 0);
  return { message: `This is not JSON yet: see line ${place.line}, column ${place.column}.`, place };
}
