// The ways in which connections are made: another address, a proxy, a Unix-domain socket, chosen
// source addresses.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { freePort, startNginx } from "./lib/nginx.mjs";
import { runCli, runScenario } from "./lib/squall.mjs";

const LOG = "access_log DIR/hosts.log hosts;";
const HTTP = "log_format hosts '$status $remote_addr $host $http_proxy_authorization $ssl_server_name';";

async function nginx(t, options) {
  const server = await startNginx({ http: HTTP, ...options });
  t.after(server.stop);
  server.log = () => readFileSync(join(server.dir, "hosts.log"), "utf8").trim().split("\n").filter(Boolean).map((line) => line.split(" "));
  return server;
}

function tempDir(t) {
  const dir = mkdtempSync(join(tmpdir(), "squall-network-"));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function secureNginx(t) {
  const dir = tempDir(t);
  execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=shop.test", "-addext", "subjectAltName=DNS:shop.test"],
    ...["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")],
  ], { stdio: "ignore" });
  const server = await nginx(t, {
    listen: "ssl",
    server: `${LOG} keepalive_requests 1000000; ssl_certificate ${dir}/cert.pem; ssl_certificate_key ${dir}/key.pem; location / { return 200 "fine"; }`,
  });
  return { ...server, tls: { ca_file: join(dir, "cert.pem") } };
}

const run = (target, url, more = {}) =>
  runScenario({ target, load: { users: 3, duration: "500ms" }, steps: [{ request: { url } }], ...more });

function assertAllGood({ code, result, stderr }) {
  assert.equal(code, 0, `${stderr}${JSON.stringify(result?.error_kinds)}${JSON.stringify(result?.samples?.[0])}`);
  assert.equal(result.errors, 0);
  assert.ok(result.requests > 10);
}

test("connect_to: another server is asked, by the same name in Host and in TLS", async (t) => {
  const server = await secureNginx(t);
  const ran = await run({ tls: server.tls, connect_to: { "shop.test:443": `127.0.0.1:${server.port}` } }, "https://shop.test/");
  assertAllGood(ran);
  assert.equal(server.log().length, ran.result.requests);
  assert.ok(server.log().every(([, , host, , sni]) => host === "shop.test" && sni === "shop.test"));
});

test("a Unix-domain socket, with bodies short and long, and more users than its queue has room for", async (t) => {
  const dir = tempDir(t);
  const server = await nginx(t, {
    server: `listen unix:${dir}/x.sock backlog=2; ${LOG} keepalive_requests 1000000;
      location / { return 200 "fine"; } location /files/ { alias DIR/; }`,
    files: { "big.txt": "x".repeat(3_000_000) },
  });
  const ran = await runScenario({
    target: { base_url: "http://app", unix: `${dir}/x.sock` },
    load: { users: 100, duration: "1s" },
    steps: [{ request: { url: "/" } }, { request: { url: "/files/big.txt" } }],
  });
  assertAllGood(ran);
  assert.ok(ran.result.by_request["GET /files/big.txt"].bytes_in >= 3_000_000 * ran.result.by_request["GET /files/big.txt"].requests);
  assert.ok(server.log().every(([, from, host]) => from === "unix:" && host === "app"));

  const none = await run({ unix: `${dir}/none.sock` }, "http://app/");
  assert.equal(none.code, 1);
  assert.deepEqual(Object.keys(none.result.error_kinds), ["connect"]);
  assert.match(none.result.samples[0].detail, /No such file/);
});

test("source addresses take turns; one that is not this machine's ends the run before it begins", async (t) => {
  const server = await nginx(t, { server: `${LOG} location / { return 200 "fine"; }` });
  const ran = await run({ base_url: server.url, keep_alive: false, source_addresses: ["127.0.0.7", "127.0.0.8"] }, "/", { load: { users: 2, duration: "500ms" } });
  assertAllGood(ran);
  const count = (address) => server.log().filter(([, from]) => from === address).length;
  assert.equal(count("127.0.0.7") + count("127.0.0.8"), ran.result.requests);
  assert.ok(Math.abs(count("127.0.0.7") - count("127.0.0.8")) <= 4);

  const foreign = await run({ base_url: server.url, source_addresses: ["192.0.2.1"] }, "/");
  assert.equal(foreign.code, 3);
  assert.match(foreign.stderr, /cannot be made from the source address 192\.0\.2\.1: Cannot assign/);
});

// A proxy of node's own, which notes what it was asked: {url, tunnels, requests}.
async function proxy(t, { wants, refuses } = {}) {
  const seen = { tunnels: [], requests: [] };
  const sockets = new Set();
  const server = createServer((request, response) => {
    seen.requests.push({ url: request.url, authorization: request.headers["proxy-authorization"], host: request.headers.host });
    response.end("from the proxy");
  });
  server.on("connection", (socket) => sockets.add(socket.on("error", () => {})));
  server.on("connect", (request, socket) => {
    seen.tunnels.push({ url: request.url, host: request.headers.host });
    if (wants && request.headers["proxy-authorization"] !== wants) return socket.end("HTTP/1.1 407 Who are you\r\nContent-Length: 2\r\n\r\nno");
    if (refuses) return socket.end(refuses);
    const [, port] = request.url.split(":");
    const onward = connect(port, "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\nVia: node\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { ...seen, url: `http://127.0.0.1:${server.address().port}`, port: server.address().port };
}

test("a proxy makes tunnels to https targets, one a user, and is told who asks", async (t) => {
  const server = await secureNginx(t);
  const way = await proxy(t, { wants: `Basic ${Buffer.from("me:pass word").toString("base64")}` });
  const ran = await run({ tls: server.tls, proxy: `http://me:pass%20word@127.0.0.1:${way.port}` }, `https://shop.test:${server.port}/`);
  assertAllGood(ran);
  assert.equal(server.log().length, ran.result.requests);
  assert.ok(server.log().every(([, , , authorization, sni]) => authorization === "-" && sni === "shop.test"));
  const place = `shop.test:${server.port}`;
  assert.deepEqual(way.tunnels, Array(3).fill({ url: place, host: place }));
  assert.equal(ran.result.phases_ms.connect.count, 3);

  const stranger = await run({ tls: server.tls, proxy: way.url }, `https://shop.test:${server.port}/`);
  assert.equal(stranger.code, 1);
  assert.deepEqual(Object.keys(stranger.result.error_kinds), ["connect"]);
  assert.match(stranger.result.samples[0].detail, new RegExp(`^the proxy answered CONNECT ${place} with status 407$`));
});

test("a proxy is asked for the whole URL of http targets", async (t) => {
  const way = await proxy(t);
  const ran = await run({ base_url: "http://shop.test/app", proxy: `http://me:@127.0.0.1:${way.port}` }, "/a?b=c");
  assertAllGood(ran);
  assert.equal(way.requests.length, ran.result.requests);
  const authorization = `Basic ${Buffer.from("me:").toString("base64")}`;
  assert.ok(way.requests.every((r) => r.url === "http://shop.test/app/a?b=c" && r.host === "shop.test" && r.authorization === authorization));
});

for (const [what, refuses, detail] of [
  ["answers nonsense", "hello\r\n\r\n", /^the proxy's answer to CONNECT cannot be read: /],
  ["says nothing", Buffer.alloc(0), /^the proxy closed the connection without an answer$/],
  ["speaks on after its answer", "HTTP/1.1 200 ok\r\n\r\nsurprise", /^the proxy sent more than its answer/],
])
  test(`a proxy that ${what}: connect`, async (t) => {
    const way = await proxy(t, { refuses });
    const { code, result } = await run({ proxy: way.url }, "https://shop.test/");
    assert.equal(code, 1);
    assert.deepEqual(Object.keys(result.error_kinds), ["connect"]);
    assert.match(result.samples[0].detail, detail);
  });

test("a proxy that is not there: connect_refused", async () => {
  const { code, result } = await run({ proxy: `http://127.0.0.1:${await freePort()}` }, "https://shop.test/");
  assert.equal(code, 1);
  assert.deepEqual(Object.keys(result.error_kinds), ["connect_refused"]);
});

test("the terminal's flags say the same", async (t) => {
  const server = await secureNginx(t);
  const flags = (...more) => runCli(["run", "--users", "2", "--duration", "300ms", "--quiet", "--json", "-", ...more]);
  const to = `shop.test:443=127.0.0.1:${server.port}`;
  for (const more of [["--ca", server.tls.ca_file], ["--insecure"]]) {
    const { code, stdout, stderr } = await flags("--url", "https://shop.test/", "--connect-to", to, "--no-keepalive", ...more);
    assert.equal(code, 0, stderr + stdout);
    const result = JSON.parse(stdout);
    assert.equal(result.phases_ms.connect.count, result.requests);
  }
  const way = await proxy(t);
  assert.equal((await flags("--url", "http://shop.test/", "--proxy", way.url)).code, 0);
  assert.ok(way.requests.length > 0);
  for (const [words, complaint] of [
    [["--connect-to", "here"], /--connect-to: "here" has not the form/],
    [["--connect-to", "shop.test:443=x"], /--connect-to: "x" has no port/],
    [["--proxy", "socks5://x:1"], /--proxy: a proxy is given as/],
    [["--key", "k.pem"], /--key: a key needs the certificate/],
    [["--unix", ""], /--unix: must not be empty/],
  ]) {
    const { code, stderr } = await flags("--url", "https://shop.test/", ...words);
    assert.equal(code, 2);
    assert.match(stderr, complaint);
  }
  const none = await flags("--url", "https://shop.test/", "--connect-to", to, "--insecure", "--cert", "/nowhere.pem");
  assert.equal(none.code, 3);
  assert.match(none.stderr, /the certificate file "\/nowhere.pem" cannot be read/);
  const mixed = await runCli(["run", "scenario.json", "--insecure"]);
  assert.equal(mixed.code, 2);
  assert.match(mixed.stderr, /--insecure goes with --url/);
});
