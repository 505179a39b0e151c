// schema: walks a JSON Schema (2020-12, local references only) to what may stand at a path. Enough
// for completion and explanation; it judges nothing.

export interface Schema {
  $ref?: string;
  description?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  items?: Schema | boolean;
  prefixItems?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  then?: Schema;
  else?: Schema;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
}

const DEPTH_MAX = 12;

// The schema itself and all that it may stand for, references followed.
function alternatives(root: Schema, schema: Schema, depth = 0): Schema[] {
  if (depth > DEPTH_MAX) return [];
  const inner = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  if (schema.$ref) inner.push(referenced(root, schema.$ref));
  if (schema.then) inner.push(schema.then);
  if (schema.else) inner.push(schema.else);
  return [schema, ...inner.flatMap((part) => alternatives(root, part, depth + 1))];
}

function referenced(root: Schema, ref: string): Schema {
  let at: unknown = root;
  for (const part of ref.replace(/^#\/?/, "").split("/").filter(Boolean)) at = (at as Record<string, unknown> | undefined)?.[part];
  return typeof at === "object" && at !== null ? (at as Schema) : {};
}

export function schemasAt(root: Schema, path: readonly (string | number)[]): Schema[] {
  let here = alternatives(root, root);
  for (const part of path) {
    const next = here.flatMap((schema): Schema[] => {
      if (typeof part === "number") {
        const item = schema.prefixItems?.[part] ?? schema.items;
        return typeof item === "object" ? [item] : [];
      }
      const named = schema.properties?.[part];
      if (named) return [named];
      return typeof schema.additionalProperties === "object" ? [schema.additionalProperties] : [];
    });
    here = next.flatMap((schema) => alternatives(root, schema));
  }
  return here;
}

export function keysAt(root: Schema, path: readonly (string | number)[]): { name: string; description?: string; sample: string }[] {
  const found = new Map<string, Schema[]>();
  for (const schema of schemasAt(root, path)) {
    for (const [name, inner] of Object.entries(schema.properties ?? {})) {
      found.set(name, [...(found.get(name) ?? []), ...alternatives(root, inner)]);
    }
  }
  return [...found].map(([name, schemas]) => ({
    name,
    description: schemas.find((schema) => schema.description)?.description,
    sample: sampleOf(schemas),
  }));
}

// What a key's value begins as, in the editor's snippet language: ${} is where the cursor goes.
function sampleOf(schemas: Schema[]): string {
  const types = schemas.flatMap((schema) => schema.type ?? []);
  if (types.includes("object")) return "{\n\t${}\n}";
  if (types[0] === "array") return "[${}]";
  if (types.includes("boolean")) return "${true}";
  if (types.includes("integer") || types.includes("number")) return "${1}";
  if (types.includes("array")) return "[${}]";
  return '"${}"';
}

export function valuesAt(root: Schema, path: readonly (string | number)[]): string[] {
  const values = schemasAt(root, path).flatMap((schema) => [
    ...(schema.enum ?? []),
    ...("const" in schema ? [schema.const] : []),
    ...("default" in schema ? [schema.default] : []),
    ...(schema.examples ?? []),
    ...(schema.type === "boolean" ? [true, false] : []),
  ]);
  return [...new Set(values.map((value) => JSON.stringify(value)))];
}
