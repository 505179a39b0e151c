// The engine against targets that behave badly: whatever they do is counted under its own kind,
// shown in a sample, and stops neither the run nor the requests to others.
import assert from "node:assert/strict";
import { lookup } from "node:dns/promises";
import { describe, test } from "node:test";
import { freePort } from "./lib/nginx.mjs";
import { OK, answering, certificate, fullBacklog, hostile, pour, relay, saying, silentNameServer, sized, withEtc, withoutNetwork } from "./lib/hostile.mjs";
import { runScenario, sanitized, startTarget } from "./lib/squall.mjs";

const TOGETHER = { concurrency: 4 }; // they mostly wait
const TIMES = 10;
const KEYS = certificate();
const ARRIVALS = { rate: 2 * TIMES, duration: "500ms" }; // TIMES of them
const get = (url, more = {}) => ({ request: { url, ...more } });

// One request after another, each planned, so that their number is known: TIMES.
function aim(url, { steps = [get("/")], load = ARRIVALS, options = {}, ...target } = {}) {
  return runScenario({ target: { base_url: url, ...target }, load, steps }, options);
}

const kinds = ({ result }) => result.error_kinds;
const told = ({ samples }) => samples.map(({ kind, detail }) => `${kind}: ${detail}`).join("\n");

// All requests failed, all by `kind`, and samples show how.
function assertFailed(ran, kind, { detail, response = /^$/, request = /^GET \/ HTTP\/1\.1\r\nHost: /, status = 0 }) {
  const { code, result } = ran;
  assert.deepEqual(result.error_kinds, { [kind]: TIMES }, told(result));
  assert.equal(code, 1, ran.stderr);
  assert.equal(result.state, "complete");
  assert.equal(result.requests, TIMES);
  assert.equal(result.errors, TIMES);
  assert.equal(result.samples.length, 3, "so many of a kind");
  for (const sample of result.samples) {
    assert.equal(sample.kind, kind);
    assert.match(sample.detail, detail);
    assert.match(sample.request_text, request);
    assert.match(sample.response_text, response);
    assert.equal(sample.status, status);
  }
  assert.ok(result.duration_s < (sanitized ? 20 : 8), `took ${result.duration_s} s`);
}

function assertFine({ code, result, stderr }) {
  assert.deepEqual(result.error_kinds, {}, told(result));
  assert.equal(code, 0, stderr);
}

const head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";
const headChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const large = "0123456789".repeat(100_000);
const inChunks = (size) => `${headChunked}${large.match(new RegExp(`.{${size}}`, "g")).map((chunk) => `${size.toString(16)}\r\n${chunk}\r\n`).join("")}0\r\n\r\n`;

describe("no connection", TOGETHER, () => {
  test("a target that refuses: connect_refused", async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    assertFailed(await aim(url), "connect_refused", { detail: /^the connection was refused$/ });
  });

  test("users of a target that refuses do not ask as fast as they can", async () => {
    const { result } = await aim(`http://127.0.0.1:${await freePort()}`, { load: { users: 1, duration: "500ms" } });
    assert.deepEqual(Object.keys(result.error_kinds), ["connect_refused"]);
    assert.ok(result.requests <= 51, `${result.requests} in half a second`);
  });

  test("a target that listens, but does not accept: connect_timeout", async (t) => {
    const { port } = await fullBacklog(t);
    const ran = await aim(`http://127.0.0.1:${port}`, { timeouts: { connect: "200ms" } });
    assertFailed(ran, "connect_timeout", { detail: /^there was no connection within 200ms$/ });
    assert.ok(ran.result.latency_ms.p50 >= 199, "what was waited is its latency");
  });

  test("a name that does not exist: dns", async () => {
    const ran = await aim("http://nowhere.squall.invalid", { timeouts: { dns: "2s" } });
    assertFailed(ran, "dns", { detail: /nowhere\.squall\.invalid.* cannot be resolved|not resolved within/ });
  });

  test("a name server that does not answer: dns, and the run ends all the same", async (t) => {
    const server = await silentNameServer(t);
    const prefix = server && withEtc(t, { "resolv.conf": `nameserver ${server.address}\noptions timeout:10 attempts:3\n` });
    if (!prefix) return t.skip("cannot have a name server here");
    const ran = await aim("http://slow.squall.test", { timeouts: { dns: "300ms" }, options: { prefix } });
    assertFailed(ran, "dns", { detail: /^the name was not resolved within 300ms$/ });
  });

  test("no way to the target: connect, and the sample says what the system says", async (t) => {
    const prefix = withoutNetwork();
    if (!prefix) return t.skip("cannot be without a network here");
    const ran = await aim("http://127.0.0.1:8081", { options: { prefix } });
    assertFailed(ran, "connect", { detail: /^failed while connecting: Network is unreachable$/ });
  });

  test("of two addresses the one that answers is found, whichever comes first", async (t) => {
    const at = { 4: "127.0.0.1", 6: "::1" };
    const words = withEtc(t, { hosts: `${at[4]} localhost\n${at[6]} twofold.test\n${at[4]} twofold.test\n` });
    if (!words || !(await lookup("::1").catch(() => null))) return t.skip("cannot give a name two addresses here");
    for (const host of Object.values(at)) {
      const server = await hostile(t, saying(OK), { host });
      const ran = await aim(`http://twofold.test:${server.port}`, { options: { prefix: words } });
      assertFine(ran);
      assert.equal(ran.result.requests, TIMES);
    }
    const none = await aim(`http://twofold.test:${await freePort()}`, { options: { prefix: words } });
    assertFailed(none, "connect_refused", { detail: /refused/ });
  });

  test("more users than descriptors: local, and those that have one go on", async (t) => {
    const server = await hostile(t, saying(OK));
    const prefix = ["bash", "-c", 'ulimit -n 60 && exec "$@"', "bash"];
    const { code, result } = await aim(server.url, {
      steps: [get("/"), { think: "20ms" }],
      load: { users: 200, duration: "1s" },
      options: { args: ["--workers", "1"], prefix },
    });
    assert.equal(code, 1);
    assert.equal(result.state, "complete");
    assert.deepEqual(Object.keys(result.error_kinds), ["local"]);
    assert.match(result.samples[0].detail, /^this machine is out of resources while connecting: /);
    assert.ok(result.requests - result.errors > 100, "answers were received beside");
    assert.ok(server.connections() > 20 && server.connections() < 60);
  });
});

describe("no answer", TOGETHER, () => {
  test("a target that never answers: timeout, of the response", async (t) => {
    const server = await hostile(t, answering(() => {}));
    const ran = await aim(server.url, { timeouts: { response: "150ms" } });
    assertFailed(ran, "timeout", { detail: /^the response did not begin within 150ms$/ });
    assert.ok(ran.result.latency_ms.min >= 149, "what was waited is its latency");
  });

  test("a target that reads nothing of a large request: timeout, of the whole", async (t) => {
    const server = await hostile(t, (socket) => socket.pause());
    const steps = [get("/", { body: "b".repeat(1 << 20) })];
    const ran = await aim(server.url, { steps: [...steps], timeouts: { total: "300ms" } });
    // What the kernel's buffers hold may be all of it.
    assertFailed(ran, "timeout", { detail: /^the response (was not complete|did not begin) within 300ms$/, request: /^POST / });
  });

  for (const [where, bytes, response] of [
    ["its head", "HTTP/1.1 200 OK\r\nContent-", /^HTTP\/1\.1 200 OK\r\nContent-$/],
    ["a body", `${head}only this`, /^HTTP[^]*only this$/],
    ["a chunk", `${headChunked}ff\r\nonly this`, /^HTTP[^]*only this$/],
  ]) {
    test(`a target that falls silent in the middle of ${where}: timeout, of the whole`, async (t) => {
      const server = await hostile(t, saying(bytes));
      const ran = await aim(server.url, { timeouts: { response: "790ms", total: "800ms" } });
      assertFailed(ran, "timeout", { detail: /^the response was not complete within 800ms$/, response });
    });

    test(`a target that closes in the middle of ${where}: closed`, async (t) => {
      const server = await hostile(t, saying(bytes, (socket) => socket.end()));
      const ran = await aim(server.url);
      assertFailed(ran, "closed", { detail: /^the server closed the connection in the middle of its answer$/, response });
    });

    test(`a target that resets in the middle of ${where}: reset`, async (t) => {
      const server = await hostile(t, saying(bytes, (socket) => setTimeout(() => socket.resetAndDestroy(), 20)));
      const ran = await aim(server.url);
      assertFailed(ran, "reset", { detail: /^the connection was reset while (receiving|waiting)$/, response });
    });
  }

  test("a target that resets once it has the request: reset", async (t) => {
    const server = await hostile(t, answering((socket) => socket.resetAndDestroy()));
    assertFailed(await aim(server.url), "reset", { detail: /^the connection was reset while/ });
  });

  test("a target that resets as soon as it accepts: reset", async (t) => {
    const server = await hostile(t, (socket) => socket.resetAndDestroy());
    assertFailed(await aim(server.url), "reset", { detail: /^the connection was reset while/ });
  });

  test("a target that closes without an answer, on a new connection: closed, not sent again", async (t) => {
    const server = await hostile(t, answering((socket) => socket.end()));
    assertFailed(await aim(server.url), "closed", { detail: /^the server closed the connection without an answer$/ });
    assert.equal(server.connections(), TIMES);
  });
});

describe("connections that were closed while nobody looked", TOGETHER, () => {
  // Answers every second request on a connection by going away.
  const secondFails = (leave) => answering((socket, { nth }) => (nth === 1 ? socket.write(OK) : leave(socket)));
  const leaving = { closes: (socket) => socket.end(), resets: (socket) => socket.resetAndDestroy() };

  for (const [what, leave] of Object.entries(leaving)) {
    test(`a target that ${what} a used connection: GET is sent again, once, and is no error`, async (t) => {
      const server = await hostile(t, secondFails(leave));
      const ran = await aim(server.url, { load: { users: 2, duration: "500ms" }, steps: [get("/"), { think: "5ms" }] });
      assertFine(ran);
      assert.ok(ran.result.requests > 10);
      const again = server.connections() - 2;
      assert.ok(Math.abs(again - ran.result.requests / 1) <= 4, `${again} for ${ran.result.requests}`);
    });

    test(`a target that ${what} a used connection: POST is not sent again`, async (t) => {
      const server = await hostile(t, secondFails(leave));
      const post = get("/", { method: "POST", body: "order" });
      const ran = await aim(server.url, { load: { users: 1, duration: "500ms" }, steps: [post, { think: "5ms" }] });
      const { requests, errors, status } = ran.result;
      assert.ok(Math.abs(errors - status[200]) <= 1, "every second one");
      assert.equal(errors + status[200], requests);
      assert.deepEqual(kinds(ran), { [what === "closes" ? "closed" : "reset"]: errors });
      assert.equal(server.connections(), status[200]);
    });
  }

  test("a request that was sent again and fails again is an error", async (t) => {
    const server = await hostile(t, (socket, nth) => (nth === 1 ? secondFails(leaving.closes)(socket) : answering(leaving.closes)(socket)));
    const ran = await aim(server.url, { load: { users: 1, duration: "300ms" }, steps: [get("/"), { think: "20ms" }] });
    const { requests, errors } = ran.result;
    assert.deepEqual(kinds(ran), { closed: errors });
    assert.equal(errors, requests - 1);
    assert.equal(server.connections(), 1 + errors, "on a new connection it is not sent again");
  });
});

describe("answers that are none", TOGETHER, () => {
  for (const [what, bytes, detail] of [
    ["an SSH banner", "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", /does not begin with an HTTP\/1 status line/],
    ["bytes without end of line", "\x15\x03\x03\x00\x02\x02\x28", /does not begin with an HTTP\/1 status line/],
    ["HTTP/2 frames", "\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x80", /does not begin with an HTTP\/1 status line/],
    ["an HTTP/2 status", "HTTP/2 200\r\n\r\n", /does not begin with an HTTP\/1 status line/],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", /status code is not three digits/],
    ["a header without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", /a header line is not a name, a colon and a value/],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nfine", /says two different things/],
    ["a length in words", "HTTP/1.1 200 OK\r\nContent-Length: four\r\n\r\nfine", /Content-Length is not a number/],
    ["a chunk size in words", `${headChunked}four\r\nfine\r\n0\r\n\r\n`, /a chunk's size is not a hexadecimal number/],
    ["a chunk longer than its size", `${headChunked}2\r\nfine\r\n0\r\n\r\n`, /a chunk is longer than its size/],
    ["another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", /switched protocols unasked/],
    ["1xx without end", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(200), /there is no end to the 1xx answers/],
  ]) {
    test(`a target that answers with ${what}: malformed_response`, async (t) => {
      const server = await hostile(t, saying(bytes));
      assertFailed(await aim(server.url), "malformed_response", { detail, response: /./s });
    });
  }

  test("a target that sends 100 MB of headers: headers_too_large, and hardly any of them are read", async (t) => {
    const filler = `X-Filler: ${"x".repeat(1000)}\r\n`.repeat(64);
    const server = await hostile(t, answering((socket) => (socket.write("HTTP/1.1 200 OK\r\n"), pour(socket, filler))));
    const ran = await aim(server.url);
    assertFailed(ran, "headers_too_large", { detail: /^the head of the answer is longer than 64 KiB$/, response: /^HTTP\/1\.1 200 OK\r\nX-F/ });
    assert.ok(ran.result.bytes_in < TIMES * (1 << 20), `${ran.result.bytes_in} bytes`);
  });

  test("1xx answers now and then, but never the final one: timeout", async (t) => {
    const server = await hostile(t, answering((socket) => {
      const timer = setInterval(() => socket.write("HTTP/1.1 102 Processing\r\n\r\n"), 20);
      socket.on("close", () => clearInterval(timer));
    }));
    const ran = await aim(server.url, { timeouts: { response: "790ms", total: "800ms" } });
    assertFailed(ran, "timeout", { detail: /^the response was not complete within 800ms$/, response: /^HTTP\/1\.1 102 / });
  });
});

describe("answers that are good, if slow or odd", TOGETHER, () => {
  test("an answer that comes a byte at a time is a good one", async (t) => {
    const text = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nfine\r\n0\r\nX: y\r\n\r\n";
    const server = await hostile(t, answering(async (socket) => {
      for (const byte of text) await new Promise((resolve) => (socket.write(byte), setImmediate(resolve)));
    }));
    const ran = await aim(server.url, { load: { users: 1, duration: "2s" } });
    assertFine(ran);
    assert.ok(ran.result.requests > 1);
    assert.equal(ran.result.bytes_in, ran.result.requests * text.length);
    assert.equal(server.connections(), 1, "and the connection is kept");
  });

  test("one that takes too long that way: timeout", async (t) => {
    const server = await hostile(t, answering((socket) => {
      let sent = 0;
      const timer = setInterval(() => socket.write(head[sent++ % head.length]), 20);
      socket.on("close", () => clearInterval(timer));
    }));
    const ran = await aim(server.url, { timeouts: { total: "800ms" } });
    assertFailed(ran, "timeout", { detail: /^the response was not complete within 800ms$/, response: /^H/ });
  });

  test("a body whose end is the end of the connection is whole", async (t) => {
    const server = await hostile(t, saying("HTTP/1.1 200 OK\r\n\r\nsome of it", (socket) => setTimeout(() => socket.end(" and the rest"), 5)));
    const ran = await aim(server.url);
    assertFine(ran);
    assert.equal(ran.result.requests, TIMES);
    assert.equal(server.connections(), TIMES);
  });

  for (const [what, bytes] of Object.entries({
    "with its length": sized(large),
    "in one chunk": inChunks(large.length),
    "in a hundred chunks": inChunks(large.length / 100),
    "in ten thousand chunks": inChunks(large.length / 10_000),
  })) {
    for (const tls of [undefined, KEYS]) {
      test(`a large body ${what} is counted to the byte, and the connection kept${tls ? ", over TLS" : ""}`, async (t) => {
        const server = await hostile(t, saying(bytes), { tls });
        const ran = await aim(server.url, { load: { users: 2, duration: "500ms" }, tls: { verify: false } });
        assertFine(ran);
        assert.ok(ran.result.requests >= 2);
        assert.equal(ran.result.bytes_in, ran.result.requests * bytes.length);
        assert.equal(server.connections(), 2);
      });
    }
  }

  for (const [what, kind, leave] of [
    ["closes", "closed", (socket) => socket.end()],
    ["resets", "reset", (socket) => socket.resetAndDestroy()],
  ]) {
    test(`a target that ${what} in the middle of a large body, most of which nobody looks at: ${kind}`, async (t) => {
      const server = await hostile(t, saying(sized(large).slice(0, 500_000), (socket) => setTimeout(() => leave(socket), 50)));
      const ran = await aim(server.url);
      assertFailed(ran, kind, { detail: /./, response: /^HTTP\/1\.1 200 OK[^]*0123456789/ });
      assert.equal(ran.result.bytes_in, TIMES * 500_000);
    });
  }

  // Bytes that nobody asked for must not become the answer to the next request.
  const UNASKED = sized("unasked", "500 Unasked");

  for (const [when, send] of [
    ["with the answer", (socket, ok) => socket.write(ok + UNASKED)],
    ["after it", (socket, ok) => (socket.write(ok), setImmediate(() => socket.write(UNASKED)))],
  ]) {
    for (const secure of [false, true]) {
      test(`bytes that come unasked ${when} are never taken for the next one${secure ? ", over TLS" : ""}`, async (t) => {
        const server = await hostile(t, answering((socket) => send(socket, OK)), { tls: secure && KEYS });
        const ran = await aim(server.url, {
          load: { users: 4, duration: "1s" },
          steps: [get("/"), { think: "300ms" }], // what came after the next request would be its answer
          tls: { verify: false },
        });
        assertFine(ran);
        assert.deepEqual(Object.keys(ran.result.status), ["200"]);
        assert.ok(Math.abs(server.connections() - ran.result.requests) <= 4, "each such connection is given up");
      });
    }
  }

  test("unasked bytes in a TLS record of their own, read together with the answer's, are not taken for the next one", async (t) => {
    const server = await hostile(t, answering((socket) => (socket.write(OK), socket.write(UNASKED))), { tls: KEYS });
    const { port } = await relay(t, server.port);
    const ran = await aim(`https://127.0.0.1:${port}`, {
      load: { users: 2, duration: "1s" },
      steps: [get("/"), { think: "20ms" }],
      tls: { verify: false },
    });
    assertFine(ran);
    assert.deepEqual(Object.keys(ran.result.status), ["200"]);
  });

  test("a body in answer to HEAD is not taken for the next answer", async (t) => {
    const server = await hostile(t, answering((socket, { method }) => socket.write(method === "HEAD" ? sized("not wanted") : OK)));
    const ran = await aim(server.url, { steps: [get("/", { method: "HEAD" }), get("/")] });
    assertFine(ran);
  });

  test("an answer before the request is complete is taken, and the rest is not sent", async (t) => {
    const body = "b".repeat(1 << 20);
    const server = await hostile(t, (socket) => {
      socket.once("data", () => {
        socket.pause();
        socket.end(sized("too large", "413 Content Too Large", "Connection: close\r\n"));
        setTimeout(() => socket.destroy(), 300);
      });
    });
    const steps = [get("/", { method: "POST", body, checks: [{ status: [413] }] })];
    const ran = await aim(server.url, { steps, timeouts: { response: "5s" } });
    assertFine(ran);
    assert.deepEqual(ran.result.status, { 413: TIMES });
  });

  test("nor is it lost when the target resets the connection right after it", async (t) => {
    const body = "b".repeat(1 << 20);
    const server = await hostile(t, (socket) => {
      socket.once("readable", () => {
        socket.read(1000);
        socket.write(sized("too large", "413 Content Too Large"), () => socket.destroy());
      });
    });
    const steps = [get("/", { method: "POST", body, checks: [{ status: [413] }] })];
    const ran = await aim(server.url, { steps });
    assertFine(ran);
    assert.deepEqual(ran.result.status, { 413: TIMES });
  });

  test("a sample shows no answer of a request before", async (t) => {
    const server = await hostile(t, answering((socket) => {
      server.refuse();
      socket.write("HTTP/1.1 200 OK\r\nConnection: close\r\n");
      setTimeout(() => socket.end("Content-Length: 0\r\n\r\n"), 20);
    }));
    const { result } = await aim(server.url, { load: { users: 1, duration: "500ms" } });
    assert.equal(result.requests - result.errors, 1);
    assert.deepEqual(Object.keys(result.error_kinds), ["connect_refused"]);
    for (const { response_text } of result.samples) assert.equal(response_text, "");
  });
});

describe("TLS", TOGETHER, () => {
  test("a target that accepts, but never shakes hands: tls", async (t) => {
    const server = await hostile(t, () => {});
    const ran = await aim(`https://127.0.0.1:${server.port}`, { timeouts: { tls: "200ms" } });
    assertFailed(ran, "tls", { detail: /^the TLS handshake did not end within 200ms$/ });
  });

  for (const [what, serve, detail] of [
    ["speaks plain HTTP", (socket) => socket.once("data", () => socket.end(OK)), /^the TLS handshake failed: ./],
    ["closes in the handshake", (socket) => socket.once("data", () => socket.end()), /^the TLS handshake failed: the server closed/],
    ["resets in the handshake", (socket) => socket.once("data", () => socket.resetAndDestroy()), /^the TLS handshake failed: the connection was reset/],
  ]) {
    test(`a target that ${what} where TLS is due: tls`, async (t) => {
      const server = await hostile(t, serve);
      assertFailed(await aim(`https://127.0.0.1:${server.port}`), "tls", { detail });
    });
  }

  test("a certificate that nobody vouches for: tls, and the sample says why", async (t) => {
    const server = await hostile(t, saying(OK), { tls: KEYS });
    assertFailed(await aim(server.url), "tls", { detail: /^the TLS handshake failed: the server's certificate is not accepted: self.signed/ });
  });

  test("closing and resetting inside an answer are told apart over TLS, too", async (t) => {
    const tls = { verify: false };
    const closing = await hostile(t, saying(`${head}only this`, (socket) => socket.end()), { tls: KEYS });
    assertFailed(await aim(closing.url, { tls }), "closed", { detail: /in the middle of its answer/, response: /only this$/ });
    const silent = await hostile(t, saying(`${head}only this`), { tls: KEYS });
    const { port } = await relay(t, silent.port, { gather_ms: 1, reset_ms: 300 });
    assertFailed(await aim(`https://127.0.0.1:${port}`, { tls }), "reset", { detail: /^the connection was reset/, response: /only this$/ });
  });
});

describe("and the others go on", TOGETHER, () => {
  test("requests to a good target are not disturbed by those to a bad one in the same run", async (t) => {
    const good = await startTarget(["--quiet"]);
    t.after(good.stop);
    const bad = await hostile(t, (socket, nth) =>
      [() => {}, (s) => s.resetAndDestroy(), (s) => s.end("garbage\r\n"), (s) => s.end(), (s) => pour(s, "x".repeat(65536))][nth % 5](socket),
    );
    const rate = { rate: 100, duration: "1s" };
    const { code, result } = await runScenario({
      flows: [
        { name: "good", load: rate, steps: [get(`${good.url}/`, { name: "good" })] },
        { name: "bad", load: rate, steps: [get(`${bad.url}/`, { name: "bad", timeouts: { response: "200ms", total: "400ms" } })] },
      ],
    });
    assert.equal(code, 1);
    assert.equal(result.state, "complete");
    assert.equal(result.by_request.good.requests, 100);
    assert.equal(result.by_request.good.errors, 0);
    assert.equal(result.by_request.bad.requests, 100);
    assert.equal(result.by_request.bad.errors, 100);
  });
});
