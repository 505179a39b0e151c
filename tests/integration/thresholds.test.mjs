// Thresholds, from the terminal and from the API: the verdicts, the exit code, the end of a run that
// breaks one, and the JUnit file.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { startDaemon, until } from "./lib/daemon.mjs";
import { runCli, runScenario, startTarget } from "./lib/squall.mjs";

const target = async (t, ...args) => {
  const server = await startTarget(["--quiet", ...args]);
  t.after(server.stop);
  return server;
};

const directory = (t) => {
  const dir = mkdtempSync(join(tmpdir(), "squall-thresholds-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
};

const scenario = (server, more = {}) => ({
  name: "n",
  target: { base_url: server.url },
  load: { users: 4, duration: "2s" },
  steps: [{ request: { name: "home", url: "/" } }, { request: { name: "slow", url: "/delay/60ms" } }],
  ...more,
});

// The one suite of a JUnit file: its attributes, and its cases by name.
function junit(file) {
  const text = readFileSync(file, "utf8");
  assert.equal(XMLValidator.validate(text), true);
  const always = ["testcase", "failure", "error", "system-out"];
  const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "", isArray: (name) => always.includes(name), htmlEntities: true });
  const { testsuite } = parser.parse(text).testsuites;
  return { ...testsuite, cases: Object.fromEntries(testsuite.testcase.map((c) => [c.name, c])) };
}

test("each threshold has its verdict in the result, by metric and request name", async (t) => {
  const server = await target(t);
  const { code, result } = await runScenario(
    scenario(server, {
      thresholds: [
        "latency p95 < 5s",
        { that: "service mean < 30ms", for: "slow" },
        'wait p50 > 50ms for "slow"',
        "error rate < 1 %",
        "requests > 20",
        { that: "rate > 1/s", window: "1s" },
      ],
    }),
  );
  assert.equal(code, 1);
  assert.equal(result.passed, false);
  assert.deepEqual(
    result.thresholds.map(({ text, passed, unit, limit }) => [text, passed, unit, limit]),
    [
      ["latency p95 < 5s", true, "ms", 5000],
      ['service mean < 30ms for "slow"', false, "ms", 30],
      ['wait p50 > 50ms for "slow"', true, "ms", 50],
      ["error rate < 1 %", true, "%", 1],
      ["requests > 20", true, "", 20],
      ["rate > 1/s in any 1s", true, "/s", 1],
    ],
  );
  const [latency, service, , errors, requests] = result.thresholds;
  assert.ok(Math.abs(latency.value - result.latency_ms.p95) < 0.01);
  assert.ok(Math.abs(service.value - result.by_request.slow.service_ms.mean) < 0.01);
  assert.equal(service.first_broken_s, 0);
  assert.equal(errors.value, 0);
  assert.equal(requests.value, result.requests);
});

test("where there are thresholds, they alone decide; where there are none, an error fails the run", async (t) => {
  const server = await target(t);
  const failing = { steps: [{ request: { name: "broken", url: "/status/500" } }], load: { users: 1, duration: "500ms" } };
  assert.equal((await runScenario(scenario(server, failing))).code, 1);
  const lenient = await runScenario(scenario(server, { ...failing, thresholds: ["latency p95 < 5s"] }));
  assert.equal(lenient.code, 0);
  assert.equal(lenient.result.passed, true);
  assert.ok(lenient.result.errors > 0);
  assert.equal((await runScenario(scenario(server, { ...failing, thresholds: ["error rate < 1 %"] }))).code, 1);
});

test("a run that breaks a threshold with abort ends after the grace, and says which it was", async (t) => {
  const server = await target(t);
  const began = Date.now();
  const { code, result } = await runScenario(
    scenario(server, {
      load: { users: 2, duration: "60s" },
      thresholds: [{ that: "latency p50 < 5ms", for: "slow", abort: true, grace: "2s", window: "1s" }, "error rate < 1 %"],
    }),
  );
  assert.ok(Date.now() - began < 30_000);
  assert.equal(code, 1);
  assert.equal(result.state, "complete");
  assert.equal(result.passed, false);
  assert.match(result.reason, /^ended by a threshold after 2 s: latency p50 < 5ms for "slow" in any 1s; it was \d/);
  assert.deepEqual(result.thresholds.map(({ passed, aborted }) => [passed, aborted]), [[false, true], [true, false]]);
  assert.equal(result.requests, (await server.stats()).requests);
});

test("--threshold adds to a scenario's own, and to a test of a URL", async (t) => {
  const server = await target(t);
  const own = scenario(server, { load: { users: 1, duration: "500ms" }, thresholds: ["error rate < 1 %"] });
  const { code, result } = await runScenario(own, { args: ["--threshold", "latency p50 < 1us for home", "--threshold=rate > 1/s"] });
  assert.equal(code, 1);
  assert.deepEqual(result.thresholds.map((v) => v.passed), [true, false, true]);
  const args = ["run", "--url", server.url, "--users", "1", "--duration", "500ms", "--threshold"];
  const good = await runCli([...args, "latency p95 < 10s"]);
  assert.equal(good.code, 0);
  assert.match(good.stdout, /: passed\n[^]*\nThresholds\nmet +latency p95 < 10s: [\d.]+ ms\n/);
  const bad = await runCli([...args, "latency p95 < 1us"]);
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /failed: 1 of 1 threshold was not met\n[^]*\nbroken +latency p95 < 1us: /);
  const wrong = await runCli([...args, "latncy p95 < 1s"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--threshold 'latncy p95 < 1s': there is no metric "latncy"; did you mean "latency"\?/);
});

test("a mistake in a scenario's threshold is told with its place", async (t) => {
  const file = join(directory(t), "s.json");
  writeFileSync(file, JSON.stringify(scenario({ url: "http://h" }, { thresholds: ["latency p95 < 300", "errors < 1 for hoem"] }), null, 1));
  const { code, stderr } = await runCli(["run", file]);
  assert.equal(code, 2);
  assert.match(stderr, /:\d+:\d+: "300" has no unit; write it like 300ms\n.*:\d+:\d+: no request is named "hoem"; did you mean "home"\?\n/);
});

test("the JUnit file has a case for each threshold and each request, and is XML whatever their names", async (t) => {
  const server = await target(t);
  const file = join(directory(t), "junit.xml");
  const name = `<a> & "b" 'c' é ]]> \u{1F600}`;
  const steps = [{ request: { name, url: "/status/500" } }, { request: { name: "home", url: "/" } }];
  const load = { users: 1, duration: "500ms" };
  const plain = await runScenario(scenario(server, { name, steps, load }), { args: ["--junit", file] });
  assert.equal(plain.code, 1);
  let suite = junit(file);
  assert.deepEqual([suite.name, suite.tests, suite.failures, suite.errors], [name, "3", "1", "0"]);
  assert.match(suite.cases[name].failure[0].message, /^\d+ of \d+ requests failed, check_failed: \d+$/);
  assert.equal(suite.cases.home.failure, undefined);

  const thresholds = ["latency p95 < 1us", { that: "error rate < 90 %", for: name }, "errors > 0"];
  await runScenario(scenario(server, { name, steps, load, thresholds }), { args: ["--junit", file] });
  suite = junit(file);
  assert.deepEqual([suite.tests, suite.failures], ["6", "2"]);
  assert.match(suite.cases["latency p95 < 1us"].failure[0].message, /^it was [\d.]+ ms$/);
  assert.equal(suite.cases[`error rate < 90 % for "${name}"`].failure[0].message, "it was 100 %");
  assert.equal(suite.cases["errors > 0"].failure, undefined);
  assert.match(suite.cases[name]["system-out"][0], /requests failed/);
  assert.equal(suite.cases[name].failure, undefined);

  const gone = await runCli(["run", "--url", server.url, "--users", "1", "--duration", "1s", "--junit", "/nowhere/at/all.xml"]);
  assert.equal(gone.code, 2);
  assert.match(gone.stderr, /--junit: cannot write/);
});

test("the daemon stores the verdicts and whether the run passed, and tells the present ones while it runs", async (t) => {
  const server = await target(t);
  const { api, must, create, start, finished } = await startDaemon(t);
  const made = await create(scenario(server, { load: { users: 2, duration: "3s" }, thresholds: ["latency p50 < 5ms for slow", "error rate < 1 %"] }));
  const started = await start(made);
  const present = await until(async () => {
    const { status, json } = await api("GET", `/api/v1/runs/${started.id}/result`);
    return status === 200 && json.state === "running" && json.thresholds[0]?.value !== null && json;
  }, "a second was judged");
  assert.equal(present.passed, null);
  assert.equal(present.thresholds[0].passed, false);
  const run = await finished(started.id);
  assert.equal(run.state, "complete");
  assert.equal(run.passed, false);
  const result = await must(200, "GET", `/api/v1/runs/${run.id}/result`);
  assert.equal(result.passed, false);
  assert.deepEqual(result.thresholds.map((v) => v.passed), [false, true]);
});
