// draft: one scenario document while it is edited: its text, what the daemon says about it, whether
// it differs from what is stored, and what stands in the way of saving it.
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { validation } from "../api/queries";
import type { FieldError, PlanSummary } from "../api/types";
import { type Document, documentOf, jsonMistake, placeOfPath, readBlock } from "../lib/document";
import { setUnsaved } from "../lib/guard";
import { type Path, pathOf } from "../lib/pointer";
import { Problems } from "../lib/problems";
import type { Tools } from "./form/field";

const VALIDATE_AFTER_MS = 300;

export interface Draft {
  document: Document;
  dirty: boolean;
  problems: Problems; // of the text as it was a moment ago, and those that the form alone knows
  own: FieldError[]; // those of them that are not the daemon's
  plan: PlanSummary | undefined;
  checked: boolean; // the daemon has seen this very text
  error: Error | null; // it could not be asked
  tools: Tools;
  setText: (text: string) => void;
  reset: (text: string) => void; // this text is what is stored
}

export function useDraft(initial: string, startsDirty: boolean): Draft {
  const [document, setDocument] = useState<Document>(() => documentOf(initial));
  const [stored, setStored] = useState(startsDirty ? null : initial);
  const [blocks, setBlocks] = useState<ReadonlyMap<string, string>>(new Map());
  const latest = useRef(document);
  const dirty = document.text !== stored;

  useEffect(() => {
    latest.current = document;
  }, [document]);
  useEffect(() => {
    setUnsaved(dirty && (stored !== null || document.text !== initial));
    return () => setUnsaved(false);
  }, [dirty, stored, document.text, initial]);

  const tools = useMemo<Tools>(
    () => ({
      change: (how) => setDocument((before) => how(before)),
      read: (path: Path) => readBlock(latest.current, path),
      block: (pointer, why) =>
        setBlocks((before) => {
          if (before.get(pointer) === why) return before;
          const next = new Map(before);
          if (why === undefined) next.delete(pointer);
          else next.set(pointer, why);
          return next;
        }),
    }),
    [],
  );
  const setText = useCallback((text: string) => {
    setBlocks(new Map());
    setDocument((before) => (before.text === text ? before : documentOf(text)));
  }, []);
  const reset = useCallback((text: string) => {
    setBlocks(new Map());
    setStored(text);
    setDocument((before) => (before.text === text ? before : documentOf(text)));
  }, []);

  const [asked] = useDebouncedValue(document.text, VALIDATE_AFTER_MS);
  const { data: said, error, isPlaceholderData } = useQuery({ ...validation(asked), placeholderData: keepPreviousData });
  const checked = asked === document.text && !isPlaceholderData && said !== undefined;

  const own = useMemo(() => {
    const blocked = [...blocks].map(([pointer, message]) => ({ pointer, message, ...placeOfPath(document.text, pathOf(pointer)) }));
    return document.value === undefined ? [mistakeOf(document.text), ...blocked] : blocked;
  }, [blocks, document]);
  const problems = useMemo(() => {
    const theirs = said && !said.valid && document.value !== undefined ? said.errors : [];
    return new Problems([...theirs, ...own]);
  }, [said, own, document]);

  return { document, dirty, problems, own, plan: said?.valid ? said.summary : undefined, checked, error, tools, setText, reset };
}

function mistakeOf(text: string): FieldError {
  const mistake = jsonMistake(text) ?? { message: "This is not JSON yet.", place: { line: 1, column: 1 } };
  return { pointer: "", message: mistake.message, line: mistake.place.line, column: mistake.place.column };
}
