// The scenario language against servers that remember what they were asked: expressions, captures,
// checks, steps inside steps, and data.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { runScenario } from "./lib/squall.mjs";

// 10 iterations, and time for the last one: the end of the load is the end of every iteration.
const LOAD = { rate: [[20, "0s"], [20, "500ms"], [0, "0s"], [0, "2s"]].map(([target, duration]) => ({ target, duration })) };
const TIMES = 10;

// Answers with `answer(request, body)`: [status, headers, body]; keeps what was asked.
async function serving(answer, use) {
  const asked = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      asked.push({ method: request.method, url: request.url, headers: request.headers, body });
      const [status, headers, text] = answer(request, body);
      response.writeHead(status, headers);
      response.end(text);
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  try {
    return await use(`http://127.0.0.1:${server.address().port}`, asked);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const get = (url, more = {}) => ({ request: { url, ...more } });
const json = (value) => [200, { "content-type": "application/json" }, JSON.stringify(value)];
const run = (base_url, steps, more = {}) => runScenario({ target: { base_url }, load: LOAD, steps, ...more });

function assertFine({ code, result, stderr }) {
  assert.deepEqual(result.error_kinds, {}, JSON.stringify(result.samples));
  assert.equal(code, 0, stderr);
}

describe("captures and expressions", { concurrency: 4 }, () => {
  test("what one answer gives is in the next request, in all of its places", () =>
    serving(
      (request) => {
        if (request.url !== "/login") return json({});
        return [200, { "set-cookie": ["a=1; Path=/", "sid=s-7; Secure"], location: "/next" }, JSON.stringify({ "a/b": [{ t: 'to"k' }], n: 12345678901, no: null })];
      },
      async (url, asked) => {
        const ran = await run(url, [
          { request: { url: "/login", captures: { t: { json: "/a~1b/0/t" }, n: { json: "/n" }, r: { regex: '"n":(\\d)(\\d)', group: 2 }, h: { header: "Location" }, c: { cookie: "sid" }, d: { json: "/x", default: "def" } } } },
          { set: { both: "${n}-${c}" } },
          { request: { method: "POST", url: "/p/${url(t)}?c=${c}", headers: { "X-Both": "${both}" }, json: { t: "${t}", r: "${r}", h: "${h}", d: "${d}" } } },
        ]);
        assertFine(ran);
        const second = asked.filter(({ method }) => method === "POST");
        assert.equal(second.length, TIMES);
        for (const { url: path, headers, body } of second) {
          assert.equal(path, "/p/to%22k?c=s-7");
          assert.equal(headers["x-both"], "12345678901-s-7");
          assert.deepEqual(JSON.parse(body), { t: 'to"k', r: "2", h: "/next", d: "def" });
        }
      },
    ));

  for (const [coding, encode] of [["gzip", gzipSync], ["deflate", deflateSync], ["deflate", deflateRawSync], ["br", brotliCompressSync]])
    test(`a body that came as ${coding} (${encode.name}) is looked into`, () =>
      serving(
        () => [200, { "content-encoding": coding }, encode(JSON.stringify({ pad: "x".repeat(100_000), id: 5 }))],
        async (url) => assertFine(await run(url, [get("/", { checks: [{ json: { pointer: "/id", equals: 5 } }] })])),
      ));

  test("a capture that finds nothing is capture_failed, and its sample says which", () =>
    serving(
      () => json({ a: 1 }),
      async (url) => {
        const { result, code } = await run(url, [get("/", { captures: { token: { json: "/b" } } })]);
        assert.deepEqual(result.error_kinds, { capture_failed: TIMES });
        assert.equal(code, 1);
        assert.equal(result.samples[0].detail, 'the capture "token" found nothing');
        assert.match(result.samples[0].response_text, /"a":1/);
      },
    ));

  test("a value that would break a request is bad_value, and nothing is sent", () =>
    serving(
      () => json({}),
      async (url, asked) => {
        const { result } = await run(url, [get("/${x}", { name: "broken" })], { variables: { x: "a b" } });
        assert.equal(result.error_kinds.bad_value, TIMES);
        assert.equal(asked.length, 0);
      },
    ));
});

describe("checks", { concurrency: 4 }, () => {
  const fails = [
    ["a header", { header: { name: "X-A", equals: "b" } }, 'header X-A is "a", expected one equal to "b"'],
    ["a header that is not there", { header: { name: "X-B", contains: "" } }, 'header X-B is not there, expected one that contains ""'],
    ["the body", { body: { contains: "zz" } }, 'the body is "{"n":[1,"two"]}", expected one that contains "zz"'],
    ["an expression", { body: { matches: "^x" } }, 'the body is "{"n":[1,"two"]}", expected one that matches "^x"'],
    ["JSON", { json: { pointer: "/n/0", equals: 2 } }, 'the JSON\'s "/n/0" is "1", expected one equal to "2"'],
    ["JSON that is there", { json: { pointer: "/n/1", exists: false } }, 'the JSON\'s "/n/1" is there'],
    ["the time", { time: "1ns" }, /^took [0-9.]+ ms, expected at most 0.000 ms$/],
  ];
  for (const [what, check, detail] of fails)
    test(`${what} that is not as expected fails`, () =>
      serving(
        () => [200, { "x-a": "a" }, '{"n":[1,"two"]}'],
        async (url) => {
          const { result } = await run(url, [get("/", { checks: [check] })]);
          assert.deepEqual(result.error_kinds, { check_failed: TIMES });
          if (detail instanceof RegExp) assert.match(result.samples[0].detail, detail);
          else assert.equal(result.samples[0].detail, detail);
        },
      ));

  test("an answer that is as expected passes, in pieces too", () =>
    serving(
      () => [200, { "x-a": "a", "transfer-encoding": "chunked" }, '{"n":[1,"two"]}'],
      async (url) =>
        assertFine(
          await run(url, [
            get("/", {
              checks: [{ status: [200] }, { header: { name: "x-A", matches: "^a$" } }, { body: { equals: '{"n":[1,"two"]}' } }, { json: { pointer: "/n/1", equals: "two" } }, { json: { pointer: "/n", equals: [1, "two"] } }, { json: { pointer: "/n/2", exists: false } }, { time: "10s" }],
            }),
          ]),
        ),
    ));

  test("an expression that backtracks without end fails and stops nothing", () =>
    serving(
      () => [200, {}, "a".repeat(5000)],
      async (url) => {
        const { result } = await run(url, [get("/", { checks: [{ body: { matches: "(a+)+(a+)+(a+)+b" } }] })]);
        assert.deepEqual(result.error_kinds, { check_failed: TIMES });
      },
    ));
});

describe("steps", { concurrency: 4 }, () => {
  const count = (asked, url) => asked.filter((one) => one.url === url).length;

  test("repeat, if and else go where they should", () =>
    serving(
      () => json({}),
      async (url, asked) => {
        assertFine(
          await run(url, [
            { repeat: { times: 2, steps: [get("/outer"), { repeat: { times: 3, steps: [get("/inner")] } }] } },
            { set: { x: "yes" } },
            { if: { value: "${x}", equals: "yes", then: [get("/then")], else: [get("/else")] } },
            { if: { value: "${x}", matches: "^n", then: [get("/then2")], else: [get("/else2")] } },
            { if: { value: "${y:-}", exists: true, then: [get("/then3"), { set: { y: "1" } }] } },
            get("/end"),
          ]),
        );
        for (const [path, n] of [["/outer", 2], ["/inner", 6], ["/then", 1], ["/else", 0], ["/then2", 0], ["/else2", 1], ["/then3", 0], ["/end", 1]])
          assert.equal(count(asked, path), n * TIMES, path);
      },
    ));

  test("choose keeps to the weights", () =>
    serving(
      () => json({}),
      async (url, asked) => {
        assertFine(await run(url, [{ repeat: { times: 100, steps: [{ choose: [{ weight: 3, steps: [get("/a")] }, { steps: [get("/b")] }] }] } }]));
        assert.equal(asked.length, 1000);
        assert.ok(Math.abs(count(asked, "/a") - 750) < 70, `${count(asked, "/a")}`);
      },
    ));

  test("pace counts from the iteration's start, and an iteration without a request does not spin", () =>
    serving(
      () => json({}),
      async (url, asked) => {
        assertFine(await run(url, [get("/"), { pace: "200ms" }], { load: { users: 1, duration: "1s" } }));
        assert.ok(asked.length >= 4 && asked.length <= 6, `${asked.length}`);
        const idle = await run(url, [{ if: { value: "", exists: true, then: [get("/never")] } }], { load: { users: 2, duration: "300ms" } });
        assert.equal(idle.result.requests, 0);
      },
    ));
});

describe("data", { concurrency: 4 }, () => {
  const rows = Array.from({ length: 10 }, (_, i) => `u${i},"n ""${i}"""`).join("\r\n");
  const csv = `id,name\r\n${rows}\r\n`;
  const ids = (asked) => asked.map(({ url }) => url.slice(1));

  test("rows go to the iterations of all workers, none twice", () =>
    serving(
      () => json({}),
      async (url, asked) => {
        const data = [{ name: "users", csv, per: "iteration" }];
        const ran = await runScenario({ target: { base_url: url }, load: LOAD, data, steps: [get("/${users.id}?${url(users.name)}")] }, { args: ["--workers", "2"] });
        assertFine(ran);
        assert.equal(new Set(ids(asked)).size, TIMES);
        assert.equal(asked.find(({ url: path }) => path.startsWith("/u3")).url, "/u3?n%20%223%22");
      },
    ));

  test("rows that are used once end the flow", () =>
    serving(
      () => json({}),
      async (url, asked) => {
        const data = [{ name: "users", csv, order: "once", per: "iteration" }];
        const ran = await run(url, [get("/${users.id}")], { data, load: { users: 3, duration: "20s" } });
        assertFine(ran);
        assert.deepEqual(ids(asked).sort(), Array.from({ length: 10 }, (_, i) => `u${i}`));
      },
    ));

  test("a user keeps its row", () =>
    serving(
      () => json({}),
      async (url, asked) => {
        const data = [{ name: "users", csv }];
        assertFine(await run(url, [get("/${users.id}/${iteration()}")], { data, load: { users: 2, duration: "200ms" } }));
        assert.deepEqual([...new Set(ids(asked).map((id) => id.split("/")[0]))].sort(), ["u0", "u1"]);
      },
    ));
});
