// A form's edit changes one place of the text and leaves the rest as it is written.
import { describe, expect, test } from "vitest";
import { appendItem, copyItem, documentOf, edit, editRaw, jsonMistake, memberText, moveItem, placeOfPath, pretty, readBlock, removeAt, writeBlock } from "./document";

const TEXT = `{
  "name": "Shop",   "own": 12345678901234567890,
  "load": {"users": 5,
           "duration": "30s"},
  "steps": [
    {"request": {"url": "/a", "json": {"big": 12345678901234567890}}},
    {"think": "1s"}
  ]
}
`;

describe("a document", () => {
  test("keeps every other character when one value changes", () => {
    const after = edit(documentOf(TEXT), ["load", "users"], 50);
    expect(after.text).toBe(TEXT.replace('"users": 5', '"users": 50'));
    expect(JSON.parse(after.text)).toEqual(after.value);
  });

  test("has the same value as its text after each kind of edit", () => {
    const start = documentOf(TEXT.replaceAll("12345678901234567890", "1"));
    const edits = [
      edit(start, ["target", "timeouts", "total"], "5s"),
      edit(start, ["load", "ramp"], "5s"),
      removeAt(start, ["load", "duration"]),
      removeAt(start, ["steps", 0]),
      appendItem(start, ["steps"], { think: "2s" }),
      appendItem(documentOf('{"steps": []}'), ["steps"], { think: "2s" }),
      appendItem(documentOf("{}"), ["steps"], { think: "2s" }),
      moveItem(start, ["steps"], 1, 0),
      copyItem(start, ["steps"], 0),
      editRaw(start, ["steps", 0, "request", "json"], "[1, 2]"),
    ];
    for (const after of edits) {
      expect(after.text).not.toBe(start.text);
      expect(JSON.parse(after.text)).toEqual(after.value);
    }
  });

  test("keeps the identity of parts that an edit does not touch", () => {
    const before = documentOf(TEXT);
    const after = edit(before, ["load", "users"], 50);
    expect((after.value as { steps: unknown }).steps).toBe((before.value as { steps: unknown }).steps);
  });

  test("carries long numbers through a move", () => {
    const after = moveItem(documentOf(TEXT), ["steps"], 0, 1);
    expect(after.text.match(/12345678901234567890/g)).toHaveLength(2);
    expect(after.text.indexOf("think")).toBeLessThan(after.text.indexOf("request"));
  });

  test("is unchanged by an edit that says what it says already", () => {
    const before = documentOf(TEXT);
    expect(edit(before, ["name"], "Shop")).toBe(before);
  });

  test("gives and takes a nested block without the indentation around it", () => {
    const before = documentOf('{\n  "a": {\n    "b": [\n      1\n    ]\n  }\n}\n');
    expect(readBlock(before, ["a", "b"])).toBe("[\n  1\n]");
    expect(writeBlock(before, ["a", "b"], "[\n  2\n]").text).toBe(before.text.replace("1", "2"));
  });

  test("knows where a path is written, and its parent's place where it is missing", () => {
    expect(placeOfPath(TEXT, ["load", "duration"])).toEqual({ line: 4, column: 24 });
    expect(placeOfPath(TEXT, ["load", "ramp"])).toEqual({ line: 3, column: 11 });
  });

  test("that is not JSON says where", () => {
    expect(documentOf('{"a": }').value).toBeUndefined();
    expect(jsonMistake('{\n"a": }')?.place).toEqual({ line: 2, column: 6 });
    expect(jsonMistake(TEXT)).toBeUndefined();
  });

  test("of a thousand requests is laid out at once", () => {
    const value = { steps: Array.from({ length: 1000 }, (_, i) => ({ request: { url: `/${i}`, json: { text: "x".repeat(200) } } })) };
    const begin = performance.now();
    expect(pretty(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2) + "\n");
    expect(performance.now() - begin).toBeLessThan(2000);
  });

  test("comes out of an answer as it was written", () => {
    expect(memberText(`{"id": "x", "document": ${TEXT}}`, ["document"])).toBe(TEXT);
    expect(memberText('{"document":{"n":1.0,"big":12345678901234567890}}', ["document"])).toBe('{\n  "n": 1.0,\n  "big": 12345678901234567890\n}\n');
  });
});
