// The live stream: each second once it is merged, from the beginning or from where a client was.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { connect } from "node:net";
import { test } from "node:test";
import { promisify } from "node:util";
import { events, isSchema, scenario, startDaemon, until } from "./lib/daemon.mjs";
import { sanitized, startTarget } from "./lib/squall.mjs";

async function target(t) {
  const server = await startTarget();
  t.after(server.stop);
  return server;
}

const live = (daemon, run) => `${daemon.url}/api/v1/runs/${run.id}/live`;

async function all(stream) {
  const list = [];
  for await (const event of stream) list.push(event);
  return list;
}

// The latest word on each second: [[s, data]...]
const seconds = (list) => [...new Map(list.filter((e) => e.event === "second").map((e) => [e.data.s, e.data]))];

test("a watcher sees every state and every second, and the stream ends with the run", async (t) => {
  const server = await target(t);
  const daemon = await startDaemon(t);
  const run = await daemon.start(await daemon.create(scenario(server, { duration: "3s" })));
  const list = await all(events(live(daemon, run)));

  for (const { event, data, id } of list) {
    isSchema(event === "second" ? "Second" : "Run", data);
    if (event === "second") assert.equal(Number(id), data.s);
  }
  assert.equal(list[0].event, "state");
  assert.equal(list.at(-1).event, "finished");
  assert.equal(list.at(-1).data.state, "complete");
  const states = list.filter((e) => e.event === "state").map((e) => e.data.state);
  assert.deepEqual(states.slice(-3), ["running", "collecting", "complete"]);

  const told = seconds(list);
  assert.deepEqual(told.slice(0, 3).map(([s]) => s), [0, 1, 2]);
  const result = await daemon.must(200, "GET", `/api/v1/runs/${run.id}/result`);
  assert.equal(told.reduce((sum, [, s]) => sum + s.requests, 0), result.requests);
  assert.deepEqual(Object.keys(told[1][1].by_request).sort(), ["home", "order"]);
});

test("seconds come as they pass, not at the end", async (t) => {
  const server = await target(t);
  const daemon = await startDaemon(t);
  const run = await daemon.start(await daemon.create(scenario(server, { duration: "4s" })));
  const at = [];
  for await (const { event, data } of events(live(daemon, run))) if (event === "second" && data.s === at.length) at.push(performance.now());
  const gaps = at.slice(1, 4).map((ms, i) => ms - at[i]);
  if (!sanitized) for (const gap of gaps) assert.ok(gap > 500 && gap < 1800, `gaps of ${gaps} ms`);
});

test("who comes late is told of all seconds so far, who comes back of those missed", async (t) => {
  const server = await target(t);
  const daemon = await startDaemon(t);
  const run = await daemon.start(await daemon.create(scenario(server, { duration: "6s" })));
  await until(async () => (await daemon.getRun(run.id)).summary?.duration_s >= 3, "three seconds have passed");
  const [late, back] = await Promise.all([
    all(events(live(daemon, run))),
    all(events(live(daemon, run), { headers: { "Last-Event-ID": "1" } })),
  ]);
  const numbers = seconds(late).map(([s]) => s);
  assert.deepEqual(numbers.slice(0, 6), [0, 1, 2, 3, 4, 5]);
  assert.deepEqual(seconds(back).map(([s]) => s).slice(0, 4), [2, 3, 4, 5]);
  assert.deepEqual(seconds(late).filter(([s]) => s > 1), seconds(back));
});

test("a run that is over answers with what it became, and ends", async (t) => {
  const server = await target(t);
  const daemon = await startDaemon(t);
  const run = await daemon.start(await daemon.create(scenario(server, { duration: "1s" })));
  await daemon.finished(run.id);
  const list = await all(events(live(daemon, run)));
  assert.deepEqual(list.map((e) => [e.event, e.data.state]), [["state", "complete"], ["finished", "complete"]]);
});

test("a stopped run ends its streams; so does a stopped daemon", async (t) => {
  const server = await target(t);
  const daemon = await startDaemon(t);
  const made = await daemon.create(scenario(server, { duration: "5m" }));
  const run = await daemon.start(made);
  const watching = all(events(live(daemon, run)));
  await daemon.inState(run.id, "running");
  await daemon.must(202, "POST", `/api/v1/runs/${run.id}/stop`);
  assert.match((await watching).at(-1).data.reason, /stopped on request/);

  const another = await daemon.start(made);
  const last = all(events(live(daemon, another)));
  await daemon.inState(another.id, "running");
  const { code } = await daemon.stop();
  assert.equal(code, 0);
  const finished = (await last).at(-1);
  assert.equal(finished.event, "finished");
  assert.match(finished.data.reason, /the daemon was stopped/);
});

test("while nothing happens a comment keeps the stream open, beyond the idle time-out", async (t) => {
  const server = await target(t);
  const daemon = await startDaemon(t, { args: ["--max-parallel-runs", 1, "--idle-timeout", "2s"] });
  const made = await daemon.create(scenario(server, { duration: "5m" }));
  const first = await daemon.start(made);
  const waiting = await daemon.start(made);
  const began = performance.now();
  for await (const event of events(live(daemon, waiting))) {
    if (event.comment === undefined) continue;
    const passed = performance.now() - began;
    assert.ok(passed > 12_000 && passed < 20_000, `after ${passed} ms`);
    break;
  }
  await daemon.must(202, "POST", `/api/v1/runs/${waiting.id}/stop`);
  await daemon.must(202, "POST", `/api/v1/runs/${first.id}/stop`);
  await Promise.all([daemon.finished(first.id), daemon.finished(waiting.id)]);
});

test("a hundred watchers see the same, and the daemon lets them go", async (t) => {
  const server = await target(t);
  const daemon = await startDaemon(t);
  const run = await daemon.start(await daemon.create(scenario(server, { duration: "3s" })));
  const lists = await Promise.all(Array.from({ length: 100 }, () => all(events(live(daemon, run)))));
  const [first, ...others] = lists.map((list) => JSON.stringify(seconds(list)));
  for (const other of others) assert.equal(other, first);
});

test("as many streams as are allowed, and no more", async (t) => {
  const server = await target(t);
  const daemon = await startDaemon(t, { args: ["--max-live-streams", 2] });
  const run = await daemon.start(await daemon.create(scenario(server, { duration: "5m" })));
  const leave = new AbortController();
  const opened = [0, 1].map(() => events(live(daemon, run), { signal: leave.signal }));
  for (const stream of opened) await stream.next();
  const refused = await daemon.api("GET", `/api/v1/runs/${run.id}/live`);
  assert.equal(refused.status, 503);
  leave.abort();
  // The daemon notices at the next second that it cannot deliver.
  await until(async () => {
    const again = new AbortController();
    const response = await fetch(live(daemon, run), { signal: again.signal });
    again.abort();
    return response.status === 200;
  }, "a stream is free again");
  await daemon.must(202, "POST", `/api/v1/runs/${run.id}/stop`);
  await daemon.finished(run.id);
});

async function isEstablished(port, peerPort) {
  const filter = `( sport = :${port} and dport = :${peerPort} )`;
  const { stdout } = await promisify(execFile)("ss", ["-tnH", "state", "established", filter]);
  return stdout.trim() !== "";
}

test("a client that does not read is cut off, and costs the others nothing", async (t) => {
  const server = await target(t);
  const daemon = await startDaemon(t, { args: ["--idle-timeout", "5s"] });
  // Many request names make a second large: what the kernel holds back is soon full.
  const steps = Array.from({ length: 400 }, (_, i) => ({ request: { name: `${"n".repeat(200)}${i}`, url: "/" } }));
  const run = await daemon.start(await daemon.create({ ...scenario(server, { users: 20, duration: "5m" }), steps }));
  await daemon.inState(run.id, "running");
  const socket = connect(daemon.port, "127.0.0.1");
  await new Promise((resolve) => socket.on("connect", resolve));
  const { localPort } = socket;
  socket.on("error", () => {});
  socket.write(`GET /api/v1/runs/${run.id}/live HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  socket.pause();
  const watching = all(events(live(daemon, run)));
  await until(async () => !(await isEstablished(daemon.port, localPort)), "the daemon closes the connection", 60_000);
  socket.destroy();
  await daemon.must(202, "POST", `/api/v1/runs/${run.id}/stop`);
  const list = await watching;
  assert.equal(list.at(-1).event, "finished");
  const numbers = seconds(list).map(([s]) => s);
  assert.deepEqual(numbers, numbers.map((_, i) => i), "the one who reads missed nothing");
});
