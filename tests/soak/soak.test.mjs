// A daemon under load for a while (SOAK_SECONDS, 600): one long run, beside it short ones, clients
// that come and go, exports, and a second scenario made and deleted over and over. Nothing grows,
// and what a late watcher is told of the past is what the store has.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { events, scenario, startDaemon, workersOf } from "../integration/lib/daemon.mjs";
import { startTarget } from "../integration/lib/squall.mjs";

const SECONDS = Number(process.env.SOAK_SECONDS ?? 600);
const GROWTH_KB = 8_000; // of one process, from a fifth of the time to the end

const rss_kb = (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
const descriptors = (pid) => readdirSync(`/proc/${pid}/fd`).length;

async function shortRun(daemon, target) {
  const made = await daemon.create({ name: "short", ...scenario(target, { users: 5, duration: "3s" }) });
  const run = await daemon.start(made);
  for await (const { event } of events(`${daemon.url}/api/v1/runs/${run.id}/live`)) if (event === "finished") break;
  for (const what of ["series", "result", "export?format=csv", "export?format=hlog"])
    assert.equal((await daemon.api("GET", `/api/v1/runs/${run.id}/${what}`)).status, 200);
  await daemon.must(202, "DELETE", `/api/v1/scenarios/${made.id}`);
}

async function passerBy(daemon, run) {
  const leave = new AbortController();
  setTimeout(() => leave.abort(), 1500);
  try {
    for await (const _ of events(`${daemon.url}/api/v1/runs/${run.id}/live`, { signal: leave.signal }));
  } catch (error) {
    assert.equal(error.name, "AbortError");
  }
}

test("nothing grows, and the past is told as it was", async (t) => {
  const target = await startTarget();
  t.after(target.stop);
  const daemon = await startDaemon(t);
  const made = await daemon.create({ name: "long", ...scenario(target, { users: 5, duration: `${SECONDS}s` }) });
  const long = await daemon.start(made, { workers: 1 });
  await daemon.inState(long.id, "running");
  const [worker] = workersOf(daemon.pid);
  const look = () => ({ daemon: rss_kb(daemon.pid), worker: rss_kb(worker), files: descriptors(daemon.pid) });

  const began = Date.now();
  const passed_s = () => (Date.now() - began) / 1000;
  let early;
  for (let rounds = 1; passed_s() < SECONDS - 10; rounds++) {
    await Promise.all([shortRun(daemon, target), ...Array.from({ length: 10 }, () => passerBy(daemon, long))]);
    if (!early && passed_s() > SECONDS / 5) early = look();
    if (rounds % 10 === 0) console.log(`${Math.round(passed_s())} s, ${rounds} rounds: ${JSON.stringify(look())}`);
  }
  await sleep(1500); // the last passers-by are noticed at the next second
  const late = look();
  console.log(`from ${JSON.stringify(early)} to ${JSON.stringify(late)}`);

  const told = new Map();
  for await (const { event, data } of events(`${daemon.url}/api/v1/runs/${long.id}/live`)) if (event === "second") told.set(data.s, data);
  assert.equal((await daemon.getRun(long.id)).state, "complete");
  const { points, step_s } = await daemon.must(200, "GET", `/api/v1/runs/${long.id}/series?to=2000`);
  assert.equal(step_s, 1);
  const facts = (s) => [s.s, s.requests, s.users, s.latency_ms.count, s.latency_ms.p99];
  const near = (a, b) => Math.abs(a - b) <= 0.001 * b + 0.001;
  assert.deepEqual(points.map((p) => p.s), [...told.keys()].sort((a, b) => a - b).filter((s) => s < 2000));
  for (const point of points) {
    const [a, b] = [facts(told.get(point.s)), facts(point)];
    assert.deepEqual(a.slice(0, 4), b.slice(0, 4));
    assert.ok(near(a[4], b[4]), `${a} ${b}`);
  }

  assert.ok(late.daemon - early.daemon < GROWTH_KB, "the daemon grew");
  assert.ok(late.worker - early.worker < GROWTH_KB, "the worker grew");
  assert.ok(late.files - early.files < 10, "descriptors were left open");
  const { code } = await daemon.stop();
  assert.equal(code, 0);
});
