// run.mjs DIR|FILE...: runs the *.test.mjs files given, a few at a time, each with an upper bound of
// its time, and prints node's spec report. Exits with 1 when a test failed.
//   TEST_JOBS       files at a time (2: timing tests share the machine with the others)
//   TEST_TIMEOUT_S  for one file (300)
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const jobs = Number(process.env.TEST_JOBS ?? 2);
const timeout = Number(process.env.TEST_TIMEOUT_S ?? 300) * 1000;

function testFiles(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .filter((name) => name.endsWith(".test.mjs"))
    .sort()
    .map((name) => join(path, name));
}

const files = process.argv.slice(2).flatMap(testFiles).map((path) => resolve(path));
if (files.length === 0) {
  console.log("no test files in", process.argv.slice(2).join(" "));
  process.exit(0);
}

run({ files, concurrency: jobs, timeout })
  .on("test:fail", () => {
    process.exitCode = 1;
  })
  .compose(new spec())
  .pipe(process.stdout);
