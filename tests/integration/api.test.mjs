// The API: scenarios, runs, limits and refusals, every answer as openapi.json promises.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { client, isSchema, openapi, rawRequest, scenario, startDaemon, until } from "./lib/daemon.mjs";
import { startTarget } from "./lib/squall.mjs";

const SCENARIOS = "/api/v1/scenarios";
const RUNS = "/api/v1/runs";
const NOBODY = { url: "http://127.0.0.1:9" };
const MISSING = "0000000000000000";

async function target(t) {
  const server = await startTarget();
  t.after(server.stop);
  return server;
}

// Sends bytes as they are; resolves to all that comes back until the daemon closes.
function say(port, text, { end = false } = {}) {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => (end ? socket.end(text) : socket.write(text)));
    socket.setEncoding("utf8").on("data", (part) => (answer += part));
    socket.on("error", () => {}).on("close", () => resolve(answer));
  });
}

// ---- the document -------------------------------------------------------------------------------

test("openapi.json is valid OpenAPI 3.1, and the daemon serves it", async (t) => {
  const checked = await new Validator().validate(structuredClone(openapi));
  assert.ok(checked.valid, JSON.stringify(checked.errors));
  const { api } = await startDaemon(t);
  const served = await api("GET", "/api/v1/openapi.json");
  assert.deepEqual(served.json, openapi);
  const again = await api("GET", "/api/v1/openapi.json", undefined, { "If-None-Match": served.headers.get("etag") });
  assert.equal(again.status, 304);
  assert.equal(again.text, "");
});

test("the scenario's schema is served, and a good scenario follows it", async (t) => {
  const { api } = await startDaemon(t);
  const { json, headers } = await api("GET", "/api/v1/scenario.schema.json");
  assert.equal(json.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.match(headers.get("content-type"), /^application\/schema\+json/);
});

test("health and info", async (t) => {
  const { api } = await startDaemon(t, { args: ["--max-workers", 7] });
  assert.equal((await api("GET", "/healthz")).json.status, "ok");
  const { json: info } = await api("GET", "/api/v1/info");
  assert.equal(info.live_runs, 0);
  assert.equal(info.limits.workers, 7);
  assert.equal(info.storage_problem, null);
  assert.ok(info.data_free_bytes > 0);
  assert.ok(info.cpus >= 1);
});

// ---- scenarios ----------------------------------------------------------------------------------

test("a scenario is created, read, replaced, listed and deleted", async (t) => {
  const { api, must } = await startDaemon(t);
  const document = { name: "Shop", description: "The way to an order", tags: ["a", "b"], ...scenario(NOBODY) };
  const created = await api("POST", SCENARIOS, document);
  assert.equal(created.status, 201);
  const { id } = created.json;
  assert.equal(created.headers.get("location"), `${SCENARIOS}/${id}`);
  assert.equal(created.headers.get("etag"), '"1"');
  assert.deepEqual(created.json.document, document);
  assert.deepEqual(created.json.tags, ["a", "b"]);

  const replaced = await api("PUT", `${SCENARIOS}/${id}`, { ...document, name: "Shop 2" });
  assert.equal(replaced.headers.get("etag"), '"2"');
  assert.equal(replaced.json.name, "Shop 2");
  const same = await api("PUT", `${SCENARIOS}/${id}`, { ...document, name: "Shop 2" });
  assert.equal(same.json.version, 2, "the same document makes no new version");

  const versions = await must(200, "GET", `${SCENARIOS}/${id}/versions`);
  assert.deepEqual(versions.items.map((v) => [v.version, v.name]), [[2, "Shop 2"], [1, "Shop"]]);
  assert.deepEqual((await must(200, "GET", `${SCENARIOS}/${id}/versions/1`)).document, document);
  assert.equal((await api("GET", `${SCENARIOS}/${id}/versions/3`)).status, 404);
  assert.equal((await api("GET", `${SCENARIOS}/${id}/versions/0`)).status, 404);
  assert.equal((await api("GET", `${SCENARIOS}/${id}/versions/x`)).status, 404);

  assert.equal((await must(202, "DELETE", `${SCENARIOS}/${id}`)).deleting, true);
  await until(async () => (await api("GET", `${SCENARIOS}/${id}`)).status === 404, "the scenario is gone");
  assert.equal((await must(200, "GET", SCENARIOS)).items.length, 0);
});

test("the document comes back as it was written, to the last digit", async (t) => {
  const { api, must } = await startDaemon(t);
  const text = '{ "steps": [{"request": {"url": "http://127.0.0.1:9/", "json": {"z": 1.10, "a": 12345678901234567, "\\u00e4": "ü"}}}],\n  "load": {"duration": "1s", "users": 1}, "name": "x" }';
  const { id } = await must(201, "POST", SCENARIOS, text);
  const { text: answer } = await api("GET", `${SCENARIOS}/${id}`);
  assert.ok(answer.includes(`"document":${text}`), answer);
});

test("lists are paged and searched, the latest changed first", async (t) => {
  const { api, must, create } = await startDaemon(t);
  const made = [];
  for (let i = 0; i < 7; i++) made.push(await create({ name: `Scenario ${i}`, tags: [i % 2 ? "odd" : "even"], ...scenario(NOBODY) }));
  const names = [];
  let cursor = "";
  for (let pages = 0; cursor !== null; pages++) {
    assert.ok(pages < 4);
    const page = await must(200, "GET", `${SCENARIOS}?limit=3${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    names.push(...page.items.map((item) => item.name));
    cursor = page.next_cursor;
  }
  assert.deepEqual(names, [6, 5, 4, 3, 2, 1, 0].map((i) => `Scenario ${i}`));
  assert.deepEqual((await must(200, "GET", `${SCENARIOS}?tag=odd`)).items.length, 3);
  assert.deepEqual((await must(200, "GET", `${SCENARIOS}?q=${encodeURIComponent("RIO 4")}`)).items.map((item) => item.name), ["Scenario 4"]);
  for (const query of ["limit=0", "limit=201", "limit=x", "limit=", "cursor=nonsense", `q=${"x".repeat(300)}`])
    assert.equal((await api("GET", `${SCENARIOS}?${query}`)).status, 400, query);
});

test("If-Match guards a change, If-None-Match saves a transfer", async (t) => {
  const { api, create } = await startDaemon(t);
  const { id } = await create(scenario(NOBODY));
  const path = `${SCENARIOS}/${id}`;
  const put = (name, etag) => api("PUT", path, { name, ...scenario(NOBODY) }, { "If-Match": etag });
  assert.equal((await put("two", '"1"')).status, 200);
  assert.equal((await put("three", '"1"')).status, 412);
  assert.equal((await put("three", 'W/"2"')).status, 412, "a weak tag is no proof");
  assert.equal((await put("three", '"1", "2"')).status, 200);
  assert.equal((await put("four", "*")).status, 200);
  assert.equal((await api("DELETE", path, undefined, { "If-Match": '"1"' })).status, 412);

  assert.equal((await api("GET", path, undefined, { "If-None-Match": '"4"' })).status, 304);
  assert.equal((await api("GET", path, undefined, { "If-None-Match": '"3"' })).status, 200);
  assert.equal((await api("DELETE", path, undefined, { "If-Match": '"4"' })).status, 202);
});

test("every mistake of a scenario is told with its place, and nothing is kept", async (t) => {
  const { api, must } = await startDaemon(t);
  const text = `{
  "nmae": "x",
  "load": {"usres": 5, "duration": "10"},
  "steps": [{"request": {"url": "/", "methd": "GET"}}, {"pause": "1s"}, {"think": -1}]
}`;
  const { status, json } = await api("POST", SCENARIOS, text);
  assert.equal(status, 422);
  assert.equal(json.type, "urn:squall:problem:scenario-invalid");
  assert.ok(json.errors.length >= 6, JSON.stringify(json.errors));
  const load = json.errors.find((e) => e.pointer.startsWith("/load/usres"));
  assert.equal(load.line, 3);
  assert.match(load.message, /did you mean "users"/);
  assert.equal((await must(200, "GET", SCENARIOS)).items.length, 0);

  const validated = await must(200, "POST", `${SCENARIOS}/validate`, text);
  assert.equal(validated.valid, false);
  assert.deepEqual(validated.errors, json.errors);
});

test("validation sums up what a document would do", async (t) => {
  const { must } = await startDaemon(t);
  const { valid, summary } = await must(200, "POST", `${SCENARIOS}/validate`, { name: "x", ...scenario(NOBODY, { users: 5, duration: "1m30s" }) });
  assert.equal(valid, true);
  assert.equal(summary.kind, "users");
  assert.equal(summary.duration_s, 90);
  assert.equal(summary.peak, 5);
  assert.deepEqual(summary.requests, ["home", "order"]);
  assert.equal(summary.workers, 1);
  const broken = await must(200, "POST", `${SCENARIOS}/validate`, "{");
  assert.equal(broken.valid, false);
  assert.equal(broken.errors.length, 1);
});

test("a body that is not JSON is told by line and column", async (t) => {
  const { api } = await startDaemon(t);
  const { status, json } = await api("POST", SCENARIOS, '{\n  "name": "x",\n  "load" {}\n}');
  assert.equal(status, 400);
  assert.equal(json.type, "urn:squall:problem:not-json");
  assert.match(json.detail, /line 3, column 1\d/);
  assert.equal(json.errors[0].line, 3);
  assert.equal((await api("POST", SCENARIOS, "")).status, 400);
  assert.equal((await api("POST", SCENARIOS, Buffer.from([0x22, 0xff, 0x22]))).status, 400, "not UTF-8");
  assert.equal((await api("POST", SCENARIOS, "[".repeat(100_000))).status, 400);
});

test("a body over the limit is refused, with an answer that arrives", async (t) => {
  const { api, url, port, must } = await startDaemon(t, { args: ["--max-body", "64KiB"] });
  const big = JSON.stringify({ name: "x", description: "y".repeat(8 << 20) });
  assert.equal((await api("POST", SCENARIOS, big)).status, 413);
  const expecting = await say(port, `POST ${SCENARIOS} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
    `Expect: 100-continue\r\nContent-Length: ${big.length}\r\n\r\n`);
  assert.match(expecting, /^HTTP\/1.1 413 /, "before the body is sent");
  const chunked = await rawRequest(url + SCENARIOS, {
    method: "POST", body: big, headers: { "Content-Type": "application/json", "Transfer-Encoding": "chunked" },
  });
  assert.equal(chunked.status, 413);
  await must(200, "GET", "/healthz");
  const fits = { name: "x", description: "y".repeat(60_000), ...scenario(NOBODY) };
  assert.equal((await api("POST", SCENARIOS, fits)).status, 201);
});

test("a body of another type is refused", async (t) => {
  const { api } = await startDaemon(t);
  const body = JSON.stringify({ name: "x", ...scenario(NOBODY) });
  const post = (type) => api("POST", SCENARIOS, body, { "Content-Type": type });
  assert.equal((await post("application/x-www-form-urlencoded")).status, 415);
  assert.equal((await post("text/plain")).status, 415);
  assert.equal((await post("application/json; charset=utf-8")).status, 201);
  assert.equal((await post("application/merge-patch+json")).status, 201);
});

// ---- what is refused ----------------------------------------------------------------------------

test("unknown paths are 404, methods that a path has not 405 with Allow", async (t) => {
  const { api, url } = await startDaemon(t);
  assert.equal((await api("GET", "/api/v1/nothing")).status, 404);
  assert.equal((await api("GET", `${SCENARIOS}/${MISSING}`)).status, 404);
  assert.equal((await api("GET", `${RUNS}/${MISSING}`)).status, 404);
  assert.equal((await api("GET", `${RUNS}/%00`)).status, 404);
  assert.equal((await api("DELETE", `${SCENARIOS}/${MISSING}`)).status, 404);
  assert.equal((await api("PUT", `${SCENARIOS}/${MISSING}`, { name: "x", ...scenario(NOBODY) })).status, 404);
  for (const more of ["live", "series", "result", "export"])
    assert.equal((await api("GET", `${RUNS}/${MISSING}/${more}`)).status, 404, more);
  assert.equal((await api("POST", `${RUNS}/${MISSING}/stop`)).status, 404);
  const refused = await rawRequest(url + RUNS, { method: "PATCH" });
  assert.equal(refused.status, 405);
  assert.equal(refused.headers.allow, "GET, HEAD, POST");
  isSchema("Problem", JSON.parse(refused.text));
});

test("HEAD answers as GET does, without the body", async (t) => {
  const { api, create } = await startDaemon(t);
  const { id } = await create(scenario(NOBODY));
  for (const path of ["/healthz", "/api/v1/info", SCENARIOS, `${SCENARIOS}/${id}`, "/api/v1/openapi.json"]) {
    const [get, head] = [await api("GET", path), await api("HEAD", path)];
    assert.equal(head.status, 200, path);
    assert.equal(head.text, "");
    assert.equal(head.headers.get("content-type"), get.headers.get("content-type"));
    assert.equal(head.headers.get("etag"), get.headers.get("etag"));
    if (path !== "/api/v1/info") assert.equal(head.headers.get("content-length"), get.headers.get("content-length"), path);
  }
  assert.equal((await api("HEAD", `${SCENARIOS}/${MISSING}`)).status, 404);
});

test("other sites' pages get nowhere", async (t) => {
  const { url, port, must } = await startDaemon(t, { args: ["--allowed-hosts", "squall.test"] });
  const ask = (headers, method = "GET") => rawRequest(url + RUNS, { method, headers }).then((answer) => answer.status);
  assert.equal(await ask({ Host: "evil.example" }), 403, "DNS rebinding");
  assert.equal(await ask({ Host: `evil.example:${port}` }, "POST"), 403);
  assert.equal(await ask({ Host: "squall.test" }), 200);
  assert.equal(await ask({ Host: `localhost:${port}` }), 200);
  const body = { "Content-Type": "application/json" };
  assert.equal(await ask({ Origin: "http://evil.example", ...body }, "POST"), 403);
  assert.equal(await ask({ Origin: "null", ...body }, "POST"), 403);
  assert.equal(await ask({ "Sec-Fetch-Site": "cross-site", ...body }, "POST"), 403);
  assert.equal(await ask({ Origin: `http://127.0.0.1:${port}`, "Sec-Fetch-Site": "same-origin", ...body }, "POST"), 400, "our own page");
  assert.equal((await must(200, "GET", RUNS)).items.length, 0);
});

test("every answer tells browsers to guess nothing and to run nothing of it", async (t) => {
  const { api } = await startDaemon(t);
  for (const path of ["/healthz", SCENARIOS, "/api/v1/nothing", "/"]) {
    const { headers } = await api("GET", path);
    assert.equal(headers.get("x-content-type-options"), "nosniff", path);
    assert.equal(headers.get("x-frame-options"), "DENY", path);
    assert.equal(headers.get("referrer-policy"), "no-referrer", path);
    assert.match(headers.get("content-security-policy"), /default-src 'none'.*frame-ancestors 'none'/, path);
    assert.doesNotMatch(headers.get("content-security-policy"), /script-src[^;]*unsafe/, path);
  }
});

test("nonsense on the wire ends its connection, not the daemon", async (t) => {
  const { port, must } = await startDaemon(t);
  for (const text of ["\0\0\0\0", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", `GET /${"x".repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: localhost\r\n${"X: y\r\n".repeat(10_000)}\r\n`, "POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{",
    "POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"])
    await say(port, text, { end: true });
  await must(200, "GET", "/healthz");
});

// ---- runs ---------------------------------------------------------------------------------------

test("a run goes through its states and ends with a result", async (t) => {
  const server = await target(t);
  const { api, must, create, start, finished } = await startDaemon(t);
  const made = await create({ name: "Shop", ...scenario(server) });
  const answer = await api("POST", RUNS, { scenario_id: made.id, note: "the first" });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get("location"), `${RUNS}/${answer.json.id}`);
  assert.ok(["queued", "provisioning"].includes(answer.json.state));

  const run = await finished(answer.json.id);
  assert.equal(run.state, "complete", run.reason);
  assert.equal(run.passed, true);
  assert.equal(run.note, "the first");
  assert.equal(run.scenario_name, "Shop");
  assert.equal(run.planned_duration_s, 2);
  assert.deepEqual(run.events.map((e) => e.to), ["queued", "provisioning", "ready", "running", "collecting", "complete"]);
  assert.ok(Date.parse(run.ended_at) - Date.parse(run.started_at) >= 1900);

  const result = await must(200, "GET", `${RUNS}/${run.id}/result`);
  assert.equal(result.state, "complete");
  assert.equal(result.passed, true);
  assert.equal(result.requests, (await server.stats()).requests);
  assert.equal(result.requests, run.summary.requests);
  assert.deepEqual(Object.keys(result.by_request).sort(), ["home", "order"]);
  assert.ok(result.by_request.home.latency_ms.p50 >= 5);

  const series = await must(200, "GET", `${RUNS}/${run.id}/series`);
  assert.equal(series.points.reduce((sum, p) => sum + p.requests, 0), result.requests);
  const home = await must(200, "GET", `${RUNS}/${run.id}/series?request=home&step=10`);
  assert.equal(home.points.length, 1);
  assert.equal(home.points[0].requests, result.by_request.home.requests);
  for (const query of ["step=0", "from=-1", "to=0", "from=5&to=5", "request=nobody"])
    assert.equal((await api("GET", `${RUNS}/${run.id}/series?${query}`)).status, 400, query);

  const again = await start(made);
  await finished(again.id);
  assert.equal((await must(200, "GET", `${SCENARIOS}/${made.id}`)).runs, 2);
  assert.deepEqual((await must(200, "GET", RUNS)).items.map((item) => item.id), [again.id, run.id]);
  assert.equal((await must(200, "GET", `${RUNS}?state=complete&limit=1`)).items.length, 1);
  assert.equal((await must(200, "GET", `${RUNS}?state=live`)).items.length, 0);
  assert.equal((await api("GET", `${RUNS}?state=gone`)).status, 400);
  assert.equal((await api("GET", `${RUNS}?scenario_id=x`)).status, 400);
  assert.equal((await must(200, "GET", `${RUNS}?scenario_id=${MISSING}`)).items.length, 0);

  await must(204, "DELETE", `${RUNS}/${run.id}`);
  assert.equal((await api("GET", `${RUNS}/${run.id}`)).status, 404);
});

test("a run of a target that answers with errors is complete and has not passed", async (t) => {
  const server = await target(t);
  const { create, start, finished, must } = await startDaemon(t);
  const made = await create({ ...scenario(server, { duration: "1s" }), steps: [{ request: { name: "broken", url: "/status/503" } }, { think: "10ms" }] });
  const run = await finished((await start(made)).id);
  assert.equal(run.state, "complete");
  assert.equal(run.passed, false);
  const result = await must(200, "GET", `${RUNS}/${run.id}/result`);
  assert.equal(result.errors, result.error_kinds.check_failed);
  assert.match(result.samples[0].detail, /503/);
  assert.match(result.samples[0].request_text, /^GET \/status\/503 HTTP\/1.1/);
});

test("a run points at the exact version it ran", async (t) => {
  const server = await target(t);
  const { api, create, start, finished } = await startDaemon(t);
  const made = await create({ name: "one", ...scenario(server, { duration: "1s" }) });
  await api("PUT", `${SCENARIOS}/${made.id}`, { name: "two", ...scenario(server, { duration: "1s" }) });
  const run = await start(made, { version: 1, workers: 2 });
  assert.equal(run.scenario_version, 1);
  assert.equal(run.scenario_name, "one");
  assert.equal(run.workers, 2);
  assert.equal((await finished(run.id)).state, "complete");
  assert.equal((await api("POST", RUNS, { scenario_id: made.id, version: 3 })).status, 404);
});

test("what is wrong with the wish for a run is told, all of it", async (t) => {
  const { api } = await startDaemon(t, { args: ["--max-workers", 8] });
  const { status, json } = await api("POST", RUNS, { scenario_id: "x", version: 0, workers: 9, note: "n".repeat(1001), nota: 1 });
  assert.equal(status, 422);
  assert.deepEqual(json.errors.map((e) => e.pointer).sort(), ["/nota", "/note", "/scenario_id", "/version", "/workers"]);
  assert.match(json.errors.find((e) => e.pointer === "/nota").message, /did you mean "note"/);
  assert.match(json.errors.find((e) => e.pointer === "/workers").message, /from 1 to 8/);
  assert.equal((await api("POST", RUNS, {})).json.errors[0].pointer, "/scenario_id");
  assert.equal((await api("POST", RUNS, [])).status, 422);
  assert.equal((await api("POST", RUNS, { scenario_id: MISSING })).status, 404);
});

test("the level of a running run can be changed, and only then; it is an event and in the result", async (t) => {
  const server = await target(t);
  const { api, must, create, start, finished, inState } = await startDaemon(t);
  const made = await create({ ...scenario(server), load: { rate: 100, duration: "4s" } });
  const run = await start(made, { workers: 2 });
  const path = `${RUNS}/${run.id}/load`;
  await inState(run.id, "running");
  const change = await must(202, "PATCH", path, { factor: 3 });
  assert.equal(change.factor, 3);
  assert.ok(change.s > 0 && change.s < 4, `${change.s} s`);
  for (const wrong of [{}, [], { factor: "2" }, { factor: -1 }, { factor: 101 }, { factor: 1, more: 2 }])
    assert.equal((await api("PATCH", path, wrong)).status, 400, JSON.stringify(wrong));
  assert.equal((await api("PATCH", `${RUNS}/${MISSING}/load`, { factor: 1 })).status, 404);
  const ended = await finished(run.id);
  assert.ok(ended.events.some(({ reason }) => /the level is 300 % of the planned one/.test(reason)), JSON.stringify(ended.events));
  const result = await must(200, "GET", `${RUNS}/${run.id}/result`);
  assert.deepEqual(result.changes, [change]);
  // The schedule of all workers went on from one instant: to the unit what follows from it.
  const wanted = 100 * change.s + 300 * (4 - change.s);
  assert.ok(Math.abs(result.generator.arrivals - wanted) <= 1, `${result.generator.arrivals}, not ${wanted}`);
  assert.equal((await api("PATCH", path, { factor: 1 })).status, 409);
});

test("warm-up is flagged in the series and left out of the result", async (t) => {
  const server = await target(t);
  const { must, create, start, finished } = await startDaemon(t);
  const run = await start(await create({ ...scenario(server), warm_up: "1s", load: { rate: 50, duration: "3s" } }));
  const ended = await finished(run.id);
  const { points } = await must(200, "GET", `${RUNS}/${run.id}/series`);
  assert.deepEqual(points.slice(0, 3).map(({ warm_up }) => warm_up), [true, undefined, undefined]);
  const sent = points.reduce((n, { requests }) => n + requests, 0);
  assert.equal(sent, 150 * scenario(server).steps.filter((step) => step.request).length);
  assert.equal(ended.summary.requests, sent - points[0].requests);
});

test("a live run can be stopped, and only then", async (t) => {
  const server = await target(t);
  const { api, must, create, start, finished, inState } = await startDaemon(t);
  const made = await create(scenario(server, { duration: "5m" }));
  const run = await start(made);
  await inState(run.id, "running");
  assert.equal((await api("DELETE", `${RUNS}/${run.id}`)).status, 409);
  assert.equal((await api("DELETE", `${SCENARIOS}/${made.id}`)).status, 409);
  assert.equal((await must(200, "GET", "/api/v1/info")).live_runs, 1);
  assert.equal((await must(200, "GET", `${RUNS}/${run.id}/result`)).passed, null);
  await must(202, "POST", `${RUNS}/${run.id}/stop`);
  assert.ok([202, 409].includes((await api("POST", `${RUNS}/${run.id}/stop`)).status), "again; it may be over by now");
  const ended = await finished(run.id, 10_000);
  assert.equal(ended.state, "complete");
  assert.match(ended.reason, /stopped/);
  assert.ok(ended.summary.requests > 0);
  assert.equal((await api("POST", `${RUNS}/${run.id}/stop`)).status, 409);
});

test("runs wait for their turn, and beyond the limit they are refused", async (t) => {
  const server = await target(t);
  const { api, must, create, start, finished, inState } = await startDaemon(t, { args: ["--max-parallel-runs", 1, "--max-live-runs", 3] });
  const made = await create(scenario(server, { duration: "5m" }));
  const [first, second, third] = [await start(made), await start(made), await start(made)];
  const refused = await api("POST", RUNS, { scenario_id: made.id });
  assert.equal(refused.status, 409);
  assert.match(refused.json.detail, /max_live_runs/);
  await inState(first.id, "running");
  await inState(second.id, "queued");
  assert.equal((await must(200, "GET", `${RUNS}?state=live`)).items.length, 3);

  await must(202, "POST", `${RUNS}/${second.id}/stop`);
  const cancelled = await finished(second.id);
  assert.equal(cancelled.state, "cancelled");
  assert.equal(cancelled.started_at, null);
  await must(202, "POST", `${RUNS}/${first.id}/stop`);
  await inState(third.id, "running");
  await must(202, "POST", `${RUNS}/${third.id}/stop`);
  await finished(third.id);
});

test("no run of a scenario that is being deleted can be started", async (t) => {
  const server = await target(t);
  const { api, must, create, start, finished } = await startDaemon(t);
  const made = await create(scenario(server, { duration: "1s" }));
  await finished((await start(made)).id);
  // Sent together, so that the second comes before the janitor has removed anything.
  const [deleted, started, replaced] = await Promise.all([
    api("DELETE", `${SCENARIOS}/${made.id}`),
    api("POST", RUNS, { scenario_id: made.id }),
    api("PUT", `${SCENARIOS}/${made.id}`, { name: "x", ...scenario(server) }),
  ]);
  assert.equal(deleted.status, 202);
  assert.ok([409, 404].includes(started.status), started.text);
  assert.ok([409, 404].includes(replaced.status), replaced.text);
  await until(async () => (await must(200, "GET", RUNS)).items.length === 0, "its runs are gone");
});

test("a client that shares its connection sees its answers in order", async (t) => {
  const { url } = await startDaemon(t);
  const { api } = client(url);
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => api("GET", i % 2 ? "/healthz" : SCENARIOS)));
  assert.ok(answers.every((answer, i) => (i % 2 ? answer.json.status === "ok" : answer.json.items.length === 0)));
});
