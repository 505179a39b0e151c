// servers.mjs: what is sent to: nginx with a small answer from memory, or the target, on the
// server's cores.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { readFileSync } from "node:fs";
import { startNginx } from "../../integration/lib/nginx.mjs";
import { startTarget } from "../../integration/lib/squall.mjs";
import { cores, moveToServerCores, onServer } from "./measure.mjs";

const smallAnswer = `
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  location / { return 200 "hello world\\n"; }`;

export function startServer() {
  return startNginx({
    server: smallAnswer,
    workers: Math.max(1, cores - 1),
    listen: "backlog=4096",
    prefix: onServer,
  });
}

function certificate(dir) {
  const made = spawnSync(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
     "-subj", "/CN=localhost", "-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")],
    { encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  return Object.fromEntries(["key.pem", "cert.pem"].map((name) => [name, readFileSync(join(dir, name))]));
}

export function startTlsServer(dir) {
  return startNginx({
    server: `ssl_certificate DIR/cert.pem; ssl_certificate_key DIR/key.pem; ${smallAnswer}`,
    workers: Math.max(1, cores - 1),
    listen: "ssl backlog=4096",
    prefix: onServer,
    files: certificate(dir),
  });
}

// startTarget, with reset(): forget what arrived, and count freezes from the next request.
export async function startPinnedTarget(args) {
  const target = await startTarget(args);
  moveToServerCores(target.pid);
  const reset = async () => {
    const answer = await fetch(`${target.url}/_reset`, { method: "POST" });
    if (!answer.ok) throw new Error(`/_reset: ${answer.status}`);
  };
  return { ...target, reset };
}
