// make demo's script: the first thing that a new user sees. It works on taken ports, shows progress
// and result, leaves the dashboard up where somebody watches, and nothing behind, however it ends.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { root, squalld } from "./lib/squall.mjs";

const script = join(root, "conf/demo.sh");

// Starts the demo with a temporary directory of its own: {child, out, ended, left()}. left() is what
// of it there still is: processes (its environment marks them, workers too) and files.
function startDemo(t, { command = [script], env = {}, ...options } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "squall-demo-test-"));
  const child = spawn(command[0], command.slice(1), {
    env: { ...process.env, SQUALLD: squalld, TMPDIR: dir, DEMO_PORT: "0", DEMO_TARGET_PORT: "0", DEMO_DURATION: "4s", ...env },
    detached: true, // a process group, as a terminal would make it
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
  });
  const out = { text: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => (out.text += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (out.text += text));
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal })));
  const processes = () =>
    readdirSync("/proc").filter((pid) => {
      try {
        return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`TMPDIR=${dir}`);
      } catch {
        return false; // it has just ended
      }
    });
  t.after(() => {
    for (const pid of processes()) process.kill(Number(pid), "SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  });
  return { child, out, ended, left: () => [...processes(), ...readdirSync(dir)] };
}

const until = async (what, ms = 60_000) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) {
    const found = what();
    if (found) return found;
  }
  assert.fail(`not within ${ms} ms: ${what}`);
};

test("it shows seconds and the result, and ends with code 0 and nothing left where nobody watches", async (t) => {
  const demo = startDemo(t);
  assert.deepEqual(await demo.ended, { code: 0, signal: null }, demo.out.text);
  const { text } = demo.out;
  assert.match(text, /^Target +http:\/\/127\.0\.0\.1:\d+ /);
  assert.match(text, /^Dashboard +http:\/\/127\.0\.0\.1:\d+\/$/m);
  for (const second of [1, 2, 3, 4])
    assert.match(text, new RegExp(`^ +${second} s +\\d+ users +\\d+ req/s +p50 +[\\d.]+ ms +p99 +[\\d.]+ ms +0 errors$`, "m"));
  for (const name of ["home", "search", "product page", "order", "all"])
    assert.match(text, new RegExp(`^ {2}${name} +[1-9]\\d* +0( +[\\d.]+){4}$`, "m"));
  assert.match(text, /^Passed: [1-9]\d* requests, none failed\.$/m);
  assert.deepEqual(demo.left(), []);
});

test("on a terminal the dashboard stays up until Ctrl-C", async (t) => {
  const command = ["script", "-qec", script, "/dev/null"]; // util-linux: a terminal for a command
  const demo = startDemo(t, { command, stdio: ["pipe", "pipe", "pipe"] });
  const [, url] = await until(() => /stays up at (http\S+)/.exec(demo.out.text));
  const page = await fetch(url);
  assert.equal(page.status, 200);
  assert.equal((await (await fetch(`${url}api/v1/runs`)).json()).items.length, 1);
  demo.child.stdin.write("\x03");
  await demo.ended;
  assert.deepEqual(demo.left(), []);
  await assert.rejects(fetch(url));
});

test("Ctrl-C and SIGTERM in the middle of the run leave nothing either", async (t) => {
  for (const [signal, group, code] of [["SIGINT", true, 130], ["SIGTERM", false, 143]]) {
    const demo = startDemo(t, { env: { DEMO_DURATION: "5m" } });
    await until(() => / 1 s .*req\/s/.test(demo.out.text));
    process.kill(group ? -demo.child.pid : demo.child.pid, signal);
    const begin = Date.now();
    assert.equal((await demo.ended).code, code, demo.out.text);
    assert.ok(Date.now() - begin < 20_000, `${Date.now() - begin} ms`);
    assert.deepEqual(demo.left(), []);
  }
});

test("ports that are taken give way to free ones", async (t) => {
  const taken = createServer((request, response) => response.end("not Squall"));
  await new Promise((resolve) => taken.listen(0, "127.0.0.1", resolve));
  t.after(() => taken.close());
  const { port } = taken.address();
  const demo = startDemo(t, { env: { DEMO_PORT: String(port), DEMO_TARGET_PORT: String(port) } });
  assert.equal((await demo.ended).code, 0, demo.out.text);
  assert.doesNotMatch(demo.out.text, new RegExp(`:${port}\\b`));
  assert.deepEqual(demo.left(), []);
});

test("what does not start is said, with the reason", async (t) => {
  const demo = startDemo(t, { env: { SQUALLD: "/bin/false" } });
  assert.equal((await demo.ended).code, 1);
  assert.match(demo.out.text, /squalld target did not start/);
  assert.deepEqual(demo.left(), []);
});
