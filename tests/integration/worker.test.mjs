// squalld worker as its starter meets it: frames in order, an end at every stage, a sentence for
// what is no frame or comes out of turn.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { OK, answering, hostile, saying, sized } from "./lib/hostile.mjs";
import { sanitized, squalld, startTarget } from "./lib/squall.mjs";
import { planFrame, startFrame, startWorker } from "./lib/worker.mjs";

const SOON_MS = sanitized ? 5000 : 2000; // an end that nothing delays

const get = (url, more = {}) => ({ request: { url, ...more } });
const closed = (url, duration = "1s", users = 2) => ({ target: { base_url: url }, load: { users, duration }, steps: [get("/")] });

async function target(t, ...args) {
  const server = await startTarget(["--quiet", ...args]);
  t.after(server.stop);
  return server;
}

async function readyWorker(t, scenario, options) {
  const worker = startWorker(t, options);
  worker.send(planFrame(scenario));
  await worker.until("ready");
  return worker;
}

const types = (worker) => worker.frames.map(({ frame }) => frame);
const ticks = (worker) => worker.frames.filter(({ frame }) => frame === "tick");
const requests = (tick) => tick.requests.reduce((sum, r) => sum + r.requests, 0);
const total = (worker) => ticks(worker).reduce((sum, tick) => sum + requests(tick), 0);

// Each second has its tick, in order; the last one may add to the second before.
function assertOrder(worker, seconds) {
  const numbers = ticks(worker).map(({ second }) => second);
  const whole = numbers.at(-1) === numbers.at(-2) ? numbers.slice(0, -1) : numbers;
  assert.deepEqual(whole, Array.from({ length: whole.length }, (_, i) => i));
  assert.ok(whole.length >= seconds, `${whole.length} seconds`);
  assert.equal(types(worker).at(-1), "done", "nothing comes after done");
  assert.equal(types(worker).filter((type) => type === "done").length, 1);
}

test("hello, ready, a tick each second, done; and exit code 0", async (t) => {
  const server = await target(t);
  const worker = await readyWorker(t, closed(server.url, "2500ms"));
  assert.deepEqual(worker.frames[0].pid, worker.pid);
  assert.equal(worker.frames[0].version, 1);
  const begin = worker.ms();
  worker.send(startFrame(300));
  const done = await worker.until("done");
  const { code, stderr } = await worker.ended;
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  assert.deepEqual(types(worker).slice(0, 2), ["hello", "ready"]);
  assertOrder(worker, 3);
  assert.ok(ticks(worker)[0].received_ms - begin >= 1290, "no tick before its second is over");
  assert.equal(done.stopped, false);
  assert.equal(done.unfinished, 0);
  assert.ok(done.elapsed_ns >= 2.5e9);
  assert.equal(total(worker), (await server.stats()).requests);
});

test("nothing is sent before the agreed instant", async (t) => {
  const server = await target(t, "--log-arrivals");
  const worker = await readyWorker(t, { target: { base_url: server.url }, load: { rate: 50, duration: "500ms" }, steps: [get("/")] });
  worker.send(startFrame(800));
  await sleep(500);
  assert.equal((await server.stats()).requests, 0);
  await worker.until("done");
  assert.equal((await server.stats()).requests, 25);
});

// ---- the end of stdin -------------------------------------------------------------------------

const stages = {
  "before the plan": (t) => startWorker(t),
  "before the start": async (t) => readyWorker(t, closed((await target(t)).url, "1h")),
  "before the instant of the start": async (t) => {
    const worker = await readyWorker(t, closed((await target(t)).url, "1h"));
    worker.send(startFrame(60_000));
    return worker;
  },
  "under load": async (t) => {
    const worker = await readyWorker(t, closed((await target(t)).url, "1h", 100));
    worker.send(startFrame(0));
    await worker.until("tick");
    return worker;
  },
  "with all requests waiting for an answer": async (t) => {
    const server = await hostile(t, answering(() => {}));
    const worker = await readyWorker(t, closed(server.url, "1h", 100));
    worker.send(startFrame(0));
    await worker.until("tick");
    return worker;
  },
  "while what is in flight at the end is awaited": async (t) => {
    const server = await hostile(t, answering(() => {}));
    const worker = await readyWorker(t, { ...closed(server.url, "100ms"), target: { base_url: server.url, drain: "10m" } });
    worker.send(startFrame(0));
    await worker.until("tick");
    return worker;
  },
};

for (const [stage, reach] of Object.entries(stages)) {
  test(`a worker ends when its stdin does: ${stage}`, async (t) => {
    const worker = await reach(t);
    await worker.until("hello");
    const begin = worker.ms();
    worker.close();
    const { code, signal, ms } = await worker.ended;
    assert.equal(signal, null);
    assert.equal(code, 3);
    assert.ok(ms - begin < SOON_MS, `after ${ms - begin} ms`);
    assert.ok(!types(worker).includes("done"));
  });
}

test("a worker whose starter was killed ends, even with frames that nobody reads", async (t) => {
  const server = await target(t);
  const worker = await readyWorker(t, closed(server.url, "1h", 10));
  worker.send(startFrame(0));
  await worker.until("tick");
  const pid = String(worker.pid);
  execFileSync("kill", ["-STOP", pid]);
  worker.close();
  execFileSync("kill", ["-CONT", pid]);
  assert.equal((await worker.ended).code, 3);
});

// ---- frames that are refused ------------------------------------------------------------------

const good = closed("http://127.0.0.1:1");

for (const [what, frames, sentence] of [
  ["what is no JSON", ["GET / HTTP/1.1\r\n\r\n"], /not a frame, which is one JSON object: "GET \/ HTTP\/1\.1"/],
  ["bytes that are not UTF-8", [Buffer.from('{"frame":"\xff"}\n', "latin1")], /not a frame/],
  ["a frame without a type", [{}], /"frame" must be a string/],
  ["a frame of a type that there is not", [{ frame: "pause" }], /"frame" must be a known type of frame/],
  ["a plan without a scenario", [{ frame: "plan", worker: 0, workers: 1 }], /"scenario" must be a string/],
  ["worker 3 of 3", [planFrame(good, 3, 3)], /"worker" must be less than "workers"/],
  ["a scenario with a mistake", [planFrame({ ...good, load: { users: 0, duration: "1s" } })], /./],
  ["a CA file that is not there", [planFrame({ ...good, target: { base_url: "https://127.0.0.1:1", tls: { ca_file: "/nowhere/ca.pem" } } })],
    /^the CA file "\/nowhere\/ca\.pem" cannot be read: No such file/],
  ["a second plan", [planFrame(good), planFrame(good)], /a plan came out of turn/],
  ["a start before the plan", [startFrame()], /a start came out of turn/],
  ["a second start", [planFrame(good), startFrame(60_000), startFrame(60_000)], /a start came out of turn/],
  ["a start in words", [planFrame(good), { frame: "start", wall_ns: "soon" }], /"wall_ns" must be a whole number in a string/],
  ["a start long ago", [planFrame(good), startFrame(-120_000)], /the instant of the start is too far away/],
  ["a start at the beginning of time", [planFrame(good), { frame: "start", wall_ns: "0" }], /the instant of the start is too far away/],
  ["a start in the next century", [planFrame(good), { frame: "start", wall_ns: "18446744073709551615" }], /the instant of the start is too far away/],
  ["a new level before the start", [planFrame(good), { frame: "load", wall_ns: "0", factor: 2 }], /a change of level came out of turn/],
  ["a new level before the latest", [planFrame(good), startFrame(60_000), { ...startFrame(90_000), frame: "load", factor: 2 }, { ...startFrame(80_000), frame: "load", factor: 3 }], /a change of level came out of turn/],
  ["a new level beyond all bounds", [planFrame(good), startFrame(60_000), { ...startFrame(70_000), frame: "load", factor: 101 }], /a change of level came that is out of bounds/],
  ["a frame that only a worker sends", [{ frame: "ready" }], /a frame came that only a worker sends/],
  ["a line beyond the limit", [`{"frame":"${"x".repeat(17 << 20)}`], /a line is longer than a frame may be/],
]) {
  for (const [then, more] of Object.entries({ "": [], ", and what follows it": [planFrame(good), startFrame(0), { frame: "stop" }, "more\n"] })) {
    test(`refused, with a sentence and exit code 3: ${what}${then}`, async (t) => {
      const worker = startWorker(t);
      await worker.until("hello");
      const text = [...frames, ...more].map((f) => (typeof f === "string" || Buffer.isBuffer(f) ? f : `${JSON.stringify(f)}\n`));
      worker.send(Buffer.concat(text.map((f) => Buffer.from(f))));
      const { code, signal, stderr } = await worker.ended;
      assert.equal(signal, null, stderr);
      assert.equal(code, 3);
      assert.match(stderr, sentence);
      assert.equal(stderr.split("\n").length, 2, `one line: ${stderr}`);
      assert.ok(!types(worker).includes("done"));
    });
  }
}

test("empty lines are nothing", async (t) => {
  const worker = startWorker(t);
  worker.send(`\n\n${JSON.stringify(planFrame(good))}\n\n`);
  await worker.until("ready");
});

test("files in place of pipes are refused with a sentence", () => {
  const script = 'f=$(mktemp); for words in "</dev/null" "<$f" "</dev/zero >$f" ">/dev/null"; do eval "$1 worker $words"; echo $?; done; rm $f';
  const out = execFileSync("bash", ["-c", `exec 2>&1 <<<""; ${script}`, "bash", squalld], { encoding: "utf8" });
  assert.equal(out, "a worker wants pipes as standard input and output\n3\n".repeat(4));
});

// ---- stop -------------------------------------------------------------------------------------

test("stop before the plan, before the start and before its instant: done at once", async (t) => {
  for (const frames of [[], [planFrame(good)], [planFrame(good), startFrame(60_000)]]) {
    const worker = startWorker(t);
    for (const frame of frames) worker.send(frame);
    worker.send({ frame: "stop" });
    const done = await worker.until("done");
    const { code, stderr } = await worker.ended;
    assert.equal(code, 0, stderr);
    assert.ok(done.stopped);
    assert.equal(done.elapsed_ns, 0);
    assert.equal(types(worker).at(-1), "done");
  }
});

test("a start that is just over is caught up with", async (t) => {
  const server = await target(t);
  const worker = await readyWorker(t, { target: { base_url: server.url }, load: { rate: 50, duration: "4s" }, steps: [get("/")] });
  worker.send(startFrame(-2500));
  await worker.until("done");
  assertOrder(worker, 4);
  assert.equal(total(worker), 200);
});

test("stop under load: what is in flight is awaited, then done", async (t) => {
  const server = await target(t, "--delay", "300ms");
  const worker = await readyWorker(t, closed(server.url, "1h", 20));
  worker.send(startFrame(0));
  await worker.until("tick");
  const begin = worker.ms();
  worker.send({ frame: "stop" });
  worker.send({ frame: "stop" });
  const done = await worker.until("done");
  assert.equal((await worker.ended).code, 0);
  assert.ok(done.stopped);
  assert.equal(done.unfinished, 0);
  assert.ok(done.received_ms - begin < 300 + SOON_MS);
  assertOrder(worker, 1);
  assert.equal(total(worker), (await server.stats()).requests, "none is lost");
});

test("after the drain time, done says how many are still in flight", async (t) => {
  const server = await hostile(t, answering(() => {}));
  const worker = await readyWorker(t, { ...closed(server.url, "500ms", 7), target: { base_url: server.url, drain: "300ms" } });
  worker.send(startFrame(0));
  const done = await worker.until("done");
  assert.equal(done.unfinished, 7);
  assert.equal(done.stopped, false);
  assert.equal(total(worker), 0);
  assert.equal((await worker.ended).code, 0);
});

// ---- held up ----------------------------------------------------------------------------------

test("a worker that was stopped for two seconds leaves no second out, and none is odd", async (t) => {
  const server = await target(t);
  const worker = await readyWorker(t, { target: { base_url: server.url }, load: { rate: 200, duration: "4s" }, steps: [get("/")] });
  worker.send(startFrame(0));
  await worker.until("tick");
  await sleep(200);
  worker.signal("SIGSTOP");
  await sleep(2000);
  worker.signal("SIGCONT");
  await worker.until("done");
  assert.equal((await worker.ended).code, 0);
  assertOrder(worker, 4);
  assert.equal(total(worker), 800, "what was due meanwhile is caught up with");
  assert.equal(ticks(worker).reduce((sum, tick) => sum + tick.arrivals, 0), 800);
  for (const { second, cpu } of ticks(worker)) assert.ok(cpu <= 1.05, `second ${second}: ${cpu} of a core`);
});

test("cpu is at most a core in every tick, the short last one too", async (t) => {
  const server = await target(t);
  for (let i = 0; i < 3; i++) {
    const worker = await readyWorker(t, closed(server.url, "1s", 50));
    worker.send(startFrame(0));
    await worker.until("done");
    for (const { second, cpu } of ticks(worker)) assert.ok(cpu <= 1.05, `second ${second}: ${cpu} of a core`);
  }
});

// ---- a starter that does not read ---------------------------------------------------------------

// Fails in `kinds` ways with long texts: some 14 KB a sample, three of a kind and name.
const NULS = "\0".repeat(3000);
const failing = [sized(NULS, "500 No"), `HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n${NULS}`];
const wordy = (url, names, duration) => ({
  target: { base_url: url, headers: { "X-Long": "x".repeat(2000) } },
  load: { users: 4, duration },
  steps: Array.from({ length: names }, (_, i) => get("/", { name: `n${i}` })),
});

test("frames that are read late are all there, in order, and done is the last", async (t) => {
  const server = await hostile(t, saying(failing[0]));
  const worker = startWorker(t, { read: false });
  worker.send(planFrame(wordy(server.url, 200, "2s")));
  worker.send(startFrame(500));
  await sleep(5000); // seconds after its end
  worker.read();
  const { code, stderr } = await worker.ended;
  assert.equal(code, 0, stderr);
  assertOrder(worker, 1);
  const samples = worker.frames.filter(({ frame }) => frame === "sample");
  assert.ok(samples.length > 50, `${samples.length} samples: more than a pipe holds, at some 14 KB each`);
});

test("a starter that never reads: the worker ends with a sentence, not with all memory", async (t) => {
  let count = 0;
  const server = await hostile(t, answering((socket) => socket.write(failing[++count % 3 && 1], "latin1")));
  const worker = startWorker(t, { read: false });
  worker.send(planFrame(wordy(server.url, 1000, "1h")));
  worker.send(startFrame(500));
  const timer = setTimeout(() => worker.signal("SIGKILL"), 60_000);
  await worker.exited;
  clearTimeout(timer);
  worker.drop();
  const { code, stderr } = await worker.ended;
  assert.equal(code, 3);
  assert.match(stderr, /^the starter does not keep up with reading\n$/);
});

test("a starter that closes the worker's stdout: it ends with a sentence", async (t) => {
  const server = await target(t);
  const worker = await readyWorker(t, closed(server.url, "1h"));
  worker.send(startFrame(0));
  await worker.until("tick");
  worker.deafen();
  const { code, stderr } = await worker.ended;
  assert.equal(code, 3);
  assert.equal(stderr, "the starter does not read any more\n");
});

test("with nothing read, the end of stdin still ends it", async (t) => {
  const server = await hostile(t, saying(failing[0]));
  const worker = startWorker(t, { read: false });
  worker.send(planFrame(wordy(server.url, 200, "500ms")));
  worker.send(startFrame(500));
  await sleep(2500);
  const begin = worker.ms();
  worker.close();
  const ms = (await worker.exited) - begin;
  assert.ok(ms < SOON_MS, `after ${ms} ms`);
});
