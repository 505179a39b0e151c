// squall.mjs: runs the real binary for the tests: one command to its end, a scenario to its result,
// or a target until it is stopped. SQUALLD names the binary (the sanitized one, say).
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
export const squalld = process.env.SQUALLD ?? join(root, "build", "squalld");
// Under sanitizers everything takes longer and more memory: bounds of time and size do not hold.
export const sanitized = process.env.SANITIZE === "1";

// Runs `squalld ARGS...` to its end: {code, signal, stdout, stderr}. `prefix`: words to put before.
export function runCli(args, { input = "", env = {}, cwd, prefix = [], timeout_ms = 120_000 } = {}) {
  return new Promise((resolve, reject) => {
    const [command, ...words] = [...prefix, squalld, ...args.map(String)];
    const child = spawn(command, words, { cwd, env: { ...process.env, ...env } });
    const out = { stdout: "", stderr: "" };
    const timer = setTimeout(() => child.kill("SIGKILL"), timeout_ms);
    child.stdout.setEncoding("utf8").on("data", (text) => (out.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (out.stderr += text));
    child.stdin.on("error", () => {}); // it may end without reading what it is given
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, ...out });
    });
    child.stdin.end(input);
  });
}

// Runs a scenario from the terminal: {code, result, stderr}; result is the JSON result document,
// or null when there is none.
export async function runScenario(scenario, { args = [], ...options } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "squall-test-"));
  try {
    const file = join(dir, "scenario.json");
    writeFileSync(file, JSON.stringify({ name: "test", ...scenario }));
    const ran = await runCli(["run", file, "--quiet", "--json", "-", ...args], options);
    return { ...ran, result: ran.stdout ? JSON.parse(ran.stdout) : null };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

// Starts `squalld target ARGS...` on a free port of loopback, unless they say otherwise:
// {url, port, pid, stats(), stop()}. stats() asks it what arrived; stop() ends it with SIGTERM and
// resolves to {code, stdout, stderr}, of which stdout has the summary.
export function startTarget(args = [], { env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(squalld, ["target", "--port", "0", ...args.map(String)], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const out = { stdout: "", stderr: "" };
    const ended = new Promise((done) => child.on("close", (code, signal) => done({ code, signal, ...out })));
    const stats = async (url) => (await fetch(`${url}/_stats`)).json();
    const stop = () => {
      child.kill("SIGTERM");
      return ended;
    };
    child.on("error", reject);
    child.stderr.setEncoding("utf8").on("data", (text) => (out.stderr += text));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      out.stdout += text;
      const listening = /^listening on (\S+:(\d+))\n/.exec(out.stdout);
      if (!listening) return;
      const [, url, port] = listening;
      resolve({ url, port: Number(port), pid: child.pid, stats: () => stats(url), stop });
    });
    ended.then(({ code, stderr }) => reject(new Error(`squalld target ended with ${code}: ${stderr}`)));
  });
}
