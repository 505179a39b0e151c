// What README.md tells a new user to type does what it says: its shell blocks are run as they
// stand there, with other ports and for a shorter time.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { root, squalld, startTarget } from "./lib/squall.mjs";

const readme = readFileSync(join(root, "README.md"), "utf8");

// The shell blocks under a heading.
function blocks(heading) {
  const section = readme.split(/^#{2,3} /m).find((text) => text.startsWith(`${heading}\n`));
  return [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => match[1]);
}

const directory = (t) => {
  const dir = mkdtempSync(join(tmpdir(), "squall-readme-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

// Runs the text as bash would, ending at what fails: {code, stdout, stderr}.
function bash(text, cwd) {
  return new Promise((resolve) => {
    const child = spawn("bash", ["-euo", "pipefail", "-c", text], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const out = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (more) => (out.stdout += more));
    child.stderr.setEncoding("utf8").on("data", (more) => (out.stderr += more));
    child.on("close", (code) => resolve({ code, ...out }));
  });
}

function startServe(t, dir) {
  const child = spawn(squalld, ["serve", "--config", "/dev/null", "--port", "0", "--data-dir", join(dir, "data")], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    let out = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      out += text;
      const listening = /^listening on (\S+)\n/.exec(out);
      if (listening) resolve(listening[1]);
    });
    child.on("exit", (code) => reject(new Error(`squalld serve ended with ${code}`)));
  });
}

const here = (text, { target, daemon = "" }) =>
  text
    .replaceAll("build/squalld", squalld)
    .replaceAll("http://127.0.0.1:8081", target)
    .replaceAll("http://127.0.0.1:8080", daemon)
    .replaceAll("30s", "2s")
    .replaceAll("5s", "1s");

test("its tests from the terminal", async (t) => {
  const target = await startTarget(["--quiet", "--delay", "exp:20ms"]);
  t.after(target.stop);
  const dir = directory(t);
  const [first, pipeline] = blocks("From the terminal");
  const tried = await bash(here(first, { target: target.url }), dir);
  assert.equal(tried.code, 0, tried.stderr);
  assert.equal(tried.stdout.match(/: passed\n/g).length, 2);
  const piped = await bash(here(pipeline, { target: target.url }), dir);
  assert.equal(piped.code, 0, piped.stderr);
  assert.match(piped.stdout, /\nThresholds\nmet +latency p99 < 500ms: .*\nmet +error rate < 1 %: 0 %\n/);
  assert.match(readFileSync(join(dir, "result.xml"), "utf8"), /failures="0"/);
});

test("its test with curl", async (t) => {
  const target = await startTarget(["--quiet", "--delay", "exp:20ms"]);
  t.after(target.stop);
  const dir = directory(t);
  const [block] = blocks("With curl");
  const { code, stdout, stderr } = await bash(here(block, { target: target.url, daemon: await startServe(t, dir) }), dir);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  assert.match(stdout, /^event: state\n[^]*event: second\n[^]*event: finished\n/);
  const result = JSON.parse(stdout.slice(stdout.lastIndexOf("\n{\n")));
  assert.equal(result.passed, true);
  assert.ok(result.requests > 10);
});

test("the files that it names are there", () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map((match) => match[1]);
  const pages = [...readme.matchAll(/man -l (\S+\.\d)/g)].map((match) => match[1]);
  assert.ok(links.length > 4 && pages.length > 1);
  for (const file of [...links, ...pages]) assert.ok(existsSync(join(root, file)), file);
  const makefile = readFileSync(join(root, "Makefile"), "utf8");
  for (const [, name] of readme.matchAll(/\bmake ([a-z]+)/g)) assert.match(makefile, new RegExp(`^${name}:`, "m"));
});
