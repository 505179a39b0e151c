// The engine against a server that Squall did not write: what it counts is what nginx logged.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startNginx } from "./lib/nginx.mjs";
import { runScenario } from "./lib/squall.mjs";

const LOG = "access_log DIR/access.log counted;";

// An nginx that ends with the test.
async function nginx(t, options) {
  const server = await startNginx(options);
  t.after(server.stop);
  return server;
}

const closed = (users, duration = "1s") => ({ users, duration });
const get = (url, more = {}) => ({ request: { url, ...more } });
const count = (log, field) => log.reduce((all, line) => ({ ...all, [line[field]]: (all[line[field]] ?? 0) + 1 }), {});

test("counts, status codes and bytes are those of nginx's access log, to the unit", async (t) => {
  const server = await nginx(t, {
    server: `${LOG} keepalive_requests 1000000;
      location = /ok { return 200 "fine"; }
      location = /none { return 204; }
      location = /gone { return 404 "gone"; }
      location = /broken { return 503 "no"; }`,
  });
  const { code, result } = await runScenario({
    target: { base_url: server.url },
    load: closed(8),
    steps: ["/ok", "/none", "/gone", "/broken"].map((url) => get(url)),
  });
  const log = await server.accessLog();

  assert.equal(code, 1, "answers outside 2xx and 3xx fail the run");
  assert.equal(result.requests, log.length);
  assert.deepEqual(result.status, count(log, "status"));
  assert.equal(result.bytes_in, log.reduce((sum, line) => sum + line.bytes, 0));
  assert.deepEqual(result.error_kinds, { check_failed: result.status[404] + result.status[503] });
  assert.equal(result.errors, result.error_kinds.check_failed);
  for (const path of ["/ok", "/none", "/gone", "/broken"]) {
    const logged = log.filter((line) => line.uri === path).length;
    assert.equal(result.by_request[`GET ${path}`].requests, logged, path);
  }
});

test("users keep their connections", async (t) => {
  const server = await nginx(t, { server: `${LOG} keepalive_requests 1000000; location / { return 200 "fine"; }` });
  const { code, result } = await runScenario({
    target: { base_url: server.url },
    load: closed(5),
    steps: [get("/")],
  });
  assert.equal(code, 0);
  assert.ok(result.requests > 100);
  assert.equal(Object.keys(count((await server.accessLog()), "connection")).length, 5);
});

test("without keep-alive each request has a connection of its own", async (t) => {
  const server = await nginx(t, { server: `${LOG} location / { return 200 "fine"; }` });
  const { code, result } = await runScenario({
    target: { base_url: server.url, keep_alive: false },
    load: closed(3),
    steps: [get("/")],
  });
  assert.equal(code, 0);
  assert.equal(result.errors, 0);
  assert.ok((await server.accessLog()).every((line) => line.nth === 1));
  assert.ok(result.phases_ms.connect.count >= result.requests);
});

test("a server that closes after every 7th request causes no error and no lost request", async (t) => {
  const server = await nginx(t, { server: `${LOG} keepalive_requests 7; location / { return 200 "fine"; }` });
  const { code, result } = await runScenario({
    target: { base_url: server.url },
    load: closed(10, "2s"),
    steps: [get("/")],
  });
  const log = await server.accessLog();
  assert.equal(code, 0, JSON.stringify(result.error_kinds));
  assert.equal(result.errors, 0);
  assert.equal(result.requests, log.length);
  assert.equal(Math.max(...log.map((line) => line.nth)), 7);
});

test("a connection that the server closed while it was idle is opened again, without an error", async (t) => {
  const server = await nginx(t, { server: `${LOG} keepalive_timeout 1s; location / { return 200 "fine"; }` });
  const { code, result } = await runScenario({
    target: { base_url: server.url },
    load: closed(4, "5s"),
    steps: [get("/"), { think: "1500ms" }],
  });
  assert.equal(code, 0, JSON.stringify(result.error_kinds));
  assert.equal(result.errors, 0);
  assert.equal(result.requests, (await server.accessLog()).length);
});

test("a file in chunks, compressed, is read to its end", async (t) => {
  const text = randomBytes(100_000).toString("hex");
  const server = await nginx(t, {
    http: "gzip on; gzip_types text/plain; gzip_min_length 1;",
    server: `${LOG} root DIR; location /files/ { alias DIR/; }`,
    files: { "big.txt": text },
  });
  const { code, result } = await runScenario({
    target: { base_url: server.url, headers: { "Accept-Encoding": "gzip" } },
    load: closed(4),
    steps: [get("/files/big.txt")],
  });
  const log = await server.accessLog();
  assert.equal(code, 0, JSON.stringify(result.error_kinds));
  assert.equal(result.requests, log.length);
  assert.equal(result.bytes_in, log.reduce((sum, line) => sum + line.bytes, 0));
  assert.ok(result.bytes_in / result.requests < text.length, "it came compressed");
});

test("HEAD, 204 and 304 have no body, whatever their heads say", async (t) => {
  const server = await nginx(t, {
    server: `${LOG} keepalive_requests 1000000; root DIR;
      location = /none { return 204; }
      location /files/ { alias DIR/; if_modified_since before; }`,
    files: { "page.txt": "x".repeat(50_000) },
  });
  const { code, result } = await runScenario({
    target: { base_url: server.url },
    load: closed(3),
    steps: [
      get("/files/page.txt", { method: "HEAD" }),
      get("/none"),
      get("/files/page.txt", { name: "unchanged", headers: { "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT" } }),
      get("/files/page.txt", { name: "whole" }),
    ],
  });
  const log = await server.accessLog();
  assert.equal(code, 0, JSON.stringify(result.error_kinds));
  assert.equal(result.requests, log.length);
  assert.deepEqual(result.status, count(log, "status"));
  assert.equal(result.by_request.unchanged.status[304], result.by_request.unchanged.requests);
  assert.equal(Object.keys(count(log, "connection")).length, 3, "nothing was left over on a connection");
});

test("a POST body arrives whole", async (t) => {
  const server = await nginx(t, {
    http: "log_format body '$status $request_method $uri $content_length $connection $connection_requests';",
    server: `access_log DIR/access.log body; client_max_body_size 2m; client_body_buffer_size 2m;
      location / { proxy_pass http://127.0.0.1:$server_port/sink; }
      location = /sink { access_log off; return 201 "made"; }`,
  });
  const body = "b".repeat(300_000);
  const { code, result } = await runScenario({
    target: { base_url: server.url },
    load: closed(2),
    steps: [get("/order", { method: "POST", body })],
  });
  assert.equal(code, 0, JSON.stringify(result.error_kinds));
  const log = await server.accessLog();
  assert.ok(log.every((line) => line.status === 201 && line.bytes === body.length));
  assert.equal(result.requests, log.length);
  assert.ok(result.bytes_out > result.requests * body.length);
});

function certificate(dir) {
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=squall.test", "-addext", "subjectAltName=DNS:squall.test,IP:127.0.0.1"],
    ...["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")],
  ], { stdio: "ignore" });
}

const TLS = (dir) => `${LOG} keepalive_requests 1000000;
  ssl_certificate ${dir}/cert.pem; ssl_certificate_key ${dir}/key.pem;
  location / { return 200 "fine"; }`;

test("TLS: verified against a CA file, by address and by server name; refused without it", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "squall-tls-"));
  t.after(() => rmSync(dir, { recursive: true }));
  certificate(dir);
  const server = await nginx(t, { listen: "ssl", server: TLS(dir) });
  const run = (tls) =>
    runScenario({ target: { base_url: server.url, tls }, load: closed(4), steps: [get("/")] });

  const trusted = await run({ ca_file: join(dir, "cert.pem") });
  assert.equal(trusted.code, 0, JSON.stringify(trusted.result.error_kinds));
  assert.equal(trusted.result.requests, (await server.accessLog()).length);
  assert.equal(trusted.result.phases_ms.tls.count, 4, "one handshake a user");

  const named = await run({ ca_file: join(dir, "cert.pem"), server_name: "squall.test" });
  assert.equal(named.code, 0, JSON.stringify(named.result.error_kinds));

  const unverified = await run({ verify: false });
  assert.equal(unverified.code, 0, JSON.stringify(unverified.result.error_kinds));

  for (const tls of [{}, { ca_file: join(dir, "cert.pem"), server_name: "other.test" }]) {
    const refused = await run(tls);
    assert.equal(refused.code, 1);
    assert.deepEqual(Object.keys(refused.result.error_kinds), ["tls"]);
    assert.match(refused.result.samples[0].detail, /certificate|hostname|verif/i);
  }
});

test("IPv6, by literal address", async (t) => {
  const server = await nginx(t, { server: `listen [::1]:PORT; ${LOG} location / { return 200 "fine"; }` });
  const { code, result } = await runScenario({
    target: { base_url: `http://[::1]:${server.port}` },
    load: closed(2),
    steps: [get("/")],
  });
  assert.equal(code, 0, JSON.stringify(result.error_kinds));
  assert.equal(result.requests, (await server.accessLog()).length);
});
