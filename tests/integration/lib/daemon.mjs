// daemon.mjs: starts the real daemon on a free port with a data directory of its own, and talks to
// its API, with every answer checked against openapi.json.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import addFormats from "ajv-formats";
import Ajv from "ajv/dist/2020.js";
import { root, squalld } from "./squall.mjs";

// ---- the contract -------------------------------------------------------------------------------

export const openapi = JSON.parse(readFileSync(join(root, "src", "daemon", "openapi.json"), "utf8"));

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
ajv.addSchema(openapi, "openapi");

// The schema `path` of the document (JSON Pointer parts) as a function that throws when `value` is
// not of it.
function follows(pointer, value) {
  const id = `openapi#/${pointer.map((part) => encodeURIComponent(part.replace(/~/g, "~0").replace(/\//g, "~1"))).join("/")}`;
  const check = ajv.getSchema(id) ?? ajv.compile({ $ref: id });
  if (!check(value)) throw new Error(`${pointer.at(-2)}: ${ajv.errorsText(check.errors)}\n${JSON.stringify(value).slice(0, 2000)}`);
}

export function isSchema(name, value) {
  follows(["components", "schemas", name], value);
}

function operationOf(method, path) {
  const given = path.split("?")[0].split("/");
  for (const [pattern, item] of Object.entries(openapi.paths)) {
    const wanted = pattern.split("/");
    const fits = wanted.length === given.length && wanted.every((part, i) => part.startsWith("{") || part === given[i]);
    if (fits && item[method]) return [pattern, item[method]];
  }
  return [];
}

// That an answer is one of those that the document promises for its operation.
function isPromised(method, path, status, type, json) {
  const [pattern, operation] = operationOf(method === "head" ? "get" : method, path);
  if (!operation) return;
  let promised = operation.responses[status];
  assert.ok(promised, `${method} ${path} answered ${status}, which openapi.json does not promise`);
  let at = ["paths", pattern, method === "head" ? "get" : method, "responses", String(status)];
  if (promised.$ref) {
    at = promised.$ref.slice(2).split("/");
    promised = openapi.components.responses[at.at(-1)];
  }
  if (method === "head" || !promised.content) return;
  const plain = type?.split(";")[0];
  assert.ok(promised.content[plain], `${method} ${path}: ${status} came as ${type}`);
  if (json !== undefined) follows([...at, "content", plain, "schema"], json);
}

// ---- the daemon ---------------------------------------------------------------------------------

// Starts `squalld serve` and resolves when it listens:
// {url, port, pid, dir, api, create, start, ended, kill(signal), stop(), log()}
//   dir   its data directory (one of its own unless given, and removed with it)
export function startDaemon(t, { args = [], env = {}, dir, prefix = [] } = {}) {
  const own = dir !== undefined ? null : mkdtempSync(join(tmpdir(), "squall-daemon-"));
  const data = dir ?? own;
  const command = [...prefix, squalld, "serve", "--port", "0", "--data-dir", data, ...args.map(String)];
  const child = spawn(command[0], command.slice(1), {
    env: { ...process.env, SQUALL_CONFIG: "/dev/null", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const out = { stdout: "", stderr: "" };
  const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve({ code, signal, ...out })));
  const stop = async () => {
    child.kill("SIGTERM");
    return ended;
  };
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
    if (own) rmSync(own, { recursive: true, force: true });
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.stderr.setEncoding("utf8").on("data", (text) => (out.stderr += text));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      out.stdout += text;
      const listening = /^listening on (\S+:(\d+))\n/.exec(out.stdout);
      if (!listening) return;
      const [, url, port] = listening;
      const daemon = {
        url, port: Number(port), pid: child.pid, dir: data, ended, stop,
        kill: (signal) => child.kill(signal),
        log: () => out.stderr,
      };
      resolve({ ...daemon, ...client(url) });
    });
    ended.then(({ code, stderr }) => reject(new Error(`squalld serve ended with ${code}: ${stderr}`)));
  });
}

// {api, create, start, run}: what a client does, each answer checked against openapi.json.
export function client(url) {
  // {status, headers, json, text}
  const api = async (method, path, body, headers = {}) => {
    const raw = typeof body === "string" || body instanceof Uint8Array;
    const type = body === undefined ? {} : { "Content-Type": "application/json" };
    const response = await fetch(url + path, {
      method,
      headers: { ...type, ...headers },
      body: body === undefined || raw ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const contentType = response.headers.get("content-type");
    const json = /\bjson\b/.test(contentType ?? "") && text ? JSON.parse(text) : undefined;
    isPromised(method.toLowerCase(), path, response.status, contentType, json);
    return { status: response.status, headers: response.headers, json, text };
  };
  const must = async (wanted, ...request) => {
    const answer = await api(...request);
    assert.equal(answer.status, wanted, `${request[0]} ${request[1]}: ${answer.text}`);
    return answer.json;
  };
  const create = (scenario) => must(201, "POST", "/api/v1/scenarios", { name: "test", ...scenario });
  const start = (scenario, more = {}) => must(201, "POST", "/api/v1/runs", { scenario_id: scenario.id, ...more });
  const getRun = (id) => must(200, "GET", `/api/v1/runs/${id}`);
  const finished = (id, timeout_ms = 60_000) => until(async () => {
    const run = await getRun(id);
    return ["complete", "failed", "cancelled"].includes(run.state) && run;
  }, `run ${id} is over`, timeout_ms);
  const inState = (id, state) => until(async () => {
    const run = await getRun(id);
    return run.state === state && run;
  }, `run ${id} is ${state}`);
  return { api, must, create, start, getRun, finished, inState };
}

// Asks again until the answer is true enough; resolves to it.
export async function until(ask, what, timeout_ms = 30_000) {
  const end = Date.now() + timeout_ms;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await sleep(50);
  }
}

// A request that fetch would not send: {status, headers, text}.
export function rawRequest(url, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, setHost: !("Host" in headers) }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

// Server-Sent Events: an async iterator of {event, id, data, comment}; ends with the stream.
export async function* events(url, { headers = {}, signal } = {}) {
  const response = await fetch(url, { headers, signal });
  assert.equal(response.status, 200, await (response.status === 200 ? "" : response.text()));
  assert.match(response.headers.get("content-type"), /^text\/event-stream/);
  let text = "";
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
    text += part;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const event = { event: "message" };
      for (const line of text.slice(0, end).split("\n")) {
        const [, name, value] = /^([a-z]*): ?(.*)$/s.exec(line);
        if (name === "") event.comment = value;
        else event[name] = name === "data" ? JSON.parse(value) : value;
      }
      yield event;
    }
  }
}

// Workers that are children of a process.
export function workersOf(pid) {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.split(" ").filter(Boolean).map(Number);
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

// The load of a scenario against a target: a few users, for so long.
export const scenario = (target, { users = 2, duration = "2s", ...more } = {}) => ({
  target: { base_url: target.url },
  load: { users, duration },
  steps: [{ request: { name: "home", url: "/delay/5ms" } }, { request: { name: "order", method: "POST", url: "/bytes/100", json: { sku: 1 } } }],
  ...more,
});
