// squalld run: what a person at a terminal, and a pipeline, meets: usage, exit codes, the JSON
// result, progress, the summary, Ctrl-C.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import Ajv2020 from "ajv/dist/2020.js";
import { freePort } from "./lib/nginx.mjs";
import { root, runCli, runScenario, sanitized, squalld, startTarget } from "./lib/squall.mjs";

async function target(t, ...args) {
  const server = await startTarget(["--quiet", ...args]);
  t.after(server.stop);
  return server;
}

function directory(t) {
  const dir = mkdtempSync(join(tmpdir(), "squall-cli-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

// `squalld run ARGS...` with a JSON result.
async function run(...args) {
  const ran = await runCli(["run", ...args, "--json", "-"]);
  return { ...ran, result: ran.stdout ? JSON.parse(ran.stdout) : null };
}

const until = async (what, ms = 20_000) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
    const found = await what();
    if (found) return found;
  }
  assert.fail(`not within ${ms} ms: ${what}`);
};

const fields = (pid) => readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
const alive = (pid) => existsSync(`/proc/${pid}`) && fields(pid)[0] !== "Z";
const childrenOf = (pid) =>
  readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && fields(name)[1] === String(pid);
    } catch {
      return false; // it has just ended
    }
  });

// Starts a run that would take ten minutes, and waits until its two users are connected:
// {child, out, ended, workers}; out fills up, ended resolves to the exit code.
async function longRun(t, server, ...args) {
  const child = spawn(squalld, ["run", "--url", server.url, "--users", "2", "--duration", "10m", ...args]);
  t.after(() => child.kill("SIGKILL"));
  const out = { stdout: "", stderr: "" };
  child.stdout.on("data", (text) => (out.stdout += text));
  child.stderr.on("data", (text) => (out.stderr += text));
  const ended = new Promise((resolve) => child.on("close", resolve));
  await until(async () => (await server.stats()).connections.open >= 3); // one is who asks
  return { child, out, ended, workers: childrenOf(child.pid).map(Number) };
}

// ---- usage ------------------------------------------------------------------------------------

test("every command has its help, and help COMMAND is the same", async () => {
  for (const command of ["serve", "run", "target", "worker"]) {
    const asked = await runCli([command, "--help"]);
    assert.equal(asked.code, 0, command);
    assert.match(asked.stdout, new RegExp(`^Usage: squalld ${command}`));
    assert.equal((await runCli(["help", command])).stdout, asked.stdout);
    assert.ok(asked.stdout.split("\n").every((line) => line.length <= 100), `${command}: lines of at most 100`);
  }
  const help = await runCli(["help"]);
  assert.equal(help.stdout, (await runCli(["--help"])).stdout);
  for (const command of ["serve", "run", "target", "worker", "version", "help"])
    assert.match(help.stdout, new RegExp(`^ {2}${command} +\\S`, "m"));
  assert.equal((await runCli(["help", "srve"])).code, 2);
});

test("wrong usage is answered with a sentence, the way to the help, and exit code 2", async () => {
  const url = ["--url", "http://127.0.0.1:1/"];
  const cases = [
    [[], /what is to be tested\? Give a scenario file, or --url URL/],
    [["a.json", "b.json"], /"b\.json" is a second one/],
    [["a.json", ...url], /not both/],
    [["a.json", "--duration", "5s"], /--duration goes with --url/],
    [[...url, "--user", "5"], /no option --user; did you mean --users\?/],
    [[...url, "--users"], /--users needs a value/],
    [[...url, "--users", "--quiet"], /--users needs a value/],
    [[...url, "--quiet=yes"], /--quiet takes no value/],
    [[...url, "--workers", "0"], /--workers: a number from 1 to 256/],
    [[...url, "-u", "5"], /no option -u/],
    [[...url, "--duration", "1s"], /Give --users N or --rate N/],
    [[...url, "--duration", "1s", "--users", "1", "--rate", "1"], /exclude each other/],
    [[...url, "--users", "1"], /how long\? Give --duration/],
    [["--url", "localhost", "--users", "1", "--duration", "1s"], /"localhost" does not begin with http/],
  ];
  for (const [args, sentence] of cases) {
    const { code, stdout, stderr } = await runCli(["run", ...args]);
    assert.equal(code, 2, args.join(" "));
    assert.equal(stdout, "", args.join(" "));
    assert.match(stderr, sentence);
    assert.match(stderr, /^squalld run: [^]*See squalld run --help\.\n$/);
  }
});

test("all that is wrong with the flags is said at once, each by its flag", async () => {
  const { code, stderr } = await runCli([
    ...["run", "--url", "http://h:99999/", "--users", "0", "--duration", "30", "--ramp", "soon", "--method", "G ET"],
    ...["--header", "Content Type: x"],
  ]);
  assert.equal(code, 2);
  const flags = stderr.split("\n").slice(0, -2).map((line) => /^squalld run: (--[a-z]+): ./.exec(line)?.[1]);
  assert.deepEqual(flags.sort(), ["--duration", "--header", "--method", "--ramp", "--url", "--users"]);
});

test("a scenario with ten mistakes lists all ten, each with file, line and column", async (t) => {
  const file = join(directory(t), "ten.json");
  writeFileSync(
    file,
    `{
  "name": "",
  "targt": {},
  "target": {"base_url": "ftp://127.0.0.1", "timeouts": {"connect": 5, "conect": "1s"}},
  "load": {"users": -5, "duration": "30"},
  "steps": [
    {"request": {"url": "nowhere", "method": "G ET", "bodi": "x"}}
  ]
}`,
  );
  const { code, stdout, stderr } = await runCli(["run", file]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  const lines = stderr.trimEnd().split("\n");
  const places = lines.map((line) => /^(.*):(\d+):(\d+): .{10}/.exec(line));
  assert.ok(places.every((place) => place?.[1] === file), stderr);
  assert.deepEqual(places.map((place) => Number(place[2])).sort(), [2, 3, 4, 4, 4, 5, 5, 7, 7, 7]);
  assert.match(stderr, /:3:3: unknown key "targt"; did you mean "target"\?/);
});

test("what is no scenario file is said, and nothing is sent", async (t) => {
  const dir = directory(t);
  const missing = await runCli(["run", join(dir, "none.json")]);
  assert.deepEqual([missing.code, missing.stderr], [2, `squalld run: cannot open ${dir}/none.json: No such file or directory\n`]);
  assert.match((await runCli(["run", dir])).stderr, /Is a directory/);
  const broken = await runCli(["run", "-"], { input: '{\n  "name": "x",\n}' });
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /^stdin:3:\d+: /);
  const large = await runCli(["run", "-"], { input: " ".repeat(5 << 20) });
  assert.equal(large.code, 2);
  assert.match(large.stderr, /longer than 4194304 bytes/);
});

// ---- what is run ------------------------------------------------------------------------------

test("users go round for the whole time; the result is what the API describes, and the target counted the same", async (t) => {
  const server = await target(t, "--delay", "10ms");
  const { code, result } = await run("--url", `${server.url}/bytes/100`, "--users", "4", "--duration", "2s", "--quiet");
  assert.equal(code, 0);
  assert.equal(result.state, "complete");
  assert.equal(result.passed, true);
  assert.equal(result.requests, (await server.stats()).requests);
  assert.deepEqual(result.status, { 200: result.requests });
  if (!sanitized) assert.ok(result.requests > 500 && result.requests <= 800, `${result.requests} of 800`);
  assert.ok(result.latency_ms.p50 >= 10 && result.service_ms.min >= 10);
  assert.ok(Math.abs(result.duration_s - 2) < 0.5, `${result.duration_s}`);
  assert.ok(Math.abs(result.rate_per_s - result.requests / result.duration_s) < 0.01 * result.rate_per_s);
  assert.deepEqual(Object.keys(result.by_request), ["GET /bytes/100"]);

  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(JSON.parse(readFileSync(join(root, "src/daemon/openapi.json"), "utf8")), "openapi.json");
  const validate = ajv.compile({ $ref: "openapi.json#/components/schemas/Result" });
  assert.ok(validate(result), JSON.stringify(validate.errors));
});

test("a rate is kept, whatever the server takes, in as many workers as asked for", async (t) => {
  const server = await target(t, "--delay", "50ms");
  const { code, result } = await run("--url", server.url, "--rate", "100.5", "--duration", "2s", "--workers", "2", "--quiet");
  assert.equal(code, 0);
  assert.equal(result.requests, 201);
  assert.equal((await server.stats()).requests, 201);
  assert.equal(result.generator.workers, 2);
  assert.equal(result.generator.arrivals, 201);
});

test("a ramp begins at nothing", async (t) => {
  const server = await target(t);
  const { code, result } = await run("--url", server.url, "--rate", "200", "--ramp", "2s", "--duration", "2s", "--quiet");
  assert.equal(code, 0);
  assert.ok(Math.abs(result.requests - 200) <= 1, `half of 200 a second for 2 s, and not ${result.requests}`);
});

test("method, headers and body arrive as they were given, from a flag or a file", async (t) => {
  const seen = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text) => (body += text));
    request.on("end", () => (seen.push({ request, body }), response.end()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}/orders?x=1`;
  const file = join(directory(t), "body.json");
  writeFileSync(file, '{"sku": "größer"}\n');

  const once = ["--rate", "1", "--duration", "1s", "--quiet"];
  await run("--url", url, "--method", "PUT", "--header", "X-A: one: two", "--header", "content-type:text/x", "--body", "hello", ...once);
  await run("--url", url, "--body", `@${file}`, ...once);
  assert.equal(seen.length, 2);
  const [put, post] = seen;
  assert.deepEqual([put.request.method, put.request.url, put.body], ["PUT", "/orders?x=1", "hello"]);
  assert.deepEqual([put.request.headers["x-a"], put.request.headers["content-type"]], ["one: two", "text/x"]);
  assert.deepEqual([post.request.method, post.body], ["POST", '{"sku": "größer"}\n']);
});

test("flags and the document that says the same make the same test", async (t) => {
  const server = await target(t);
  const flags = await run("--url", `${server.url}/a`, "--rate", "50", "--duration", "1s", "--quiet");
  const scenario = { name: "a", load: { rate: 50, duration: "1s" }, steps: [{ request: { url: `${server.url}/a` } }] };
  const input = JSON.stringify(scenario);
  const document = await runCli(["run", "-", "--json", "-", "--quiet"], { input });
  assert.equal(document.code, 0);
  const result = JSON.parse(document.stdout);
  assert.equal(result.requests, 50);
  assert.equal(flags.result.requests, 50);
  assert.deepEqual(Object.keys(result.by_request), Object.keys(flags.result.by_request));
});

// ---- how it went ------------------------------------------------------------------------------

test("failed requests end in exit code 1, counted by kind and request", async (t) => {
  const server = await target(t);
  const { code, result, stderr } = await runScenario(
    {
      name: "Shop",
      target: { base_url: server.url },
      load: { users: 2, duration: "1s" },
      steps: [
        { request: { name: "home", url: "/" } },
        { request: { name: "order", url: "/status/503" } },
        { request: { name: "gone", url: `http://127.0.0.1:${await freePort()}/` } },
        { think: "20ms" },
      ],
    },
    { args: [] },
  );
  assert.equal(code, 1);
  assert.equal(stderr, "", "--quiet");
  assert.equal(result.passed, false);
  assert.equal(result.by_request.home.errors, 0);
  assert.equal(result.error_kinds.check_failed, result.by_request.order.requests);
  assert.equal(result.error_kinds.connect_refused, result.by_request.gone.requests);
});

test("the summary on stdout tells requests, errors, times, and each request", async (t) => {
  const server = await target(t);
  const file = join(directory(t), "shop.json");
  const steps = [{ request: { name: "home", url: "/" } }, { request: { name: "order", url: "/status/503" } }, { think: "20ms" }];
  writeFileSync(file, JSON.stringify({ name: "Shop", target: { base_url: server.url }, load: { users: 2, duration: "1s" }, steps }));
  const { code, stdout, stderr } = await runCli(["run", file]);
  assert.equal(code, 1);
  assert.match(stdout, /^Shop: failed: [\d,]+ of [\d,]+ requests\n/);
  for (const line of [
    /^Requests +[\d,]+ in 1\.\d+ s: [\d.,]+ a second$/m,
    /^Errors +[\d,]+ \([\d.]+ %\)$/m,
    /^Status +200: [\d,]+, 503: [\d,]+$/m,
    /^Times, ms +mean +p50 +p90 +p95 +p99 +p99\.9 +max$/m,
    /^latency( +[\d.,]+){7}$/m,
    /^service( +[\d.,]+){7}$/m,
    /^home +[\d,]+ +0( +[\d.,]+){4}/m,
    /^order +[\d,]+ +[1-9][\d,]*( +[\d.,]+){4}/m,
    /^check_failed +[\d,]+ +.*503/m,
  ])
    assert.match(stdout, line);
  assert.doesNotMatch(stdout, /\x1b/);
  assert.match(stderr, /^Shop\n {2}2 users for 1s, from 1 worker\n$/);
});

test("a server that is not there is exit code 1; a worker that dies is 3, with the reason", async (t) => {
  const refused = await run("--url", `http://127.0.0.1:${await freePort()}/`, "--users", "1", "--duration", "500ms", "--quiet");
  assert.equal(refused.code, 1);
  assert.deepEqual(Object.keys(refused.result.error_kinds), ["connect_refused"]);

  const server = await target(t);
  const { out, ended, workers } = await longRun(t, server, "--json", "-");
  process.kill(workers[0], "SIGKILL");
  assert.equal(await ended, 3);
  assert.match(out.stderr, /: broke off\nworker 1 of 1 was killed by signal 9/);
  const result = JSON.parse(out.stdout);
  assert.equal(result.state, "failed");
  assert.equal(result.passed, false);
});

test("the result goes to a file where that is asked for, and is not touched by a run that never was", async (t) => {
  const server = await target(t);
  const file = join(directory(t), "result.json");
  writeFileSync(file, "x".repeat(100_000));
  const url = ["--url", server.url, "--users", "1", "--json", file];
  assert.equal((await runCli(["run", ...url, "--duration", "0x"])).code, 2);
  assert.equal(readFileSync(file, "utf8").length, 100_000);
  const ran = await runCli(["run", ...url, "--duration", "500ms"]);
  assert.equal(ran.code, 0);
  assert.match(ran.stdout, /: passed\n/);
  assert.ok(JSON.parse(readFileSync(file, "utf8")).requests > 0);

  const nowhere = await runCli(["run", "--url", server.url, "--users", "1", "--duration", "1s", "--json", `${file}/x`]);
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /--json: cannot write .*: Not a directory/);
  const full = await runCli(["run", "--url", server.url, "--users", "1", "--duration", "500ms", "--json", "/dev/full"]);
  assert.equal(full.code, 3);
  assert.match(full.stderr, /cannot write \/dev\/full: No space left/);
});

// ---- Ctrl-C and progress ----------------------------------------------------------------------


test("Ctrl-C stops the test and sums up", async (t) => {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    const server = await target(t);
    const { child, out, ended, workers } = await longRun(t, server, "--json", "-");
    child.kill(signal);
    const begin = Date.now();
    assert.equal(await ended, 0);
    assert.ok(Date.now() - begin < 10_000);
    const result = JSON.parse(out.stdout);
    assert.equal(result.state, "complete");
    assert.match(result.reason, signal === "SIGINT" ? /Ctrl-C/ : /signal/);
    assert.equal(result.requests, (await server.stats()).requests);
    assert.match(out.stderr, /Stopping[^]*: passed\n/);
    assert.deepEqual(workers.filter(alive), []);
  }
});

test("twice, Ctrl-C ends it at once, and its workers with it", async (t) => {
  const server = await target(t, "--delay", "20s");
  const { child, out, ended, workers } = await longRun(t, server);
  assert.equal(workers.length, 1);
  child.kill("SIGINT");
  await until(() => out.stderr.includes("Stopping"));
  child.kill("SIGINT");
  const begin = Date.now();
  assert.equal(await ended, 3);
  assert.ok(Date.now() - begin < 2000);
  assert.match(out.stderr, /Ended at once/);
  await until(() => !workers.some(alive));
});

// Runs it on a terminal of that width (util-linux's script), and gives what came there.
function onTerminal(args, { columns = 80, env = {} } = {}) {
  const command = [squalld, ...args].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qec", `stty cols ${columns}; ${command}`, "/dev/null"], {
    env: { ...process.env, TERM: "xterm", NO_COLOR: "", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text) => (screen += text));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, screen })));
}

test("on a terminal one line is rewritten each second, never wider than the terminal, in colours", async (t) => {
  const server = await target(t);
  const args = ["run", "--url", server.url, "--users", "2", "--duration", "3s", "--name", "n".repeat(60)];
  for (const columns of [40, 80, 200]) {
    const { code, screen } = await onTerminal(args, { columns });
    assert.equal(code, 0);
    const lines = screen.split("\r\x1b[K").slice(1, -1);
    assert.ok(lines.length >= 3, screen);
    assert.match(lines[0], /^0:01\/0:03 {2}[\d.,]+ req\/s/);
    assert.ok(lines.every((line) => line.length < columns && !line.includes("\n")), screen);
    if (columns === 80) assert.match(lines[1], / {2}0 errors {2}p50 [\d.]+ ms {2}p99 [\d.]+ ms {2}2 users$/);
    assert.match(screen, /\x1b\[32mpassed\x1b\[0m/);
  }
});

test("NO_COLOR means no colours; TERM=dumb no rewritten line either", async (t) => {
  const server = await target(t);
  const args = ["run", "--url", server.url, "--users", "2", "--duration", "1s"];
  const plain = await onTerminal(args, { env: { NO_COLOR: "1" } });
  assert.match(plain.screen, /\r\x1b\[K0:01/);
  assert.doesNotMatch(plain.screen, /\x1b\[[\d;]*m/);
  assert.doesNotMatch((await onTerminal(args, { env: { TERM: "dumb" } })).screen, /\x1b/);
});

test("where there is no terminal a line comes every ten seconds, for those ten", async (t) => {
  const server = await target(t);
  const { code, stderr } = await runCli(["run", "--url", server.url, "--rate", "20", "--duration", "21s"]);
  assert.equal(code, 0);
  const lines = stderr.split("\n").filter((line) => line.includes("req/s"));
  assert.deepEqual(lines.map((line) => line.slice(0, 22)), ["0:10/0:21  20.0 req/s ", "0:20/0:21  20.0 req/s "]);
});
