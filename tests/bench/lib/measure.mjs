// measure.mjs: runs a command on the generator's core and tells what it cost; repeats several of
// them in turn; and the few statistics the tables need.
import { spawn, spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { root } from "../../integration/lib/squall.mjs";

const rusage = join(root, "build", "bench", "rusage");

export const rounds = Number(process.env.ROUNDS ?? 5);
export const seconds = Number(process.env.SECONDS_EACH ?? 5);

// The last core is the generator's, all others are the server's.
export const cores = availableParallelism();
export const generatorCore = String(cores - 1);
export const serverCores = cores > 2 ? `0-${cores - 2}` : "0";

export const onGenerator = (command) => ["taskset", "-c", generatorCore, ...command];
export const onServer = ["taskset", "-c", serverCores];

export function moveToServerCores(pid) {
  const moved = spawnSync("taskset", ["-a", "-cp", serverCores, String(pid)], { encoding: "utf8" });
  if (moved.status !== 0) throw new Error(`taskset: ${moved.stderr}`);
}

export function progress(text) {
  process.stderr.write(`${text}\n`);
}

// Runs COMMAND on the generator's core to its end, as child of tests/bench/rusage.c:
// {stdout, seconds, cpu_s, max_rss_kib}. An exit code other than 0 is an error.
export function cost(command, { timeout_s = 120 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(rusage, onGenerator(command), { stdio: ["ignore", "pipe", "pipe", "pipe"] });
    const text = { 1: [], 2: [], 3: [] };
    const timer = setTimeout(() => child.kill("SIGKILL"), timeout_s * 1000);
    for (const fd of [1, 2, 3]) child.stdio[fd].on("data", (chunk) => text[fd].push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const [stdout, stderr, report] = [1, 2, 3].map((fd) => Buffer.concat(text[fd]).toString());
      if (code !== 0)
        return reject(new Error(`${command.join(" ")}: ended with ${signal ?? code}: ${stderr || stdout.slice(0, 1000)}`));
      const { user_s, sys_s, ...rest } = JSON.parse(report);
      resolve({ ...rest, stdout, cpu_s: user_s + sys_s });
    });
  });
}

// Measures each of SUBJECTS once a round, in an order that moves on by one each round, so that none
// has the better place or the better minute: Map of name -> [what measureOne gave, by round].
export async function inTurn(subjects, measureOne, { label = "", times = rounds } = {}) {
  const results = new Map(subjects.map((subject) => [subject.name, []]));
  for (let round = 0; round < times; round++) {
    for (let i = 0; i < subjects.length; i++) {
      const subject = subjects[(i + round) % subjects.length];
      progress(`${label} round ${round + 1}/${times}: ${subject.name}`);
      results.get(subject.name).push(await measureOne(subject));
    }
  }
  return results;
}

// {median, min, max} of some numbers.
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

// The value below which FRACTION of the sorted values lie.
export function quantile(sorted, fraction) {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * fraction) - 1)];
}
