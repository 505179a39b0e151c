// rest.mjs: the daemon when nothing is asked of it: how soon it answers, how much memory it holds.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { squalld } from "../integration/lib/squall.mjs";
import { onServer, progress, rounds, spread } from "./lib/measure.mjs";
import { verdicts, withSpread } from "./lib/table.mjs";

const most = { resident_mb: 15, start_ms: 100 };
const settle_ms = 3000;

export const title = "The daemon at rest";

// Resolves with the URL that it prints.
function listening(child) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      const found = /listening on (\S+)/.exec(text);
      if (found) resolve(found[1]);
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`squalld serve ended with ${code}`)));
  });
}

function answered(url) {
  return new Promise((resolve, reject) => {
    const request = get(url, (answer) => {
      answer.resume();
      if (answer.statusCode === 200) answer.on("end", resolve);
      else reject(new Error(`${url}: ${answer.statusCode}`));
    });
    request.on("error", reject);
  });
}

function residentMb(pid) {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1];
  return (Number(kib) * 1024) / 1e6;
}

// From the start with an empty data directory to the first answer, and then some seconds of nothing.
async function measureOnce(dir) {
  const args = ["serve", "--listen", "127.0.0.1", "--port", "0", "--data-dir", mkdtempSync(join(dir, "data-"))];
  const begin = performance.now();
  const child = spawn(onServer[0], [...onServer.slice(1), squalld, ...args], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  try {
    await answered(`${await listening(child)}/healthz`);
    const start_ms = performance.now() - begin;
    await sleep(settle_ms);
    return { start_ms, resident_mb: residentMb(child.pid) };
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

export async function measure({ dir }) {
  const measured = [];
  for (let round = 0; round < rounds; round++) {
    progress(`rest round ${round + 1}/${rounds}`);
    measured.push(await measureOnce(dir));
  }
  const under = (what, field, unit) => {
    const of = spread(measured.map((one) => one[field]));
    return { what, asked: `under ${most[field]} ${unit}`, measured: withSpread(of, ` ${unit}`), ok: of.median < most[field] };
  };
  const list = [
    under("from the start, with an empty data directory, to the first answer", "start_ms", "ms"),
    under("resident memory, at rest", "resident_mb", "MB"),
  ];
  return { verdicts: list, text: verdicts(list), data: measured };
}
