// How https is spoken, against nginx: client certificates, versions, ciphers, sessions.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startNginx } from "./lib/nginx.mjs";
import { runScenario } from "./lib/squall.mjs";

let dir;
const file = (name) => join(dir, name);

before(() => {
  dir = mkdtempSync(join(tmpdir(), "squall-tls-"));
  for (const [name, subject] of [["server", "/CN=squall.test"], ["client", "/CN=tester"], ["other", "/CN=stranger"]])
    execFileSync("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-subj", subject, "-keyout", file(`${name}.key`), "-out", file(`${name}.pem`)],
    ], { stdio: "ignore" });
  writeFileSync(file("both.pem"), readFileSync(file("client.pem"), "utf8") + readFileSync(file("client.key"), "utf8"));
  execFileSync("openssl", ["ec", "-aes128", "-passout", "pass:x", "-in", file("client.key"), "-out", file("locked.key")], { stdio: "ignore" });
});
after(() => rmSync(dir, { recursive: true }));

// An nginx that logs what was agreed on, and answers each request with "fine".
async function secure(t, more = "") {
  const server = await startNginx({
    listen: "ssl",
    http: "log_format tls '$status $ssl_protocol $ssl_cipher $ssl_session_reused $ssl_client_s_dn';",
    server: `access_log DIR/tls.log tls; keepalive_requests 1000000;
      ssl_certificate ${file("server.pem")}; ssl_certificate_key ${file("server.key")}; ${more}
      location / { return 200 "fine"; }`,
  });
  t.after(server.stop);
  server.tlsLog = () =>
    readFileSync(join(server.dir, "tls.log"), "utf8").trim().split("\n").map((line) => {
      const [status, version, cipher, reused, subject] = line.split(" ");
      return { status, version, cipher, reused: reused === "r", subject };
    });
  return server;
}

const run = (server, tls = {}, target = {}) =>
  runScenario({
    target: { base_url: server.url, tls: { verify: false, ...tls }, ...target },
    load: { users: 2, duration: "500ms" },
    steps: [{ request: { url: "/" } }],
  });

const CLIENT = () => `ssl_client_certificate ${file("client.pem")}; ssl_verify_client on;`;

test("a client certificate, its key apart or in the same file, is what the server asks for", async (t) => {
  const server = await secure(t, CLIENT());
  for (const tls of [{ cert_file: file("client.pem"), key_file: file("client.key") }, { cert_file: file("both.pem") }]) {
    const { code, result } = await run(server, tls);
    assert.equal(code, 0, JSON.stringify(result?.error_kinds));
  }
  assert.ok(server.tlsLog().every(({ subject }) => subject === "CN=tester"));
  for (const tls of [{}, { cert_file: file("other.pem"), key_file: file("other.key") }]) {
    const { code, result } = await run(server, tls);
    assert.equal(code, 1);
    assert.deepEqual(Object.keys(result.status), ["400"]);
  }
});

const UNUSABLE = [
  ["a certificate that is not there", () => ({ cert_file: file("none.pem") }), /the certificate file ".*none.pem" cannot be read: No such file/],
  ["a key that is not there", () => ({ cert_file: file("client.pem"), key_file: file("none.key") }), /the key file ".*none.key" cannot be read: No such file/],
  ["a certificate without a key", () => ({ cert_file: file("client.pem") }), /the key file ".*client.pem" cannot be used/],
  ["a key of another certificate", () => ({ cert_file: file("client.pem"), key_file: file("other.key") }), /the key file ".*other.key" cannot be used: .*mismatch/],
  ["a key with a passphrase", () => ({ cert_file: file("client.pem"), key_file: file("locked.key") }), /the key file ".*locked.key" cannot be used/],
  ["a file that is no certificate", () => ({ cert_file: file("client.key") }), /the certificate file ".*client.key" cannot be used/],
  ["ciphers that nobody knows", () => ({ ciphers: "NOTHING" }), /the ciphers "NOTHING" cannot be used/],
  ["TLS 1.3 alone, and no suite of it", () => ({ ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256", min_version: "1.3" }), /"ciphers" has none of its suites/],
];
for (const [what, tls, words] of UNUSABLE)
  test(`${what}: the run does not begin, and says why`, async (t) => {
    const server = await secure(t);
    const { code, stderr } = await run(server, tls());
    assert.equal(code, 3);
    assert.match(stderr, words);
    assert.equal(readFileSync(join(server.dir, "tls.log"), "utf8"), "");
  });

test("a lowest version: a server that has only older ones is refused", async (t) => {
  const server = await secure(t, "ssl_protocols TLSv1.2;");
  assert.equal((await run(server)).code, 0);
  assert.ok(server.tlsLog().every(({ version }) => version === "TLSv1.2"));
  const { code, result } = await run(server, { min_version: "1.3" });
  assert.equal(code, 1);
  assert.deepEqual(Object.keys(result.error_kinds), ["tls"]);
});

test("ciphers are the only ones offered, and a version without any is not", async (t) => {
  const server = await secure(t, "ssl_protocols TLSv1.2 TLSv1.3;");
  for (const [ciphers, version, cipher] of [
    ["TLS_AES_128_GCM_SHA256", "TLSv1.3", "TLS_AES_128_GCM_SHA256"],
    ["ECDHE-ECDSA-AES128-GCM-SHA256", "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"],
    ["ECDHE-ECDSA-AES128-GCM-SHA256:TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3", "TLS_CHACHA20_POLY1305_SHA256"],
  ]) {
    const { code, result } = await run(server, { ciphers });
    assert.equal(code, 0, JSON.stringify(result?.error_kinds));
    const last = server.tlsLog().at(-1);
    assert.deepEqual([last.version, last.cipher], [version, cipher]);
  }
});

for (const version of ["TLSv1.2", "TLSv1.3"])
  test(`sessions are resumed when asked for, and only then: ${version}`, async (t) => {
    const server = await secure(t, `ssl_protocols ${version}; ssl_session_cache shared:S:1m;`);
    const whole = await run(server, {}, { keep_alive: false });
    assert.equal(whole.code, 0, JSON.stringify(whole.result?.error_kinds));
    const before = server.tlsLog();
    assert.ok(before.length > 10);
    assert.ok(before.every(({ reused }) => !reused));

    const resumed = await run(server, { resume: true }, { keep_alive: false });
    assert.equal(resumed.code, 0, JSON.stringify(resumed.result?.error_kinds));
    const log = server.tlsLog().slice(before.length);
    const whole_ones = log.filter(({ reused }) => !reused).length;
    assert.ok(whole_ones >= 1 && whole_ones <= 2, "at most each user's first handshake is a whole one");
    assert.ok(log.length > 10);
  });
