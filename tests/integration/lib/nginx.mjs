// nginx.mjs: starts Debian's nginx on a free port of loopback with a configuration of the test's
// own, in a directory of its own, and ends it again. The server that Squall did not write.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("connect", () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });
}

// What every configuration needs; `server` is the text inside server { }, `http` goes before it.
function configuration({ dir, port, server, http, workers, listen }) {
  const user = process.getuid() === 0 ? "user root;" : "";
  return `${user}
worker_processes ${workers};
worker_cpu_affinity auto;
daemon off;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log warn;
events { worker_connections 8192; }
http {
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  default_type text/plain;
  log_format counted '$status $request_method $uri $bytes_sent $connection $connection_requests';
  access_log off;
  ${http}
  server {
    listen 127.0.0.1:${port} ${listen};
    ${server}
  }
}
`;
}

// startNginx({server, http?, workers?, listen?, prefix?, files?}) -> {port, url, dir, accessLog(), stop()}
//   server  text of the server block; in it and in http, DIR stands for the server's directory and
//           PORT for its port
//   listen  parameters of the listen line ("ssl")
//   prefix  words before the command (["taskset", "-c", "0-2"])
//   files   name -> content, put into DIR first
// A server block that says `access_log DIR/access.log counted;` can be asked for its log's lines.
export async function startNginx({ server, http = "", workers = 1, listen = "", prefix = [], files = {} }) {
  const dir = mkdtempSync(join(tmpdir(), "squall-nginx-"));
  const port = await freePort();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  const text = configuration({ dir, port, server, http, workers, listen }).replace(/\bDIR\b/g, dir).replace(/\bPORT\b/g, port);
  writeFileSync(join(dir, "nginx.conf"), text);

  const command = [...prefix, "nginx", "-p", dir, "-c", join(dir, "nginx.conf"), "-e", join(dir, "error.log")];
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const child = spawn(command[0], command.slice(1), { env, stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise((resolve) => child.on("exit", resolve));

  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries === 100 || child.exitCode !== null) {
      const log = readFileSync(join(dir, "error.log"), "utf8");
      await stop();
      throw new Error(`nginx did not start: ${log}`);
    }
    await sleep(50);
  }
  // [{status, method, uri, bytes, connection, nth}] of each request so far; nth on its connection
  const accessLog = async () => {
    await sleep(100); // a line is written after its answer
    return readFileSync(join(dir, "access.log"), "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split(" "))
      .map(([status, method, uri, bytes, connection, nth]) => ({
        status: Number(status),
        method,
        uri,
        bytes: Number(bytes),
        connection: Number(connection),
        nth: Number(nth),
      }));
  };
  const scheme = listen.includes("ssl") ? "https" : "http";
  return { port, url: `${scheme}://127.0.0.1:${port}`, dir, accessLog, stop };
}
