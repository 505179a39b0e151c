// HTTP/2: against nginx, whose log counts, and against node's server, which can be made to refuse,
// reset, go away, and hold back.
import assert from "node:assert/strict";
import { constants, createSecureServer, createServer } from "node:http2";
import { createServer as createTcpServer } from "node:net";
import { describe, test } from "node:test";
import { certificate } from "./lib/hostile.mjs";
import { startNginx } from "./lib/nginx.mjs";
import { runCli, runScenario } from "./lib/squall.mjs";

const LOG = "access_log DIR/access.log counted; keepalive_requests 1000000;";
const KEYS = certificate();
const TLS = `${LOG} ssl_certificate DIR/cert.pem; ssl_certificate_key DIR/key.pem;`;
const FILES = { "cert.pem": KEYS.cert, "key.pem": KEYS.key };
const closed = (users, duration = "1s") => ({ users, duration });
const arrivals = { rate: 20, duration: "500ms" }; // 10 of them
const get = (url, more = {}) => ({ request: { url, ...more } });
const connections = (log) => new Set(log.map((line) => line.connection)).size;
const told = ({ samples }) => samples.map(({ kind, detail }) => `${kind}: ${detail}`).join("\n");

async function nginx(t, options) {
  const server = await startNginx(options);
  t.after(server.stop);
  return server;
}

// A server of node's; `on` has handlers of its streams and sessions. In clear text unless `tls`.
async function serve(t, { tls, settings, stream, session }) {
  const server = tls ? createSecureServer({ ...KEYS, settings, ...tls }) : createServer({ settings });
  const sessions = new Set();
  server.on("session", (s) => {
    sessions.add(s);
    s.on("error", () => {});
    s.on("close", () => sessions.delete(s));
  });
  server.seen = 0;
  server.sessions = 0;
  server.on("session", (s) => (server.sessions++, session?.(s)));
  server.on("stream", (s, headers) => {
    server.seen++;
    s.on("error", () => {});
    stream(s, headers, server);
  });
  server.on("sessionError", () => {});
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    for (const s of sessions) s.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  server.url = `${tls ? "https" : "http"}://127.0.0.1:${server.address().port}`;
  return server;
}

const ok = (stream, body = "fine") => {
  stream.respond({ ":status": 200 });
  stream.end(body);
};

function run(url, { load = closed(8), steps = [get("/")], ...target } = {}) {
  return runScenario({ target: { base_url: url, http: "2", tls: { verify: false }, ...target }, load, steps });
}

function assertFine({ code, result, stderr }) {
  assert.ok(result, stderr);
  assert.deepEqual(result.error_kinds, {}, told(result));
  assert.equal(code, 0, stderr);
}

describe("nginx", () => {
  test("32 users share one connection, and all is counted as nginx does", async (t) => {
    const server = await nginx(t, { listen: "http2", server: `${LOG} location / { return 200 "fine"; }` });
    const ran = await run(server.url, { load: closed(32), streams: 32 });
    const log = await server.accessLog();
    assertFine(ran);
    assert.equal(ran.result.requests, log.length);
    assert.equal(connections(log), 1);
    assert.equal(ran.result.phases_ms.connect.count, 1, "charged to the one that opened it");
  });

  test("each user has its own connection unless streams says else", async (t) => {
    const server = await nginx(t, { listen: "http2", server: `${LOG} location / { return 200 "fine"; }` });
    const ran = await run(server.url, { load: closed(5) });
    assertFine(ran);
    assert.equal(connections(await server.accessLog()), 5);
  });

  test("over TLS it is agreed on: HTTP/2 where the server speaks it, and nothing is lost", async (t) => {
    const server = await nginx(t, {
      listen: "ssl http2",
      files: FILES,
      server: `${TLS} location / { if ($server_protocol != "HTTP/2.0") { return 505; } return 200 "fine"; }`,
    });
    const ran = await run(server.url, { load: closed(8), streams: 4, http: "auto" });
    const log = await server.accessLog();
    assertFine(ran);
    assert.equal(ran.result.requests, log.length);
    assert.ok(connections(log) >= 2, "a worker's users share");
    assert.ok(ran.result.phases_ms.tls.count >= 2);
    const old = await run(server.url, { load: closed(1), http: "1.1" });
    assert.deepEqual(Object.keys(old.result.status), ["505"]);
  });

  test("a server that speaks only HTTP/1.1 over TLS is spoken to so by auto, and refused by 2", async (t) => {
    const server = await nginx(t, { listen: "ssl", files: FILES, server: `${TLS} location / { return 200 "fine"; }` });
    const ran = await run(server.url, { load: closed(8), streams: 8, http: "auto" });
    assertFine(ran);
    assert.equal(connections(await server.accessLog()), 8);
    const { result } = await run(server.url, { load: arrivals });
    assert.deepEqual(result.error_kinds, { tls: 10 });
  });

  test("a server that ends connections after 7 requests loses none", async (t) => {
    const server = await nginx(t, {
      listen: "http2",
      server: `access_log DIR/access.log counted; keepalive_requests 7; location / { return 200 "fine"; }`,
    });
    const ran = await run(server.url, { load: closed(10), streams: 10 });
    const log = await server.accessLog();
    assertFine(ran);
    assert.equal(ran.result.requests, log.length);
    assert.ok(connections(log) > log.length / 10);
  });

  test("without keep-alive each request has a connection of its own", async (t) => {
    const server = await nginx(t, { listen: "http2", server: `${LOG} location / { return 200 "fine"; }` });
    const ran = await run(server.url, { load: closed(3), streams: 3, keep_alive: false });
    assertFine(ran);
    const log = await server.accessLog();
    assert.ok(log.every((line) => line.nth === 1));
    assert.equal(ran.result.requests, log.length);
  });

  test("large bodies come whole, and HEAD has none", async (t) => {
    const server = await nginx(t, {
      listen: "http2",
      files: { "big.txt": "0123456789".repeat(300_000) },
      server: `${LOG} location /files/ { alias DIR/; }`,
    });
    const ran = await run(server.url, { load: closed(4), streams: 4, steps: [get("/files/big.txt")] });
    assertFine(ran);
    assert.ok(ran.result.requests > 4);
    assert.ok(ran.result.bytes_in >= ran.result.requests * 3_000_000);
    const head = await run(server.url, { load: closed(2), steps: [get("/files/big.txt", { method: "HEAD" })] });
    assertFine(head);
    assert.ok(head.result.bytes_in < head.result.requests * 1000);
  });

  test("a server without HTTP/2 in clear text: malformed_response", async (t) => {
    const server = await nginx(t, { server: `location / { return 200 "fine"; }` });
    const { result } = await run(server.url, { load: arrivals });
    assert.deepEqual(result.error_kinds, { malformed_response: 10 }, told(result));
  });

  test("--http and --streams do it from the terminal", async (t) => {
    const server = await nginx(t, { listen: "http2", server: `${LOG} location / { return 200 "fine"; }` });
    const words = ["run", "--url", server.url, "--users", "6", "--duration", "500ms", "--http", "2", "--streams", "3"];
    const ran = await runCli(words);
    assert.equal(ran.code, 0, ran.stderr);
    assert.equal(connections(await server.accessLog()), 2);
    const wrong = await runCli(["run", "--url", server.url, "--users", "1", "--duration", "1s", "--http", "3"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /--http: must be "auto", "1\.1" or "2", not "3"/);
  });
});

describe("what is sent", () => {
  test("names in lower case, Host as :authority, nothing of the connection", async (t) => {
    let seen;
    const server = await serve(t, { stream: (s, headers) => ((seen = headers), ok(s)) });
    const headers = { Host: "shop.example", "X-Token": "Ab", Connection: "close", TE: "gzip" };
    assertFine(await run(server.url, { load: closed(1, "100ms"), steps: [get("/a?b=c", { headers })] }));
    assert.equal(seen[":authority"], "shop.example");
    assert.equal(seen[":path"], "/a?b=c");
    assert.equal(seen[":scheme"], "http");
    assert.equal(seen["x-token"], "Ab");
    assert.match(seen["user-agent"], /^squall\//);
    for (const name of ["host", "connection", "te"]) assert.equal(seen[name], undefined, name);
  });

  test("a body larger than the server's window goes as the server lets it", async (t) => {
    const body = "x".repeat(300_000);
    const lengths = [];
    const server = await serve(t, {
      settings: { initialWindowSize: 5000 },
      stream: (s, headers) => {
        let n = 0;
        s.on("data", (chunk) => (n += chunk.length));
        s.on("end", () => (lengths.push([n, headers["content-length"]]), ok(s)));
      },
    });
    const ran = await run(server.url, { load: closed(4), streams: 4, steps: [get("/", { method: "POST", body })] });
    assertFine(ran);
    assert.ok(lengths.length >= 4);
    assert.ok(lengths.every(([n, said]) => n === body.length && said === String(body.length)));
    assert.ok(ran.result.bytes_out >= lengths.length * body.length);
  });

  test("an answer before the body is through is an answer", async (t) => {
    const server = await serve(t, { settings: { initialWindowSize: 1000 }, stream: (s) => (s.respond({ ":status": 413 }), s.end()) });
    const steps = [get("/", { method: "POST", body: "x".repeat(100_000) })];
    const { result } = await run(server.url, { load: arrivals, steps });
    assert.deepEqual(result.status, { 413: 10 }, told(result));
  });
});

describe("what comes back", () => {
  test("interim answers and trailers", async (t) => {
    const server = await serve(t, {
      stream: (s) => {
        s.additionalHeaders({ ":status": 103, link: "</a.css>" });
        s.respond({ ":status": 200 }, { waitForTrailers: true });
        s.on("wantTrailers", () => s.sendTrailers({ checksum: "1" }));
        s.end("body");
      },
    });
    const ran = await run(server.url, { streams: 8, load: closed(8) });
    assertFine(ran);
    assert.deepEqual(Object.keys(ran.result.status), ["200"]);
  });

  test("an unexpected status is shown with head and body", async (t) => {
    const server = await serve(t, { stream: (s) => (s.respond({ ":status": 503, "x-why": "busy" }), s.end("later")) });
    const { result } = await run(server.url, { load: arrivals });
    assert.deepEqual(result.error_kinds, { check_failed: 10 });
    assert.match(result.samples[0].response_text, /^:status: 503\r\n(.*\r\n)*x-why: busy\r\n(.*\r\n)*\r\nlater$/);
    assert.match(result.samples[0].request_text, /^:method: GET\r\n/);
  });

  test("a head without end: headers_too_large", async (t) => {
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`x-${i}`, "y".repeat(3000)]));
    const server = await serve(t, { settings: {}, stream: (s) => (s.respond({ ":status": 200, ...many }), s.end()) });
    const { result } = await run(server.url, { load: arrivals });
    assert.equal(result.requests, 10);
    assert.ok(result.error_kinds.headers_too_large >= 1 || result.error_kinds.reset >= 1, told(result));
    assert.equal(result.errors, 10);
  });

  test("RST_STREAM: reset, with the code's name, and the connection goes on", async (t) => {
    const server = await serve(t, { stream: (s) => s.close(constants.NGHTTP2_INTERNAL_ERROR) });
    const { result } = await run(server.url, { load: arrivals });
    assert.deepEqual(result.error_kinds, { reset: 10 }, told(result));
    assert.match(told(result), /the server reset the stream: INTERNAL_ERROR/);
    assert.ok(server.sessions < 10);
  });

  test("REFUSED_STREAM: sent again, without an error", async (t) => {
    const server = await serve(t, {
      stream: (s, _, { seen }) => (seen % 3 === 0 ? s.close(constants.NGHTTP2_REFUSED_STREAM) : ok(s)),
    });
    const ran = await run(server.url, { streams: 8 });
    assertFine(ran);
    assert.ok(server.seen > ran.result.requests);
  });

  test("a server that refuses for ever: reset, after some tries", async (t) => {
    const server = await serve(t, { stream: (s) => s.close(constants.NGHTTP2_REFUSED_STREAM) });
    const { result } = await run(server.url, { load: arrivals });
    assert.deepEqual(result.error_kinds, { reset: 10 }, told(result));
    assert.match(told(result), /REFUSED_STREAM/);
    assert.equal(server.seen, 60);
  });

  test("GOAWAY: what the server has taken is answered, the rest goes elsewhere", async (t) => {
    const server = await serve(t, {
      stream: (s, _, { seen }) => {
        if (seen % 50 === 0) s.session.close();
        setTimeout(() => s.destroyed || ok(s), 2);
      },
    });
    const ran = await run(server.url, { streams: 8 });
    assertFine(ran);
    assert.ok(server.sessions > 1);
  });

  test("a connection that breaks fails its streams under their kind", async (t) => {
    const server = await serve(t, { stream: (s) => s.session.destroy() });
    const { result } = await run(server.url, { load: arrivals });
    assert.equal(result.errors, 10, told(result));
    for (const kind of Object.keys(result.error_kinds)) assert.ok(["closed", "reset"].includes(kind), told(result));
  });

  test("a stream that is not answered times out alone: CANCEL", async (t) => {
    const codes = [];
    const server = await serve(t, {
      stream: (s, headers) => {
        if (headers[":path"] === "/ok") return ok(s);
        s.on("aborted", () => codes.push(s.rstCode));
      },
    });
    const steps = [get("/never", { timeouts: { response: "100ms" } }), get("/ok")];
    const { result } = await run(server.url, { load: arrivals, streams: 10, steps });
    assert.deepEqual(result.error_kinds, { timeout: 10 }, told(result));
    assert.ok(result.status[200] >= 5, "others went on");
    assert.equal(server.sessions, 1);
    assert.deepEqual([...new Set(codes)], [constants.NGHTTP2_CANCEL]);
  });

  test("fewer streams than asked for, when the server says so", async (t) => {
    let now = 0, most = 0;
    const server = await serve(t, {
      settings: { maxConcurrentStreams: 3 },
      stream: (s) => {
        const key = s.session;
        key.now = (key.now ?? 0) + 1;
        most = Math.max(most, key.now);
        now++;
        setTimeout(() => (key.now--, now--, ok(s)), 2);
      },
    });
    const ran = await run(server.url, { streams: 12, load: closed(12) });
    assertFine(ran);
    assert.ok(most <= 3, `${most} at once`);
    assert.equal(server.sessions, 4);
  });

  test("a pushed answer is a breach of the protocol", async (t) => {
    // Raw frames: node does not push where it is told not to. SETTINGS and its acknowledgement, then PUSH_PROMISE.
    const frame = (type, flags, stream, payload) => {
      const head = Buffer.alloc(9);
      head.writeUIntBE(payload.length, 0, 3);
      head[3] = type;
      head[4] = flags;
      head.writeUInt32BE(stream, 5);
      return Buffer.concat([head, payload]);
    };
    const server = createTcpServer((socket) => {
      socket.on("error", () => {});
      socket.write(frame(4, 0, 0, Buffer.alloc(0)));
      socket.once("data", () => setTimeout(() => socket.write(Buffer.concat([frame(4, 1, 0, Buffer.alloc(0)), frame(5, 4, 1, Buffer.from([0, 0, 0, 2, 0x82, 0x86, 0x84]))])), 20));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close());
    const { result } = await run(`http://127.0.0.1:${server.address().port}`, { load: arrivals });
    assert.deepEqual(result.error_kinds, { malformed_response: 10 }, told(result));
  });

  test("PING is answered", async (t) => {
    let answered = 0;
    const server = await serve(t, {
      stream: (s) => ok(s),
      session: (s) => s.ping((error) => (answered += error ? 0 : 1)),
    });
    assertFine(await run(server.url, { load: closed(1, "300ms") }));
    assert.equal(answered, 1);
  });

  test("users of a target that refuses fail together, each counted", async () => {
    const { result } = await run("http://127.0.0.1:1", { load: arrivals, streams: 10 });
    assert.deepEqual(result.error_kinds, { connect_refused: 10 }, told(result));
  });
});

describe("the scenario language over HTTP/2", () => {
  for (const tls of [undefined, { allowHTTP1: false }])
    test(`captures, expressions and checks${tls ? ", over TLS as auto finds it" : ""}`, async (t) => {
      const asked = [];
      const server = await serve(t, {
        tls,
        stream: (s, headers) => {
          let body = "";
          s.on("data", (piece) => (body += piece));
          s.on("end", () => {
            asked.push({ headers, body });
            if (headers[":path"] !== "/login") return ok(s);
            s.additionalHeaders({ ":status": 103, "x-id": "interim" });
            s.respond({ ":status": 200, "x-id": "h-1", "set-cookie": "sid=s-7; Secure" }, { waitForTrailers: true });
            s.on("wantTrailers", () => s.sendTrailers({ "x-id": "trailer" }));
            s.end(JSON.stringify({ pad: "x".repeat(100_000), token: 'to"k' }));
          });
        },
      });
      const captures = { t: { json: "/token" }, h: { header: "X-Id" }, c: { cookie: "sid" } };
      const ran = await run(server.url, {
        load: closed(4, "500ms"), streams: 4, http: tls ? "auto" : "2",
        steps: [
          get("/login", { captures, checks: [{ status: [200] }, { json: { pointer: "/token", equals: 'to"k' } }, { header: { name: "X-Id", equals: "h-1" } }] }),
          { request: { method: "POST", url: "/p/${url(t)}?c=${c}", headers: { "X-Both": "${h}-${c}" }, json: { t: "${t}" } } },
        ],
      });
      assertFine(ran);
      const second = asked.filter(({ headers }) => headers[":method"] === "POST");
      assert.ok(second.length > 4);
      for (const { headers, body } of second) {
        assert.equal(headers[":path"], "/p/to%22k?c=s-7");
        assert.equal(headers["x-both"], "h-1-s-7");
        assert.equal(headers["content-length"], String(body.length));
        assert.deepEqual(JSON.parse(body), { t: 'to"k' });
      }
    });

  test("a capture that finds nothing fails, and its sample shows the answer", async (t) => {
    const server = await serve(t, { stream: (s) => ok(s, '{"a":1}') });
    const { result } = await run(server.url, { load: arrivals, steps: [get("/", { captures: { token: { json: "/b" } } })] });
    assert.deepEqual(result.error_kinds, { capture_failed: 10 }, told(result));
    assert.match(result.samples[0].response_text, /"a":1/);
  });
});
