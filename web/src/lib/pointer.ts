// pointer: JSON Pointers (RFC 6901), the API's way to name a place in a document, and reading and
// changing a value at a path without touching what lies beside it.

export type Path = readonly (string | number)[];

export function pointerOf(path: Path): string {
  return path.map((part) => "/" + String(part).replaceAll("~", "~0").replaceAll("/", "~1")).join("");
}

// Array indexes become numbers, so that the path means the same to `modify` of jsonc-parser.
export function pathOf(pointer: string): (string | number)[] {
  if (pointer === "") return [];
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((part) => (/^(0|[1-9]\d*)$/.test(part) ? Number(part) : part));
}

export function getIn(value: unknown, path: Path): unknown {
  let here: unknown = value;
  for (const part of path) {
    if (here === null || typeof here !== "object") return undefined;
    here = (here as Record<string | number, unknown>)[part];
  }
  return here;
}

// A copy with `next` at the path (undefined removes). What is not on the path keeps its identity.
export function setIn(value: unknown, path: Path, next: unknown): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return next;
  const inner = setIn(getIn(value, [part]), rest, next);
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value];
    if (inner === undefined) copy.splice(Number(part), 1);
    else copy[Number(part)] = inner;
    return copy;
  }
  const copy: Record<string, unknown> = isRecord(value) ? { ...value } : {};
  if (inner === undefined) delete copy[part];
  else copy[part] = inner;
  return copy;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
