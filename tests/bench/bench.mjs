// bench.mjs [--json FILE]: measures Squall beside other load generators and prints the README's
// tables. A number that was missed is said so and is no failure; a command that fails is.
//   ONLY=closed,open,even,freeze,rest   some of the parts
//   ROUNDS=5        how often each is measured
//   SECONDS_EACH=5  for how long (the frozen server takes 20 s, the period of its freezes)
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as closed from "./closed.mjs";
import * as even from "./even.mjs";
import * as freeze from "./freeze.mjs";
import * as open from "./open.mjs";
import * as rest from "./rest.mjs";
import { describeMachine, machineText } from "./lib/machine.mjs";
import { cores, progress, rounds, seconds } from "./lib/measure.mjs";

// A part has a title and measure({dir}) -> {verdicts, text, data}: its Markdown below the title, and
// for --json its verdicts and whatever numbers they come from.
const parts = { closed, open, even, freeze, rest };

const { values: options } = parseArgs({ options: { json: { type: "string" } } });
const only = process.env.ONLY ? process.env.ONLY.split(",") : Object.keys(parts);
const unknown = only.filter((name) => !parts[name]);
if (unknown.length > 0) {
  console.error(`bench: there is no part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
  process.exit(2);
}

async function measurePart(name) {
  const dir = mkdtempSync(join(tmpdir(), "squall-bench-"));
  try {
    return { name, title: parts[name].title, ...(await parts[name].measure({ dir })) };
  } catch (error) {
    process.exitCode = 1;
    return { name, title: parts[name].title, verdicts: [], text: `Could not be measured: ${error.message}`, failed: true };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const machine = describeMachine();
if (cores < 2) progress("bench: one core only: server and generator take each other's time");

const measured = [];
for (const name of only) measured.push(await measurePart(name));

console.log("<!-- bench -->");
console.log(`${machineText(machine)} Medians of ${rounds} rounds of ${seconds} s in turn (lowest to highest).`);
for (const { title, text } of measured) console.log(`\n### ${title}\n\n${text}`);
console.log("<!-- bench -->");

if (options.json) {
  const when = new Date().toISOString();
  writeFileSync(options.json, JSON.stringify({ when, machine, rounds, seconds, parts: measured }, null, 2));
}
