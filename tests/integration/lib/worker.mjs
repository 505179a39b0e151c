// worker.mjs: a `squalld worker` whose starter is the test: frames in, frames out, one line of JSON
// each (include/squall/wire.h).
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { squalld } from "./squall.mjs";

// Starts one that ends with the test:
//   frames        what it has sent so far; nothing is read with {read: false} until read() is called
//   send(frame)   an object as a frame; a string or bytes as they are
//   until(type)   the first frame of that type
//   ended         {code, signal, stderr, ms} once it has exited and all it wrote has been read
//   drop()        reads what is left on its stdout without a look: after its exit it may be half a line
//   signal(name), close() (its stdin), deafen() (its stdout), ms() since it was started
export function startWorker(t, { read = true } = {}) {
  const child = spawn(squalld, ["worker"], { stdio: ["pipe", "pipe", "pipe"] });
  const begin = performance.now();
  const frames = [];
  const waiting = [];
  let stderr = "";
  const look = () => {
    for (const { type, resolve } of waiting) {
      const frame = frames.find((f) => f.frame === type);
      if (frame) resolve(frame);
    }
  };
  const startReading = () =>
    createInterface({ input: child.stdout }).on("line", (line) => {
      frames.push({ ...JSON.parse(line), received_ms: performance.now() - begin });
      look();
    });
  child.stdin.on("error", () => {});
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const exited = new Promise((resolve) => child.on("exit", () => resolve(performance.now() - begin)));
  const ended = new Promise((resolve) =>
    child.on("close", async (code, signal) => resolve({ code, signal, stderr, ms: await exited })),
  );
  t.after(() => child.kill("SIGKILL"));
  if (read) startReading();
  return {
    frames,
    ended,
    exited,
    pid: child.pid,
    read: startReading,
    drop: () => child.stdout.resume(),
    send: (frame) => child.stdin.write(typeof frame === "string" || Buffer.isBuffer(frame) ? frame : `${JSON.stringify(frame)}\n`),
    until: (type) =>
      new Promise((resolve, reject) => {
        waiting.push({ type, resolve });
        look();
        ended.then(({ code, stderr }) => reject(new Error(`no ${type} frame; it ended with ${code}: ${stderr}`)));
      }),
    signal: (name) => child.kill(name),
    close: () => child.stdin.end(),
    deafen: () => child.stdout.destroy(),
    ms: () => performance.now() - begin,
  };
}

export const planFrame = (scenario, worker = 0, workers = 1) => ({
  frame: "plan",
  worker,
  workers,
  scenario: JSON.stringify({ name: "test", ...scenario }),
});
// An instant so many milliseconds ahead.
export const startFrame = (ahead_ms = 100) => ({ frame: "start", wall_ns: String(BigInt(Date.now() + ahead_ms) * 1000000n) });
