// The dashboard's files as the daemon serves them: from memory, compressed, with entity tags, under
// a policy that runs nothing but its own scripts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { request } from "node:http";
import { rawRequest, startDaemon } from "./lib/daemon.mjs";

function get(url, headers = {}) {
  return new Promise((resolve, reject) => {
    request(url, { headers }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part)).on("error", reject);
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, bytes: Buffer.concat(parts) }));
    }).on("error", reject).end();
  });
}

const GZIP = { "Accept-Encoding": "gzip, deflate, br" };

// A daemon with a dashboard; skips the test for one that was built without.
async function dashboard(t) {
  const daemon = await startDaemon(t);
  const page = await get(`${daemon.url}/`, GZIP);
  if (page.status === 404) {
    assert.match(JSON.parse(page.bytes).detail, /built without the dashboard/);
    t.skip("built with WEB=0");
    return {};
  }
  const html = gunzipSync(page.bytes).toString();
  const scripts = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path);
  return { ...daemon, page, html, files: scripts };
}

test("the page and all that it names are there, compressed", async (t) => {
  const { url, page, html, files } = await dashboard(t);
  if (!url) return;
  assert.equal(page.headers["content-encoding"], "gzip");
  assert.match(page.headers["content-type"], /^text\/html/);
  assert.equal(page.headers["cache-control"], "no-cache");
  assert.ok(files.length >= 2, html);
  for (const path of files) {
    const file = await get(url + path, GZIP);
    assert.equal(file.status, 200, path);
    const plain = await get(url + path);
    assert.equal(plain.headers["content-encoding"], undefined);
    assert.ok(plain.bytes.equals(file.headers["content-encoding"] === "gzip" ? gunzipSync(file.bytes) : file.bytes), `${path} is the same without compression`);
    assert.equal(file.headers.vary, "Accept-Encoding");
    if (/-[\w-]{8}\.(js|css)$/.test(path)) assert.match(file.headers["cache-control"], /immutable/);
  }
});

test("an entity tag saves the second transfer", async (t) => {
  const { url, page, files } = await dashboard(t);
  if (!url) return;
  for (const path of ["/", ...files]) {
    const { headers } = await get(url + path, GZIP);
    const again = await get(url + path, { ...GZIP, "If-None-Match": headers.etag });
    assert.equal(again.status, 304, path);
    assert.equal(again.bytes.length, 0);
    assert.equal(again.headers.etag, headers.etag);
  }
  assert.ok(page.headers.etag);
});

test("the page runs only its own scripts, and is shown in no frame", async (t) => {
  const { url, page, html } = await dashboard(t);
  if (!url) return;
  const policy = page.headers["content-security-policy"];
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self';/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.doesNotMatch(html, /<script(?![^>]*\ssrc=)[^>]*>[^<]/, "no inline script, which the policy would stop");
});

test("a page's path leads to the dashboard, a missing file does not", async (t) => {
  const { url, page } = await dashboard(t);
  if (!url) return;
  const deep = await get(`${url}/runs/01kaxv7e5nq8g3zt?tab=x`, GZIP);
  assert.equal(deep.headers.etag, page.headers.etag);
  assert.equal((await get(`${url}/assets/gone-12345678.js`)).status, 404);
  assert.equal((await get(`${url}/api/v2/runs`)).status, 404);
  assert.equal((await rawRequest(`${url}/`, { method: "POST" })).status, 404);
  assert.equal((await rawRequest(`${url}/`, { method: "HEAD" })).status, 200);
  for (const path of ["/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/index.html/.."])
    assert.notEqual((await get(url + path)).bytes.toString().slice(0, 5), "root:");
});
