// The load that arrives is the load that was planned: users over time, arrivals to the unit, shared
// among workers without gap or overlap; and what is told of it is true. Against squalld target.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runCli, runScenario, sanitized, squalld, startTarget } from "./lib/squall.mjs";
import { planFrame, startFrame, startWorker } from "./lib/worker.mjs";

async function target(t, ...args) {
  const server = await startTarget(["--quiet", ...args]);
  t.after(server.stop);
  return server;
}

const get = (url, more = {}) => ({ request: { url, ...more } });
const scenario = (server, load, steps = [get("/")], more = {}) => ({ target: { base_url: server.url, ...more }, load, steps });
const run = (server, load, { steps, args = [], ...more } = {}) => runScenario(scenario(server, load, steps, more), { args });
const workers = (n) => ["--workers", String(n)];
const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
const near = (value, wanted, by, what) => assert.ok(Math.abs(value - wanted) <= by, `${what}: ${value}, not ${wanted} ± ${by}`);

// Runs a scenario on workers that the test starts itself, all from one instant, with changes of the
// level [s after the start, factor]: the ticks of each.
async function ticksOf(t, document, count, changes = []) {
  const all = Array.from({ length: count }, () => startWorker(t));
  all.forEach((worker, i) => worker.send(planFrame(document, i, count)));
  await Promise.all(all.map((worker) => worker.until("ready")));
  const start = startFrame(300);
  for (const worker of all) worker.send(start);
  for (const [s, factor] of changes)
    for (const worker of all) worker.send({ frame: "load", wall_ns: String(BigInt(start.wall_ns) + BigInt(s * 1e9)), factor });
  for (const worker of all) assert.equal((await worker.ended).code, 0);
  return all.map((worker) => worker.frames.filter(({ frame }) => frame === "tick"));
}

// A number of each second, over all workers; of a second's first tick where it has two.
const perSecond = (ticks, field) => {
  const seconds = Math.max(...ticks.map((of) => of.at(-1).second)) + 1;
  return Array.from({ length: seconds }, (_, s) => sum(ticks.map((of) => of.find(({ second }) => second === s)?.[field] ?? 0)));
};
const total = (ticks, field) => sum(ticks.flat().map((tick) => tick[field]));

// ---- closed -----------------------------------------------------------------------------------

test("users follow the stages, on one worker and on three", async (t) => {
  const server = await target(t, "--delay", "5ms");
  const users = [
    { target: 8, duration: "2s" },
    { target: 8, duration: "1500ms" },
    { target: 3, duration: "0s" },
    { target: 3, duration: "1s" },
  ];
  for (const count of [1, 3]) {
    const ticks = await ticksOf(t, scenario(server, { users }), count);
    // At the end of each second; half of the way up, 4 are at work.
    assert.deepEqual(perSecond(ticks, "users").slice(0, 4), [4, 8, 8, 3]);
  }
  assert.equal((await server.stats()).connections.accepted, 8 + 8 + 1, "each user has a connection");
});

test("users are dealt out among workers", async (t) => {
  const server = await target(t, "--delay", "5ms");
  const ticks = await ticksOf(t, scenario(server, { users: 7, duration: "1500ms" }), 3);
  assert.deepEqual(ticks.map((of) => of[0].users), [3, 2, 2]);
});

test("a user goes through the steps in order, over and over, one request at a time", async (t) => {
  const server = await target(t, "--log-arrivals");
  const { code, result } = await run(server, { users: 1, duration: "500ms" }, { steps: [get("/a"), get("/b"), get("/c")] });
  assert.equal(code, 0);
  const arrivals = (await (await fetch(`${server.url}/_arrivals?since=0`)).text()).trim().split("\n");
  assert.equal(arrivals.length, result.requests);
  arrivals.forEach((line, i) => assert.equal(line.split(" ")[1], ["/a", "/b", "/c"][i % 3]));
});

test("fewer users ask less: those above the level stop", async (t) => {
  const server = await target(t, "--delay", "10ms");
  const users = [{ target: 20, duration: "0s" }, { target: 20, duration: "1s" }, { target: 2, duration: "0s" }, { target: 2, duration: "2s" }];
  const [ticks] = await ticksOf(t, scenario(server, { users }), 1);
  const requests = ticks.map((tick) => sum(tick.requests.map((r) => r.requests)));
  assert.ok(requests[2] < requests[0] / 2, `${requests}`);
  assert.ok(requests[2] <= 2 * 100 + 10, "two users, 10 ms an answer");
});

for (const [what, think] of Object.entries({
  fixed: "200ms",
  uniform: { uniform: ["100ms", "300ms"] },
  exponential: { exponential: "200ms" },
})) {
  test(`think time, ${what}: users pause for as long as they should`, async (t) => {
    const server = await target(t);
    const { code, result } = await run(server, { users: 40, duration: "2s" }, { steps: [get("/"), { think }] });
    assert.equal(code, 0);
    const most = 40 * (2 / 0.2 + 1);
    assert.ok(result.requests <= (what === "fixed" ? most : 1.3 * most), `${result.requests} of ${most}`);
    if (!sanitized) assert.ok(result.requests >= 0.5 * most, `${result.requests} of ${most}`);
    assert.ok(result.latency_ms.p50 < 100, "a pause is no latency");
  });
}

// ---- open -------------------------------------------------------------------------------------

for (const count of [1, 2, 3]) {
  test(`a constant rate on ${count} worker${count > 1 ? "s" : ""}: as many arrivals as rate times duration, to the unit`, async (t) => {
    const server = await target(t);
    const { code, result } = await run(server, { rate: 301, duration: "2s" }, { args: workers(count) });
    assert.equal(code, 0);
    assert.equal(result.requests, 602);
    assert.equal(result.generator.arrivals, 602);
    assert.equal(result.generator.workers, count);
    assert.equal(result.generator.dropped, 0);
    assert.equal((await server.stats()).requests, 602);
  });
}

test("arrivals are dealt out among workers", async (t) => {
  const server = await target(t);
  const ticks = await ticksOf(t, scenario(server, { rate: 10, duration: "1s" }), 3);
  assert.deepEqual(ticks.map((of) => total([of], "arrivals")), [4, 3, 3]);
});

test("no arrival is early, and most are on time", async (t) => {
  const server = await target(t, "--log-arrivals");
  const all = [0, 1].map(() => startWorker(t));
  all.forEach((worker, i) => worker.send(planFrame(scenario(server, { rate: 200, duration: "2s" }), i, 2)));
  await Promise.all(all.map((worker) => worker.until("ready")));
  const start = startFrame(300);
  // The target's log is of the monotonic clock, as hrtime is; the wall clock is read to the millisecond.
  const start_mono_ns = process.hrtime.bigint() + BigInt(start.wall_ns) - BigInt(Date.now()) * 1000000n;
  for (const worker of all) worker.send(start);
  for (const worker of all) await worker.ended;
  const lines = (await (await fetch(`${server.url}/_arrivals?since=0`)).text()).trim().split("\n");
  assert.equal(lines.length, 400);
  const late_ms = lines.map((line, i) => Number(BigInt(line.split(" ")[0]) - start_mono_ns) / 1e6 - i * 5);
  assert.ok(Math.min(...late_ms) > -2, `early by ${-Math.min(...late_ms)} ms`);
  const median = late_ms.sort((a, b) => a - b)[200];
  if (!sanitized) assert.ok(median < 250, `median ${median} ms late`);
});

test("ramps and stages: as many arrivals as the area under them", async (t) => {
  const server = await target(t);
  const ramp = await run(server, { rate: 200, ramp: "1s", duration: "1500ms" });
  assert.equal(ramp.result.requests, 200 / 2 + 200 / 2);
  const stages = { rate: [{ target: 100, duration: "1s" }, { target: 100, duration: "1s" }, { target: 0, duration: "2s" }] };
  const ticks = await ticksOf(t, scenario(server, stages), 2);
  assert.equal(total(ticks, "arrivals"), 250);
  assert.equal((await server.stats()).requests, 200 + 250);
  // A busy machine may count some of them in the second beside.
  let planned = 0, begun = 0;
  const seconds = perSecond(ticks, "arrivals");
  for (const [s, wanted] of [50, 100, 75, 25].entries()) {
    planned += wanted;
    begun += seconds[s];
    assert.ok(Math.abs(begun - planned) <= (sanitized ? 100 : 50), `${seconds}`);
  }
});

test("max_users: arrivals wait for a free user, count as late, and their latency from the planned instant", async (t) => {
  const server = await target(t, "--delay", "100ms");
  const { result } = await run(server, { rate: 100, duration: "2s", max_users: 5 }, { args: workers(1) });
  const { arrivals, late, dropped, unfinished, send_lag_ms } = result.generator;
  assert.equal(arrivals, 200);
  assert.equal(result.requests + dropped, 200, "each is answered or dropped");
  assert.equal(unfinished, 0);
  assert.ok(result.requests <= 5 * 21, "five users, 100 ms an answer");
  assert.ok(late >= 90 && dropped >= 90, `${late} late, ${dropped} dropped`);
  assert.ok(result.latency_ms.max >= 800, "a queue of one second at the end");
  assert.ok(result.service_ms.p50 >= 100 && result.service_ms.p50 < result.latency_ms.p50);
  assert.ok(send_lag_ms.max < result.latency_ms.max, "waiting for a user is not the generator's fault");
  assert.equal((await server.stats()).connections.accepted, 5 + 1);
  assert.ok(result.notes.length > 0, "and the result says so");
});

test("when_busy drop: arrivals that find no free user are given up at once, and told", async (t) => {
  const server = await target(t, "--delay", "100ms");
  const { result } = await run(server, { rate: 100, duration: "2s", max_users: 5, when_busy: "drop" }, { args: workers(1) });
  const { arrivals, late, dropped } = result.generator;
  assert.equal(arrivals, 200);
  assert.equal(result.requests + dropped, 200, "each is answered or dropped");
  assert.equal(late, 0);
  assert.ok(dropped >= 90, `${dropped} dropped`);
  if (!sanitized) assert.ok(result.latency_ms.p50 < 400, "nobody waits in a queue");
  assert.ok(result.notes.some((note) => note.startsWith(`${dropped} of 200 planned arrivals were never started`) && note.includes("drop them")));
});

test("Poisson arrivals: the same process on one worker and on three, each arrival once", async (t) => {
  const server = await target(t);
  const load = { rate: 300, duration: "2s", arrivals: "poisson", seed: 7 };
  const totals = [];
  for (const count of [1, 3]) {
    const ticks = await ticksOf(t, scenario(server, load), count);
    totals.push(total(ticks, "arrivals"));
    assert.ok(ticks.every((of) => Math.abs(total([of], "arrivals") - totals[0] / count) <= 1));
  }
  assert.equal(totals[0], totals[1]);
  near(totals[0], 600, 4 * Math.sqrt(600), "arrivals");
  assert.equal((await server.stats()).requests, 2 * totals[0]);
});

test("Poisson arrivals, as the target sees them: short gaps and long ones, as many as there should be", { skip: sanitized }, async (t) => {
  const server = await target(t, "--log-arrivals");
  const { code } = await run(server, { rate: 50, duration: "8s", arrivals: "poisson" }, { args: workers(2) });
  assert.equal(code, 0);
  const at = (await (await fetch(`${server.url}/_arrivals?since=0`)).text()).trim().split("\n").map((line) => Number(line.split(" ")[0]) / 1e6);
  const gaps = at.sort((a, b) => a - b).slice(1).map((ms, i) => ms - at[i]);
  const mean = sum(gaps) / gaps.length;
  near(mean, 20, 3, "mean gap");
  // A busy machine moves single arrivals; of even ones hardly any gap would be so short or so long.
  const share = (of) => gaps.filter(of).length / gaps.length;
  near(share((gap) => gap < mean / 4), 1 - Math.exp(-1 / 4), 0.1, "short gaps");
  near(share((gap) => gap > 2 * mean), Math.exp(-2), 0.06, "long gaps");
});

test("what is on its way at the end is awaited", async (t) => {
  const server = await target(t, "--delay", "700ms");
  const { code, result } = await run(server, { rate: 50, duration: "1s" });
  assert.equal(code, 0);
  assert.equal(result.requests, 50);
  assert.equal(result.generator.unfinished, 0);
  assert.ok(result.duration_s >= 1.6, `${result.duration_s} s`);
});

test("a target that freezes for a second is told by every percentile", { skip: sanitized }, async (t) => {
  const server = await target(t, "--stall", "every=4s,for=1s");
  const { code, result } = await run(server, { rate: 400, duration: "4s" });
  assert.equal(code, 0);
  assert.equal(result.requests, 1600);
  // A quarter of the arrivals meet it, and wait from 0 to 1 s: P(latency > x) = (1 - x) / 4. A busy
  // machine makes latencies longer, never shorter; how exact they are on a quiet one, the bench tells.
  const { p50, p90, p95, p99, max, mean } = result.latency_ms;
  for (const [what, value, truth] of [["p90", p90, 600], ["p95", p95, 800], ["p99", p99, 960], ["max", max, 997], ["mean", mean, 125]])
    assert.ok(value >= 0.97 * truth && value < truth + 250, `${what}: ${value}, not ${truth}`);
  assert.ok(p50 < 250, `p50 ${p50}`);
});

// ---- a count of iterations ----------------------------------------------------------------------

test("iterations: shared by all users, exact on any number of workers, and the run ends with the last", async (t) => {
  const server = await target(t);
  for (const count of [1, 3]) {
    const { code, result } = await run(server, { users: 7, iterations: 1000 }, { args: workers(count), steps: [get("/a"), get("/b")] });
    assert.equal(code, 0);
    assert.equal(result.by_request["GET /a"].requests, 1000);
    assert.equal(result.by_request["GET /b"].requests, 1000);
    assert.ok(result.duration_s < 30, `${result.duration_s} s, not an hour`);
  }
  const { result } = await run(server, { users: 2, iterations: 1 }, { args: workers(2) });
  assert.equal(result.requests, 1, "a worker without a share ends too");
  assert.equal((await server.stats()).requests, 4001);
});

test("iterations_per_user: each user does so many, those that come late too", async (t) => {
  const server = await target(t);
  for (const count of [1, 3]) {
    const { code, result } = await run(server, { users: 7, iterations_per_user: 20, ramp: "500ms", duration: "30s" }, { args: workers(count) });
    assert.equal(code, 0);
    assert.equal(result.requests, 140);
    assert.ok(result.duration_s < 20, `${result.duration_s} s`);
  }
});

test("the duration ends a count that is not through", async (t) => {
  const server = await target(t, "--delay", "100ms");
  const { result } = await run(server, { users: 2, iterations: 1000, duration: "1s" });
  assert.ok(result.requests <= 2 * 11 && result.requests >= 2, `${result.requests}`);
});

test("--iterations: so many requests of one URL", async (t) => {
  const server = await target(t);
  const { code } = await runCli(["run", "--url", server.url, "--users", "3", "--iterations", "50", "--quiet"]);
  assert.equal(code, 0);
  assert.equal((await server.stats()).requests, 50);
});

// ---- warm-up ------------------------------------------------------------------------------------

test("warm-up is sent and not counted", async (t) => {
  const server = await target(t);
  const { code, result } = await runScenario({ ...scenario(server, { rate: 100, duration: "3s" }), warm_up: "1s" });
  assert.equal(code, 0);
  assert.equal((await server.stats()).requests, 300);
  assert.equal(result.warm_up_s, 1);
  near(result.requests, 200, 30, "requests");
  assert.equal(result.generator.arrivals <= 250, true);
  assert.ok(result.notes.some((note) => note.includes("warm-up")));
});

// ---- a change of level --------------------------------------------------------------------------

test("the level of an open load changes for all workers at one instant: to the unit as many arrivals", async (t) => {
  const server = await target(t);
  for (const count of [1, 3]) {
    const ticks = await ticksOf(t, scenario(server, { rate: 100, duration: "4s" }), count, [[1, 2], [2.5, 0], [3, 0.5]]);
    assert.equal(total(ticks, "arrivals"), 100 + 300 + 0 + 50);
    const seconds = perSecond(ticks, "arrivals");
    [100, 200, 100, 50].forEach((wanted, s) => near(seconds[s], wanted, sanitized ? 80 : 45, `second ${s}`));
  }
});

test("the level of a closed load changes: users come and go", async (t) => {
  const server = await target(t, "--delay", "5ms");
  const ticks = await ticksOf(t, scenario(server, { users: 10, duration: "4s" }), 3, [[0.5, 1.5], [1.5, 0.3], [2.5, 1]]);
  assert.deepEqual(perSecond(ticks, "users").slice(0, 3), [15, 3, 10]);
});

test("+ and - in the terminal change the level by a tenth, and the result says when", async (t) => {
  const server = await target(t);
  const dir = mkdtempSync(join(tmpdir(), "squall-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const command = `${squalld} run --url ${server.url} --rate 100 --duration 4s --json ${join(dir, "result.json")}`;
  const child = spawn("script", ["-qec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, TERM: "xterm" } });
  let shown = "";
  child.stdout.on("data", (text) => (shown += text));
  const ended = new Promise((resolve) => child.on("close", resolve));
  while ((await server.stats()).requests < 30) await sleep(50);
  child.stdin.write("+");
  await sleep(100);
  child.stdin.write("x+");
  assert.equal(await ended, 0, shown);
  const { changes } = JSON.parse(readFileSync(join(dir, "result.json"), "utf8"));
  assert.deepEqual(changes.map(({ factor }) => factor), [1.1, 1.2]);
  assert.match(shown, /From \d\.\d s on, the level is 120 % of the planned one\./);
});

// ---- several flows ----------------------------------------------------------------------------

test("flows run side by side, each under its own load and for its own time", async (t) => {
  const server = await target(t);
  const { code, result } = await runScenario({
    target: { base_url: server.url },
    flows: [
      { name: "readers", load: { users: 3, duration: "1500ms" }, steps: [get("/read"), { think: "50ms" }] },
      { name: "writers", load: { rate: 40, duration: "1s" }, steps: [get("/write", { body: "x" }), get("/check")] },
      { name: "late", load: { rate: [{ target: 0, duration: "1s" }, { target: 50, duration: "0s" }, { target: 50, duration: "1s" }] }, steps: [get("/late")] },
    ],
  });
  assert.equal(code, 0);
  const { by_path } = await server.stats();
  assert.equal(by_path["/write"], 40);
  assert.equal(by_path["/check"], 40);
  assert.equal(by_path["/late"], 50);
  assert.equal(result.by_request["POST /write"].requests, 40);
  assert.equal(by_path["/read"], result.by_request["GET /read"].requests);
  assert.ok(by_path["/read"] <= 3 * 31 && by_path["/read"] > 10);
  assert.equal(result.generator.arrivals, 90);
  assert.ok(result.duration_s >= 2);
});

// ---- the end by hand ----------------------------------------------------------------------------

test("Ctrl-C ends the load; what is on its way is awaited, and all is counted", async (t) => {
  const server = await target(t, "--delay", "200ms");
  const child = spawn(squalld, ["run", "--url", server.url, "--users", "10", "--duration", "1h", "--workers", "2", "--quiet", "--json", "-"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let stdout = "";
  child.stdout.on("data", (text) => (stdout += text));
  const ended = new Promise((resolve) => child.on("close", resolve));
  while ((await server.stats()).requests < 20) await sleep(50);
  child.kill("SIGINT");
  await ended;
  const result = JSON.parse(stdout);
  assert.equal(result.errors, 0);
  assert.equal(result.generator.unfinished, 0);
  assert.equal(result.requests, (await server.stats()).requests);
  assert.ok(result.latency_ms.min >= 200);
});

// ---- the generator, told -------------------------------------------------------------------------

test("the generator tells how late it sent and how much of a core it took", async (t) => {
  const server = await target(t);
  const { result } = await run(server, { rate: 200, duration: "2s" }, { args: workers(1) });
  const { cpu_fraction, cpu_max, send_lag_ms } = result.generator;
  assert.equal(send_lag_ms.count, 400, "of each arrival");
  assert.ok(send_lag_ms.min < 20, `${send_lag_ms.min} ms`);
  assert.ok(cpu_fraction > 0 && cpu_fraction < 1, `${cpu_fraction}`);
  assert.ok(cpu_max >= cpu_fraction && cpu_max <= 1.05, `${cpu_max}`);
});
