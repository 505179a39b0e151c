// hostile.mjs: servers that behave badly, made of node's own sockets, and what it takes to aim the
// real binary at them: a certificate, a name with two addresses, a listener that does not accept.
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";

// A server on loopback that hands each connection to `serve(socket, nth)`, nth from 1 on, and ends
// with the test: {port, url, connections(), refuse()}; refuse() ends listening and no more. `tls`
// ({key, cert}) makes it speak TLS. What a test does to its sockets is meant, so errors on them are
// nothing to report.
export async function hostile(t, serve, { host = "127.0.0.1", port = 0, tls } = {}) {
  const sockets = new Set();
  let count = 0;
  const accept = (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    serve(socket, ++count);
  };
  const options = { allowHalfOpen: true, noDelay: true, ...tls };
  const server = tls ? createTlsServer(options, accept).on("tlsClientError", () => {}) : createServer(options, accept);
  await new Promise((resolve, reject) => server.on("error", reject).listen({ port, host }, resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve)); // (its error, when it refuses already, is one)
  });
  const at = server.address();
  const name = at.family === "IPv6" ? `[${at.address}]` : at.address;
  return { port: at.port, url: `${tls ? "https" : "http"}://${name}:${at.port}`, connections: () => count, refuse: () => server.close() };
}

// Stands before `port`: what comes from there goes on gathered, a piece each `gather_ms`; a
// connection is reset `reset_ms` after the first such piece.
export function relay(t, port, { gather_ms = 10, reset_ms } = {}) {
  return hostile(t, (socket) => {
    const server = connect(port, "127.0.0.1").on("error", () => socket.destroy());
    let gathered = [];
    server.on("data", (piece) => {
      gathered.push(piece);
      if (gathered.length > 1) return;
      setTimeout(() => (socket.write(Buffer.concat(gathered)), (gathered = [])), gather_ms);
    });
    if (reset_ms) server.once("data", () => setTimeout(() => socket.resetAndDestroy(), reset_ms));
    socket.on("data", (piece) => server.write(piece)).on("end", () => server.end()).on("close", () => server.destroy());
    server.on("end", () => setTimeout(() => socket.end(), 2 * gather_ms));
  });
}

// Reads requests off a connection and calls `answer(socket, {method, path, head, body, nth})` for
// each, nth from 1 on, when it is whole.
export function onRequest(socket, answer) {
  let bytes = Buffer.alloc(0);
  let nth = 0;
  socket.on("end", () => socket.end()).on("data", (piece) => {
    bytes = Buffer.concat([bytes, piece]);
    for (;;) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = bytes.toString("latin1", 0, end);
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      if (bytes.length < end + 4 + length) return;
      const body = bytes.toString("latin1", end + 4, end + 4 + length);
      bytes = bytes.subarray(end + 4 + length);
      const [method, path] = head.split(" ");
      answer(socket, { method, path, head, body, nth: ++nth });
    }
  });
}

// A `serve` that answers each request by `answer`.
export const answering = (answer) => (socket) => onRequest(socket, answer);

// A `serve` that answers each request with bytes as they are, then does `then(socket)`.
export const saying = (bytes, then = () => {}) =>
  answering((socket) => socket.write(bytes, "latin1", () => then(socket)));

export const OK = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
export const sized = (body, status = "200 OK", fields = "") =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n${fields}\r\n${body}`;

// Writes until the other side has gone, without holding more than the socket does.
export function pour(socket, piece) {
  const more = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on("drain", more);
  more();
}

// {key, cert} for 127.0.0.1, signed by itself.
export function certificate() {
  const dir = mkdtempSync(join(tmpdir(), "squall-hostile-"));
  try {
    execFileSync("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
      ...["-subj", "/CN=squall.test", "-addext", "subjectAltName=IP:127.0.0.1"],
      ...["-keyout", join(dir, "key.pem"), "-out", join(dir, "cert.pem")],
    ], { stdio: "ignore" });
    return { key: readFileSync(join(dir, "key.pem")), cert: readFileSync(join(dir, "cert.pem")) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const opened = (port, ms) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const timer = setTimeout(() => resolve({ socket, open: false }), ms);
    socket.on("error", () => {});
    socket.on("connect", () => (clearTimeout(timer), resolve({ socket, open: true })));
  });

// A port that listens, but accepts nobody, its queue being full: {port}. A stopped process holds it.
export async function fullBacklog(t) {
  const child = spawn(process.execPath, [join(dirname(fileURLToPath(import.meta.url)), "listener.mjs")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise((resolve) => child.stdout.once("data", (text) => resolve(Number(text))));
  child.kill("SIGSTOP");
  const held = [];
  t.after(() => {
    for (const { socket } of held) socket.destroy();
    child.kill("SIGKILL");
  });
  while (held.length < 50) {
    held.push(await opened(port, 300));
    if (!held.at(-1).open) return { port };
  }
  throw new Error("a full queue still takes connections");
}

// Words to put before a command that is to find other files in /etc: {hosts: text, ...}. Null where
// that cannot be done (it takes root).
export function withEtc(t, files) {
  const dir = mkdtempSync(join(tmpdir(), "squall-etc-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const mounts = Object.entries(files).map(([name, text]) => {
    writeFileSync(join(dir, name), text);
    return `mount --bind ${dir}/${name} /etc/${name}`;
  });
  return ifPossible(["unshare", "-m", "sh", "-c", `${mounts.join(" && ")} && exec "$@"`, "sh"]);
}

// Words to put before a command that is to find no network at all, loopback included; or null.
export const withoutNetwork = () => ifPossible(["unshare", "-n"]);

function ifPossible(words) {
  try {
    execFileSync(words[0], [...words.slice(1), "true"], { stdio: "ignore" });
    return words;
  } catch {
    return null;
  }
}

// A name server on an address of its own that hears every question and answers none: {address}; null
// where it cannot be (port 53 takes root).
export async function silentNameServer(t) {
  const address = "127.53.53.53";
  const socket = createSocket("udp4");
  const bound = await new Promise((resolve) => {
    socket.on("error", () => resolve(false)).bind({ port: 53, address, exclusive: true }, () => resolve(true));
  });
  if (!bound) return null;
  t.after(() => new Promise((resolve) => socket.close(resolve)));
  return { address };
}
