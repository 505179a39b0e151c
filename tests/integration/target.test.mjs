// squalld target does what it is asked to: it is what all other tests take for the truth.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runCli, sanitized, startTarget } from "./lib/squall.mjs";

async function target(t, ...args) {
  const server = await startTarget(args);
  t.after(server.stop);
  return server;
}

// One request by node's own client: {status, headers, body, ms}; rejects as that client does.
function ask(url, { method = "GET", body, headers, agent = false, ...tls } = {}) {
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers, agent, ...tls }, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk)).on("error", reject);
      response.on("end", () => {
        const { statusCode: status, headers, rawTrailers } = response;
        resolve({ status, headers, rawTrailers, body: Buffer.concat(chunks), ms: performance.now() - begin });
      });
    });
    asked.on("error", reject).end(body);
  });
}

const get = async (server, path, options) => ask(server.url + path, options);
const text = async (server, path, options) => (await get(server, path, options)).body.toString();

// Sends bytes as they are, perhaps in pieces, and reads until the server closes or `ms` are over.
async function raw(server, pieces, { ms = 300, pause_ms = 5 } = {}) {
  const socket = connect(server.port, "127.0.0.1");
  const chunks = [];
  const out = { closed: false, error: null };
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", (error) => (out.error = error.code));
  const closed = new Promise((resolve) =>
    socket.on("end", () => (out.closed = true)).on("close", () => ((out.closed = true), resolve())),
  );
  for (const piece of [pieces].flat()) {
    socket.write(piece, "latin1");
    await sleep(pause_ms);
  }
  await Promise.race([closed, sleep(ms, null, { ref: false })]);
  socket.destroy();
  return { ...out, text: Buffer.concat(chunks).toString("latin1") };
}

const HOST = "Host: x\r\n";
const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello world\n";

// ---- plain answers --------------------------------------------------------------------------

test("any path is answered with twelve bytes, and the connection kept", async (t) => {
  const server = await target(t);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (const path of ["/", "/orders?id=1", "/a/b/c"]) {
    const answer = await get(server, path, { agent });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.toString(), "hello world\n");
  }
  const { requests, connections } = await server.stats();
  assert.equal(requests, 3);
  assert.equal(connections.accepted, 2, "one for the three, one for the question");
});

test("status, size, chunks and close come by path or by query, together", async (t) => {
  const server = await target(t);
  assert.equal((await get(server, "/status/503")).status, 503);
  assert.equal((await get(server, "/anything?status=404")).status, 404);
  assert.equal((await get(server, "/status/204")).body.length, 0);
  const large = await get(server, "/bytes/1048576");
  assert.equal(large.headers["content-length"], "1048576");
  assert.equal(large.body.length, 1048576);
  const all = await get(server, "/status/418?bytes=1000&chunked=3&close=1&delay=1ms");
  assert.equal(all.status, 418);
  assert.equal(all.headers["transfer-encoding"], "chunked");
  assert.equal(all.headers.connection, "close");
  assert.equal(all.body.length, 1000);
  assert.equal(await text(server, "/chunked/5"), "hello world\n".repeat(5));
});

test("a large answer is streamed, not held", async (t) => {
  const server = await target(t);
  const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]);
  await get(server, "/");
  const before = resident();
  assert.equal((await get(server, "/bytes/64MiB")).body.length, 64 << 20);
  if (!sanitized) assert.ok(resident() - before < 4096, `grew by ${resident() - before} kB`);
});

test("the options are what is answered where nothing else is said", async (t) => {
  const server = await target(t, "--status", "201", "--bytes", "1KB", "--delay", "20ms", "--chunked", "2", "--close");
  const answer = await get(server, "/");
  assert.equal(answer.status, 201);
  assert.equal(answer.body.length, 1000);
  assert.equal(answer.headers["transfer-encoding"], "chunked");
  assert.equal(answer.headers.connection, "close");
  assert.ok(answer.ms >= 20);
  assert.equal((await get(server, "/status/202?bytes=3")).body.length, 3);
  assert.equal((await get(server, "/_stats")).status, 200);
});

test("HEAD tells of a body and has none", async (t) => {
  const server = await target(t);
  const { text } = await raw(server, [`HEAD /bytes/5000 HTTP/1.1\r\n${HOST}\r\n`, `GET / HTTP/1.1\r\n${HOST}\r\n`]);
  assert.match(text, /Content-Length: 5000\r\n\r\nHTTP\/1.1 200 OK/);
  assert.ok(text.endsWith(plainAnswer));
});

test("HTTP/1.0 closes, unless it asks for keep-alive, and gets no chunks", async (t) => {
  const server = await target(t);
  const closed = await raw(server, "GET / HTTP/1.0\r\n\r\n");
  assert.ok(closed.closed && closed.text.includes("Connection: close"));
  const kept = await raw(server, ["GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"], { ms: 100 });
  assert.ok(!kept.closed && kept.text.includes("Connection: keep-alive"));
  const unchunked = await raw(server, "GET /chunked/2 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  assert.ok(unchunked.closed && unchunked.text.endsWith("\r\n\r\nhello world\nhello world\n"));
});

test("pipelined requests are answered in order, however they are cut", async (t) => {
  const server = await target(t);
  const one = `GET /bytes/1 HTTP/1.1\r\n${HOST}\r\nPOST /echo HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\nbody`;
  const last = `GET /?close=1 HTTP/1.1\r\n${HOST}\r\n`;
  const whole = await raw(server, one + `GET /delay/10ms HTTP/1.1\r\n${HOST}\r\n` + one + last);
  const bytes = [...one + one + last];
  const bytewise = await raw(server, bytes, { pause_ms: 0 });
  for (const [{ text, closed }, count] of [[whole, 6], [bytewise, 5]]) {
    assert.ok(closed);
    assert.equal(text.match(/HTTP\/1.1 200 OK/g).length, count);
    assert.equal(text.match(/Content-Length: 1\r\n\r\nhHTTP|Content-Length: 4\r\n\r\nbodyHTTP/g).length, 4);
  }
});

test("thousands of pipelined requests are all answered", async (t) => {
  const server = await target(t);
  const many = `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(20_000) + `GET /?close=1 HTTP/1.1\r\n${HOST}\r\n`;
  const { text } = await raw(server, many, { ms: 10_000 });
  assert.equal(text.match(/hello world/g).length, 20_001);
  assert.equal((await server.stats()).requests, 20_001);
});

// ---- bodies ---------------------------------------------------------------------------------

test("echo returns the body, sized or in chunks", async (t) => {
  const server = await target(t);
  const body = Buffer.alloc(3_000_000, "0123456789abcdef\u00ff");
  const sized = await get(server, "/echo", { method: "POST", body });
  assert.ok(sized.body.equals(body));
  const chunked = await get(server, "/echo?chunked=7", { method: "PUT", body, headers: { "Transfer-Encoding": "chunked" } });
  assert.ok(chunked.body.equals(body));
  assert.equal(chunked.headers["transfer-encoding"], "chunked");
});

test("echo as JSON tells the whole request", async (t) => {
  const server = await target(t);
  const told = JSON.parse(
    await text(server, "/echo?as=json&a=%20b", { method: "PATCH", body: 'say "hi"\n', headers: { "X-Test": "yes" } }),
  );
  assert.equal(told.method, "PATCH");
  assert.equal(told.path, "/echo");
  assert.equal(told.query, "as=json&a=%20b");
  assert.equal(told.headers["X-Test"], "yes");
  assert.equal(told.body, 'say "hi"\n');
});

test("Expect: 100-continue is met before the body, and not where it is refused", async (t) => {
  const server = await target(t);
  const head = (length) => `POST /echo HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
  const met = await raw(server, [head(5), "hello"], { ms: 100, pause_ms: 50 });
  assert.match(met.text, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK[^]*hello$/);
  const late = await raw(server, head(5) + "hello", { ms: 100 });
  assert.match(late.text, /^HTTP\/1.1 200 OK/);
  const refused = await raw(server, head(100 << 20), { ms: 100 });
  assert.match(refused.text, /^HTTP\/1.1 413 /);
});

test("what is too long or malformed is refused, and the connection closed", async (t) => {
  const server = await target(t);
  const filler = "X-Filler: " + "x".repeat(1000) + "\r\n";
  const cases = {
    400: ["\x16\x03\x01\x02\x00\x01", "GET /\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", `GET / HTTP/1.1\r\n${HOST}Content-Length: x\r\n\r\n`,
      `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nzz\r\n`],
    413: [`POST / HTTP/1.1\r\n${HOST}Content-Length: 67108865\r\n\r\n`,
      `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n4000001\r\n`],
    431: [`GET / HTTP/1.1\r\n${HOST}${filler.repeat(70)}`],
    501: [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip\r\n\r\n`],
    505: ["GET / HTTP/3.0\r\n\r\n"],
  };
  for (const [status, requests] of Object.entries(cases)) {
    for (const request of requests) {
      const { text, closed } = await raw(server, request, { ms: 2000 });
      assert.match(text, new RegExp(`^HTTP/1.1 ${status} [^]*Connection: close\r\n\r\n.{10}`), request.slice(0, 60));
      assert.ok(closed, request.slice(0, 60));
    }
  }
  assert.equal((await get(server, "/")).status, 200);
  assert.equal((await server.stats()).refused, 10);
});

test("a body that is refused in its middle does not lose the answer to a reset", async (t) => {
  const server = await target(t);
  const head = `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 99999999\r\n\r\n`;
  const { text, error } = await raw(server, [head, ...Array(20).fill("x".repeat(100_000))], { ms: 2000 });
  assert.match(text, /^HTTP\/1.1 413 /);
  assert.equal(error, null);
});

test("a value that makes no sense is answered with a sentence, and the connection kept", async (t) => {
  const server = await target(t);
  const { status, body, headers } = await get(server, "/delay/soon", { agent: new Agent({ keepAlive: true }) });
  assert.equal(status, 400);
  assert.match(body.toString(), /soon/);
  assert.notEqual(headers.connection, "close");
  assert.match(await text(server, "/fault/resset"), /did you mean "reset"/);
});

// ---- time -----------------------------------------------------------------------------------

test("an answer is never early, and hardly late", async (t) => {
  const server = await target(t);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  await get(server, "/", { agent });
  const late = [];
  for (let i = 0; i < 40; i++) late.push((await get(server, "/delay/5500us", { agent })).ms - 5.5);
  late.sort((a, b) => a - b);
  assert.ok(late[0] >= 0, `early by ${-late[0]} ms`);
  // The rest of the machine may hold up many of them, hardly all.
  if (!sanitized) assert.ok(late[0] < 1.2, `at least ${late[0]} ms late`);
});

test("delays are drawn from the distribution asked for", async (t) => {
  const server = await target(t);
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const ms = [];
  for (let wave = 0; wave < 10; wave++) {
    const draws = Array.from({ length: 20 }, () => get(server, "/?delay=uniform:50ms,150ms", { agent }));
    ms.push(...(await Promise.all(draws)).map((answer) => answer.ms));
  }
  ms.sort((a, b) => a - b);
  assert.ok(ms[0] >= 50);
  assert.ok(ms[100] > 75 && ms[100] < 200, `median ${ms[100]}`);
  assert.ok(ms[199] - ms[0] > 60, `from ${ms[0]} to ${ms[199]}`);
});

test("a delay holds up its own connection alone", async (t) => {
  const server = await target(t);
  const slow = get(server, "/delay/300ms");
  assert.ok((await get(server, "/")).ms < 200);
  assert.ok((await slow).ms >= 300);
});

test("--stall freezes the whole server in the middle of each period, from the first request on", async (t) => {
  const server = await target(t, "--stall", "every=1s,for=300ms"); // 350 to 650 ms
  await sleep(100);
  const begin = performance.now();
  const waits = [];
  while (performance.now() - begin < 1900) {
    const at = performance.now() - begin;
    waits.push({ at, ms: (await get(server, "/")).ms });
    await sleep(5);
  }
  const long = waits.filter((wait) => wait.ms > 150);
  assert.equal(long.length, 2, JSON.stringify(long));
  for (const [i, { at, ms }] of long.entries()) {
    assert.ok(Math.abs(at + ms - (650 + 1000 * i)) < 80, `the freeze ended at ${at + ms}`);
    assert.ok(ms < 400, `it took ${ms}`);
  }
  assert.equal((await server.stats()).freezes, 2);
});

test("/stall sets freezes, once, and /_reset ends them", async (t) => {
  const server = await target(t);
  const began = performance.now();
  for (let i = 0; i < 3; i++) await get(server, "/stall?every=600ms&for=200ms"); // 200 to 400 ms
  await sleep(250 - (performance.now() - began));
  const frozen = await get(server, "/");
  assert.ok(frozen.ms > 100 && frozen.ms < 300, `${frozen.ms} ms`);
  await get(server, "/_reset", { method: "POST" });
  await sleep(500);
  assert.ok((await get(server, "/")).ms < 100);
  assert.equal((await get(server, "/stall?every=1s")).status, 400);
});

// ---- faults ---------------------------------------------------------------------------------

test("faults are what their names say", async (t) => {
  const server = await target(t);
  const fault = (name, options) => raw(server, `GET /fault/${name} HTTP/1.1\r\n${HOST}\r\n`, options);
  const close = await fault("close");
  assert.deepEqual([close.closed, close.text, close.error], [true, "", null]);
  assert.equal((await fault("reset")).error, "ECONNRESET");
  const part = await fault("close-head");
  assert.ok(part.closed && !part.text.includes("\r\n\r\n") && part.text.startsWith("HTTP/1.1 200"));
  const silent = await fault("stall", { ms: 200 });
  assert.deepEqual([silent.closed, silent.text], [false, ""]);
  assert.ok(!(await fault("garbage")).text.startsWith("HTTP"));
  await assert.rejects(get(server, "/fault/truncate"), { code: "ECONNRESET" });
  await assert.rejects(get(server, "/fault/truncate-chunked"), { code: "ECONNRESET" });
  await assert.rejects(get(server, "/fault/garbage"), /Parse Error/);
  await assert.rejects(get(server, "/fault/bad-chunk"), /Parse Error/);
  await assert.rejects(get(server, "/fault/bad-length"), /Parse Error/);
  const { faulted, requests, by_status } = await server.stats();
  assert.equal(faulted, 10);
  assert.equal(requests, 10);
  assert.deepEqual(by_status, {});
});

test("a silent connection ends when the client leaves", async (t) => {
  const server = await target(t);
  await raw(server, `GET /fault/stall HTTP/1.1\r\n${HOST}\r\n`, { ms: 50 });
  await raw(server, `GET /delay/100ms HTTP/1.1\r\n${HOST}\r\n`, { ms: 10 });
  await sleep(300);
  assert.equal((await server.stats()).connections.open, 1);
});

test("oddities that are no errors are read by any client", async (t) => {
  const server = await target(t);
  assert.equal(await text(server, "/fault/read-to-close?bytes=100000"), "hello world\n".repeat(8334).slice(0, 100_000));
  assert.equal(await text(server, "/fault/1xx"), "hello world\n");
  assert.equal((await get(server, "/fault/204")).status, 204);
  assert.equal((await get(server, "/fault/304")).status, 304);
  const slow = await get(server, "/fault/slow-headers?per=2ms");
  assert.equal(slow.body.toString(), "hello world\n");
  assert.ok(slow.ms > 2 * 60, `${slow.ms} ms for a head of some 70 bytes`);
});

test("a hundred megabytes of header come without being held", async (t) => {
  const server = await target(t);
  let bytes = 0;
  await new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => socket.write(`GET /fault/big-headers?close=1 HTTP/1.1\r\n${HOST}\r\n`));
    socket.on("data", (chunk) => (bytes += chunk.length)).on("end", resolve).on("error", reject);
  });
  assert.ok(bytes > 100 << 20);
  const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))[1]);
  if (!sanitized) assert.ok(peak < 30_000, `${peak} kB`);
});

// ---- what tests ask -------------------------------------------------------------------------

test("the log of arrivals has each request's instant and path, page by page", async (t) => {
  const server = await target(t, "--log-arrivals");
  for (const path of ["/", "/a?b", "/status/500"]) await get(server, path);
  const lines = (await text(server, "/_arrivals")).trim().split("\n").map((line) => line.split(" "));
  assert.deepEqual(lines.map(([, path]) => path), ["/", "/a", "/status/500"]);
  assert.ok(BigInt(lines[0][0]) < BigInt(lines[1][0]) && BigInt(lines[1][0]) < BigInt(lines[2][0]));
  assert.equal((await text(server, "/_arrivals?since=2")).trim(), lines[2].join(" "));
  const stats = await server.stats();
  assert.equal(stats.requests, 3);
  assert.deepEqual(stats.by_path, { "/": 1, "/a": 1, "/status/500": 1 });
  assert.deepEqual(stats.by_status, { 200: 2, 500: 1 });
  assert.equal(stats.arrivals.count, 3);
  await get(server, "/_reset", { method: "POST" });
  assert.equal((await server.stats()).requests, 0);
  assert.equal(await text(server, "/_arrivals"), "");
  assert.equal((await get(server, "/_reset")).status, 405);
  assert.equal((await get(server, "/_other")).status, 404);
});

test("the summary says how evenly requests arrived, and what the log did not keep", async (t) => {
  const server = await startTarget(["--log-max", "5"]);
  for (let i = 0; i < 8; i++) await get(server, "/");
  const { arrivals } = await server.stats();
  assert.deepEqual([arrivals.count, arrivals.not_kept], [5, 3]);
  assert.ok(arrivals.gap_cv >= 0 && arrivals.rate_per_s > 0);
  const { code, stdout, stderr } = await server.stop();
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^listening on \S+\n8 requests in /);
  assert.match(stdout, /The log was full \(--log-max 5\): 3 later arrivals/);
  assert.match(stdout, /coefficient of variation/);
  const quiet = await startTarget(["--quiet"]);
  assert.equal((await quiet.stop()).stdout.split("\n").length, 2);
});

test("SIGTERM ends it at once, in a freeze and with connections open", async (t) => {
  const server = await startTarget(["--stall", "every=60s,for=59s"]);
  await get(server, "/");
  await sleep(600);
  const frozen = get(server, "/").catch(() => {});
  await sleep(100);
  const begin = performance.now();
  const { code } = await server.stop();
  await frozen;
  assert.equal(code, 0);
  assert.ok(performance.now() - begin < 1000);
});

// ---- addresses, TLS, usage ------------------------------------------------------------------

test("it listens on IPv6, and on both", async (t) => {
  const six = await target(t, "--listen", "::1");
  assert.match(six.url, /^http:\/\/\[::1\]:\d+$/);
  assert.equal((await get(six, "/")).status, 200);
  const both = await target(t, "--listen", "::");
  assert.equal((await ask(`http://[::1]:${both.port}/`)).status, 200);
  assert.equal((await ask(`http://127.0.0.1:${both.port}/`)).status, 200);
});

test("--tls answers with a certificate that can be trusted by file", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "squall-target-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, "cert.pem");
  const server = await target(t, "--tls", "--write-cert", file);
  assert.match(server.url, /^https:/);
  const ca = readFileSync(file);
  for (const host of ["127.0.0.1", "localhost"]) {
    const answer = await ask(`https://${host}:${server.port}/bytes/1000000?chunked=9`, { ca });
    assert.equal(answer.body.length, 1_000_000);
  }
  const body = Buffer.alloc(2_000_000, "tls");
  assert.ok((await get(server, "/echo", { method: "POST", body, ca })).body.equals(body));
  await assert.rejects(get(server, "/"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  await assert.rejects(get(server, "/fault/truncate", { ca }));
  const plain = await raw(server, `GET / HTTP/1.1\r\n${HOST}\r\n`, { ms: 1000 });
  assert.ok(plain.closed && !plain.text.startsWith("HTTP/1.1 200"));
});

test("--cert and --key use a certificate of one's own", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "squall-target-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "1",
    "-subj", "/CN=own.test", "-addext", "subjectAltName=DNS:own.test"], { stdio: "ignore" });
  const server = await target(t, "--cert", cert, "--key", key);
  const answer = await get(server, "/", { ca: readFileSync(cert), servername: "own.test" });
  assert.equal(answer.status, 200);
  const wrong = await runCli(["target", "--port", "0", "--cert", key, "--key", cert]);
  assert.equal(wrong.code, 3);
  assert.match(wrong.stderr, /key\.pem/);
});

test("wrong usage is said in a sentence, with exit code 2; a taken port is 3", async (t) => {
  const cases = [["--delay", "5"], ["--status", "99"], ["--stall", "every=1s"], ["--port", "70000"], ["--cert", "x"], ["--nonsense"], ["word"]];
  for (const args of cases) {
    const { code, stdout, stderr } = await runCli(["target", ...args]);
    assert.equal(code, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.match(stderr, /^squalld target: .{10}[^]*--help/, args.join(" "));
  }
  const server = await target(t);
  const taken = await runCli(["target", "--port", server.port]);
  assert.equal(taken.code, 3);
  assert.match(taken.stderr, /in use/);
  const help = await runCli(["target", "--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Usage: squalld target/);
});

test("the program says what it can do, and guesses what was meant", async () => {
  const bare = await runCli([]);
  assert.equal(bare.code, 2);
  assert.match(bare.stderr, /^Usage: squalld COMMAND/);
  const help = await runCli(["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^ {2}target {2,}\S/m);
  assert.match((await runCli(["--version"])).stdout, /^squalld \d+\.\d+\.\d+\n$/);
  const wrong = await runCli(["tarket"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean "target"/);
});
