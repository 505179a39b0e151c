// Exports say the same as the result: as JSON, as CSV, and as a log that HdrHistogram's own readers
// understand.
import assert from "node:assert/strict";
import { test } from "node:test";
import hdr from "hdr-histogram-js";
import { isSchema, scenario, startDaemon } from "./lib/daemon.mjs";
import { startTarget } from "./lib/squall.mjs";

// One finished run for all tests of this file, with a name that formats have to escape.
const NAME = 'home, "sweet" home';

async function finishedRun(t) {
  const server = await startTarget();
  t.after(server.stop);
  const daemon = await startDaemon(t);
  const made = await daemon.create({
    ...scenario(server, { users: 4, duration: "3s" }),
    steps: [
      { request: { name: NAME, url: "/delay/5ms" } },
      { request: { name: "missing", url: "/status/404" } },
    ],
  });
  const run = await daemon.finished((await daemon.start(made)).id);
  assert.equal(run.state, "complete", run.reason);
  const result = await daemon.must(200, "GET", `/api/v1/runs/${run.id}/result`);
  const download = async (format) => {
    const answer = await daemon.api("GET", `/api/v1/runs/${run.id}/export?format=${format}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-disposition"), `attachment; filename="squall-${run.id}.${format}"`);
    return answer;
  };
  return { daemon, run, result, download };
}

function parseCsv(text) {
  const rows = [];
  let row = [], field = "", quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted && c === '"' && text[i + 1] === '"') (field += c), i++;
    else if (c === '"') quoted = !quoted;
    else if (!quoted && (c === "," || c === "\n")) {
      row.push(field.replace(/\r$/, ""));
      field = "";
      if (c === "\n") rows.push(row), (row = []);
    } else field += c;
  }
  assert.equal(field, "", "the last line ends");
  const [head, ...lines] = rows;
  return lines.map((line) => {
    assert.equal(line.length, head.length);
    return Object.fromEntries(head.map((name, i) => [name, name === "request" ? line[i] : line[i] === "" ? null : Number(line[i])]));
  });
}

const sum = (rows, column) => rows.reduce((all, row) => all + row[column], 0);

test("JSON is the result document", async (t) => {
  const { result, download } = await finishedRun(t);
  const { json } = await download("json");
  assert.deepEqual(json, result);
  isSchema("Result", json);
});

test("CSV adds up to the result, by request and in all", async (t) => {
  const { result, download } = await finishedRun(t);
  const { text, headers } = await download("csv");
  assert.match(headers.get("content-type"), /^text\/csv/);
  const rows = parseCsv(text);
  const of = (name) => rows.filter((row) => row.request === name);
  assert.deepEqual([...new Set(rows.map((row) => row.request))].sort(), ["", NAME, "missing"].sort());
  for (const [name, total] of [["", result], ...Object.entries(result.by_request)]) {
    assert.equal(sum(of(name), "requests"), total.requests, name);
    assert.equal(sum(of(name), "errors"), total.errors, name);
    assert.equal(sum(of(name), "bytes_in"), total.bytes_in, name);
    assert.equal(sum(of(name), "latency_count"), total.latency_ms.count, name);
    assert.equal(sum(of(name), "error_check_failed"), total.error_kinds.check_failed ?? 0, name);
  }
  assert.equal(sum(of(""), "status_2xx"), result.status[200]);
  assert.equal(sum(of(""), "status_4xx"), result.status[404]);
  assert.ok(of("").every((row, i) => row.second === i && row.users <= 4));
  assert.ok(of(NAME).every((row) => row.latency_p50_ms >= 5 && row.latency_max_ms >= row.latency_p99_ms));
});

test(".hlog is read by HdrHistogram's own code, to the same percentiles", async (t) => {
  const { result, download } = await finishedRun(t);
  const { text } = await download("hlog");
  assert.match(text, /^#\[Histogram log format version 1.3\]/);
  const reader = new hdr.HistogramLogReader(text);
  const totals = new Map();
  for (let h; (h = reader.nextIntervalHistogram()) !== null; ) {
    const tag = h.tag === "NO TAG" ? "" : h.tag; // its word for none
    if (!totals.has(tag)) totals.set(tag, hdr.build({ lowestDiscernibleValue: 1, highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: 3 }));
    totals.get(tag).add(h);
  }
  assert.deepEqual([...totals.keys()].sort(), ["", "home__\"sweet\"_home", "missing"]);
  for (const [tag, total] of [["", result], ["home__\"sweet\"_home", result.by_request[NAME]], ["missing", result.by_request.missing]]) {
    const h = totals.get(tag);
    assert.equal(h.totalCount, total.latency_ms.count, tag);
    for (const [percentile, key] of [[50, "p50"], [90, "p90"], [99, "p99"]])
      assert.ok(Math.abs(h.getValueAtPercentile(percentile) / 1000 - total.latency_ms[key]) <= total.latency_ms[key] * 0.001 + 0.001, `${tag} ${key}`);
  }
});

test("an export of a live run has what there is; unknown formats are refused", async (t) => {
  const server = await startTarget();
  t.after(server.stop);
  const daemon = await startDaemon(t);
  const run = await daemon.start(await daemon.create(scenario(server, { duration: "5m" })));
  await daemon.inState(run.id, "running");
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const { text } = await daemon.api("GET", `/api/v1/runs/${run.id}/export?format=csv`);
  assert.ok(sum(parseCsv(text).filter((row) => row.request === ""), "requests") > 0);
  assert.equal((await daemon.api("GET", `/api/v1/runs/${run.id}/export?format=xml`)).status, 400);
  assert.equal((await daemon.api("HEAD", `/api/v1/runs/${run.id}/export?format=csv`)).status, 200);
  await daemon.must(202, "POST", `/api/v1/runs/${run.id}/stop`);
  await daemon.finished(run.id);
});
