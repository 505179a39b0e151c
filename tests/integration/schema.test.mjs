// schema.test.mjs: what the JSON Schema says of a document is what the parser says (which
// tests/unit/test_schema.c asks of the same documents), so an editor warns of nothing that is right
// and completes only what is known.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import { root } from "./lib/squall.mjs";

const read = (path) => JSON.parse(readFileSync(join(root, path), "utf8"));
const validate = new Ajv({ allErrors: true }).compile(read("src/plan/scenario.schema.json"));

test("the schema finds good and bad what is so", () => {
  const cases = read("tests/data/scenarios.json");
  const wrong = cases
    .filter(({ is, document }) => validate(document) !== (is !== "bad"))
    .map(({ is, what }) => `${what} is ${is}`);
  assert.deepEqual(wrong, []);
  assert.ok(cases.some(({ is }) => is === "good") && cases.some(({ is }) => is === "bad"));
});

test("the schema finds every example good, and its own", () => {
  const directory = "conf/examples";
  for (const name of readdirSync(join(root, directory)).filter((file) => file.endsWith(".json")))
    assert.ok(validate(read(join(directory, name))), `${name}: ${JSON.stringify(validate.errors)}`);
  for (const example of validate.schema.examples) assert.ok(validate(example));
});
