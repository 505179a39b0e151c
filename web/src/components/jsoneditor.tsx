// jsoneditor: the document as text: CodeMirror with the daemon's words at their places, and
// completion from the daemon's schema. Loaded when it is first opened.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState, type Extension, type Text } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useComputedColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { findNodeAtLocation, parseTree } from "jsonc-parser";
import { useEffect, useRef } from "react";
import { api, ok } from "../api/client";
import { pathOf } from "../lib/pointer";
import type { Problems } from "../lib/problems";
import type { Schema } from "../lib/schema";
import { schemaCompletion, schemaHover } from "./schemahelp";

interface JsonEditorProps {
  text: string;
  problems: Problems;
  checked: boolean; // the problems are those of this very text
  place: { line: number; column: number } | undefined; // where to put the cursor
  onChange: (text: string) => void;
  onSave: () => void;
}

const colors = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--chart-blue)" },
  { tag: tags.string, color: "var(--chart-green)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--chart-violet)" },
]);

const look = (dark: boolean) =>
  EditorView.theme(
    {
      "&": { backgroundColor: "transparent", color: "var(--mantine-color-text)" },
      ".cm-gutters": { backgroundColor: "transparent", border: "none", color: "var(--ink-soft)" },
      ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--mantine-color-default-hover)" },
      ".cm-tooltip": { backgroundColor: "var(--mantine-color-body)", border: "1px solid var(--mantine-color-default-border)", borderRadius: "6px" },
      ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": { background: "var(--mantine-primary-color-filled)", color: "#fff" },
      ".cm-completionInfo, .cm-schema-hover": { maxWidth: "360px", padding: "6px 10px", fontSize: "0.8rem" },
      ".cm-cursor": { borderLeftColor: "var(--mantine-color-text)" },
      "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
        background: "color-mix(in srgb, var(--chart-blue) 28%, transparent)",
      },
    },
    { dark },
  );

// What may change while the editor is open.
const colorScheme = new Compartment();
const help = new Compartment();

function helpFrom(schema: Schema | undefined): Extension {
  return schema ? [autocompletion({ override: [schemaCompletion(schema)] }), schemaHover(schema)] : [];
}

export default function JsonEditor({ text, problems, checked, place, onChange, onSave }: JsonEditorProps) {
  const element = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const handlers = useRef({ onChange, onSave, text });
  const dark = useComputedColorScheme("light", { getInitialValueInEffect: false }) === "dark";
  const schema = useQuery({
    queryKey: ["schema"],
    queryFn: () => ok(api.GET("/api/v1/scenario.schema.json")),
    staleTime: Infinity,
  });

  useEffect(() => {
    handlers.current = { onChange, onSave, text };
  });

  useEffect(() => {
    const editor = new EditorView({
      parent: element.current!,
      state: EditorState.create({
        doc: handlers.current.text,
        extensions: [
          lineNumbers(),
          foldGutter(),
          lintGutter(),
          history(),
          drawSelection(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          EditorView.lineWrapping,
          json(),
          syntaxHighlighting(colors),
          colorScheme.of([]),
          help.of([]),
          keymap.of([
            { key: "Mod-s", preventDefault: true, run: () => (handlers.current.onSave(), true) },
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...historyKeymap,
            ...foldKeymap,
            ...completionKeymap,
            ...lintKeymap,
            indentWithTab,
          ]),
          EditorView.contentAttributes.of({ "aria-label": "Scenario as JSON" }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) handlers.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    view.current?.dispatch({ effects: [colorScheme.reconfigure(look(dark)), help.reconfigure(helpFrom(schema.data))] });
  }, [dark, schema.data]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === text) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
  }, [text]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || (!checked && problems.list.length > 0 && problems.list[0]!.pointer !== "")) return;
    editor.dispatch(setDiagnostics(editor.state, diagnosticsOf(problems, editor.state.doc)));
  }, [problems, checked]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !place) return;
    const at = offsetOf(editor.state.doc, place.line, place.column);
    editor.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    editor.focus();
  }, [place]);

  return <div ref={element} className="editor" />;
}

function offsetOf(doc: Text, line: number, column: number): number {
  const at = doc.line(Math.min(Math.max(1, line), doc.lines));
  return Math.min(at.from + Math.max(0, column - 1), at.to);
}

// From the place that the daemon names to the end of what stands there.
function diagnosticsOf(problems: Problems, doc: Text): Diagnostic[] {
  const tree = parseTree(doc.toString());
  return problems.list.map((error): Diagnostic => {
    const node = tree && findNodeAtLocation(tree, pathOf(error.pointer));
    const from = error.line ? offsetOf(doc, error.line, error.column ?? 1) : (node?.offset ?? 0);
    const whole = node?.parent?.type === "property" ? node.parent : node;
    const inside = whole && from >= whole.offset && from < whole.offset + whole.length;
    const lineEnd = doc.lineAt(from).to;
    const to = Math.max(from + 1, Math.min(inside && error.pointer !== "" ? whole.offset + whole.length : from + 1, lineEnd));
    return { from: Math.min(from, doc.length), to: Math.min(to, doc.length), severity: "error", message: error.message };
  });
}
