// Configuration and life of the daemon as a process: what it says, where it listens, what it costs.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rawRequest, startDaemon } from "./lib/daemon.mjs";
import { root, runCli, sanitized, squalld } from "./lib/squall.mjs";

function tempDir(t) {
  const dir = mkdtempSync(join(tmpdir(), "squall-config-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function configFile(t, text) {
  const path = join(tempDir(t), "squalld.conf");
  writeFileSync(path, text);
  return path;
}

test("--check-config tells every mistake with its place, and serves nothing", async (t) => {
  const path = configFile(t, "port = 99999\nlog_levle = info\nmax_body = 1GiB\n");
  const { code, stderr, stdout } = await runCli(["serve", "--check-config", "--config", path, "--max-workers", "none"]);
  assert.equal(code, 2);
  assert.equal(stdout, "");
  assert.ok(stderr.includes(`${path}:1: port: "99999" is not a number from 0 to 65535`), stderr);
  assert.ok(stderr.includes(`${path}:2: unknown key "log_levle"; did you mean "log_level"?`), stderr);
  assert.ok(stderr.includes(`${path}:3: max_body: `), stderr);
  assert.ok(stderr.includes("command line: --max-workers: "), stderr);
});

test("the shipped configuration file is right, and so is no file at all", async () => {
  const shipped = await runCli(["serve", "--check-config", "--config", join(root, "conf", "squalld.conf")]);
  assert.equal(shipped.code, 0, shipped.stderr);
  assert.match(shipped.stdout, /right/);
});

test("the manual and --help have every key", async () => {
  const manual = readFileSync(join(root, "man", "squalld.conf.5"), "utf8");
  const { stdout } = await runCli(["serve", "--help"]);
  const keys = [...readFileSync(join(root, "conf", "squalld.conf"), "utf8").matchAll(/^#([a-z_]+) =/gm)].map(([, key]) => key);
  assert.ok(keys.length >= 15);
  for (const key of keys) {
    assert.ok(manual.includes(`.It Cm ${key}\n`), `${key} in squalld.conf(5)`);
    assert.ok(stdout.includes(`--${key.replaceAll("_", "-")} `) || stdout.includes(`--${key.replaceAll("_", "-")}\n`), `${key} in --help`);
  }
});

test("a wrong option is answered with the one that was meant", async () => {
  const { code, stderr } = await runCli(["serve", "--prot", "1"]);
  assert.equal(code, 2);
  assert.match(stderr, /did you mean --port\?/);
});

test("the command line prevails over the environment, and that over the file", async (t) => {
  const path = configFile(t, "max_workers = 11\nmax_live_runs = 11\nmax_live_streams = 11\n");
  const env = { SQUALL_CONFIG: path, SQUALL_MAX_WORKERS: "12", SQUALL_MAX_LIVE_RUNS: "12" };
  const { must } = await startDaemon(t, { env, args: ["--max-workers", 13] });
  const { limits } = await must(200, "GET", "/api/v1/info");
  assert.deepEqual([limits.workers, limits.live_runs, limits.live_streams], [13, 12, 11]);
});

test("other machines are kept out unless they are asked in", async (t) => {
  const refused = await runCli(["serve", "--listen", "0.0.0.0", "--port", 0, "--data-dir", tempDir(t)]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /no accounts and no TLS yet/);
  assert.match(refused.stderr, /allow_remote/);

  const open = await startDaemon(t, { args: ["--listen", "0.0.0.0", "--allow-remote"] });
  const [address] = Object.values(networkInterfaces()).flat().filter((a) => a.family === "IPv4" && !a.internal);
  if (address) assert.equal((await rawRequest(`http://${address.address}:${open.port}/healthz`)).status, 200);
});

test("it listens on IPv6, too", async (t) => {
  const { url, must } = await startDaemon(t, { args: ["--listen", "::1"] });
  assert.match(url, /^http:\/\/\[::1\]:\d+$/);
  await must(200, "GET", "/healthz");
});

test("what keeps it from starting is said in a sentence, with exit code 3", async (t) => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.on("listening", resolve));
  t.after(() => server.close());
  const taken = await runCli(["serve", "--port", server.address().port, "--data-dir", tempDir(t)]);
  assert.equal(taken.code, 3);
  assert.match(taken.stderr, /cannot listen on 127\.0\.0\.1, port \d+: Address already in use/);

  const nowhere = await runCli(["serve", "--port", 0, "--data-dir", "/nonexistent/squall/data"]);
  assert.equal(nowhere.code, 3);
  assert.match(nowhere.stderr, /\/nonexistent\/squall/);
});

// Root's default is /var/lib/squall, which is not for tests: they take nobody's.
const asNobody = process.getuid() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];

test("without data_dir the data is under the user's home, parents made too", async (t) => {
  if (asNobody.length && spawnSync(asNobody[0], [...asNobody.slice(1), squalld, "version"]).status !== 0)
    return t.skip("nobody may not run the binary where it is");
  const home = tempDir(t);
  chmodSync(home, 0o777);
  const env = { HOME: home, XDG_DATA_HOME: "" };
  const { must, stop } = await startDaemon(t, { dir: "", env, prefix: asNobody });
  await must(200, "GET", "/healthz");
  assert.ok(existsSync(join(home, ".local", "share", "squall", "squall.db")));
  await stop();
});

test("the log is text or JSON, from the level that was asked for", async (t) => {
  const json = await startDaemon(t, { args: ["--log-format", "json"] });
  await json.stop();
  for (const line of json.log().trim().split("\n")) assert.ok(JSON.parse(line).message ?? JSON.parse(line).msg, line);
  const quiet = await startDaemon(t, { args: ["--log-level", "error"] });
  await quiet.stop();
  assert.equal(quiet.log(), "");
});

test("it tells systemd when it is ready and when it stops", async (t) => {
  // node has no datagram sockets of the file system.
  const path = join(tempDir(t), "notify");
  const python = spawn("python3", ["-c", `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("bound", flush=True)
for _ in range(2): print(s.recv(4096).decode(), flush=True)`, path]);
  const done = new Promise((resolve) => python.on("close", resolve));
  t.after(() => python.kill());
  let told = "";
  const problem = await new Promise((resolve) => {
    python.on("error", () => resolve("python3 is not here"));
    python.stdout.setEncoding("utf8").on("data", (text) => ((told += text), resolve(null)));
  });
  if (problem) return t.skip(problem);
  const daemon = await startDaemon(t, { env: { NOTIFY_SOCKET: path } });
  assert.equal((await daemon.stop()).code, 0);
  await done;
  assert.equal(told, "bound\nREADY=1\nSTOPPING=1\n");
});

test("it is quick to answer and rests in under 15 MB", { skip: sanitized && "not under sanitizers" }, async (t) => {
  const { must, pid } = await startDaemon(t);
  await must(200, "GET", "/healthz");
  // 100 ms of time is measured by `make bench` on a quiet machine; here it is the processor time.
  const cpu_ms = Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
  const rss_kb = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
  assert.ok(cpu_ms < 100, `${cpu_ms} ms`);
  assert.ok(rss_kb < 15_000, `${rss_kb} kB`);
});
