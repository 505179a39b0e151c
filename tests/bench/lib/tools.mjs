// tools.mjs: the load generators: how each is called, and what it says it measured.
//
// A tool is {name, command(job), read(stdout, job)}. A job is {url, connections, seconds, rate,
// dir}: closed model without a rate, else so many requests a second in all; dir is for files of its
// own. read gives {requests, errors} and, when there is a rate, latency_ms {mean, p50, p99, p999}.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, squalld } from "../../integration/lib/squall.mjs";
import { quantile } from "./measure.mjs";

const bareTool = join(root, "build", "bench", "bare");
const autocannonTool = join(root, "tests", "node_modules", "autocannon", "autocannon.js");

function capture(text, pattern) {
  const found = pattern.exec(text);
  if (!found) throw new Error(`no ${pattern} in: ${text.slice(0, 1000)}`);
  return found[1];
}

export function latencyOf(values_ms) {
  const sorted = values_ms.sort((a, b) => a - b);
  return {
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    p999: quantile(sorted, 0.999),
  };
}

export function scenarioOf({ url, connections, seconds, rate }) {
  const duration = `${seconds}s`;
  return {
    name: "bench",
    target: { base_url: url, tls: { verify: false } },
    load: rate ? { rate, duration, max_users: connections } : { users: connections, duration },
    steps: [{ request: { name: "home", url: "/" } }],
  };
}

export const squall = {
  name: "squall",
  command(job) {
    const file = join(job.dir, "scenario.json");
    writeFileSync(file, JSON.stringify(scenarioOf(job)));
    return [squalld, "run", file, "--workers", "1", "--quiet", "--json", "-"];
  },
  read(stdout) {
    const result = JSON.parse(stdout);
    return { requests: result.requests, errors: result.errors, latency_ms: result.latency_ms, result };
  },
};

export const bare = {
  name: "bare loop",
  command({ url, connections, seconds }) {
    const { hostname, port } = new URL(url);
    return [bareTool, hostname, port, "/", String(connections), String(seconds)];
  },
  read: (stdout) => ({ requests: JSON.parse(stdout).requests, errors: 0 }),
};

export const wrk = {
  name: "wrk",
  command: ({ url, connections, seconds }) => ["wrk", "-t1", `-c${connections}`, `-d${seconds}`, `${url}/`],
  read: (stdout) => ({
    requests: Number(capture(stdout, /(\d+) requests in/)),
    errors: Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0),
  }),
};

export const h2load = {
  name: "h2load",
  command({ url, connections, seconds, rate, dir }) {
    const paced = rate ? ["--rps", String(rate / connections), "--log-file", join(dir, "h2load.log")] : [];
    return ["h2load", "--h1", "-t1", "-c", String(connections), "-D", String(seconds), ...paced, `${url}/`];
  },
  read(stdout, { rate, dir }) {
    const requests = Number(capture(stdout, /(\d+) succeeded/));
    const errors = Number(capture(stdout, /(\d+) failed/));
    if (!rate) return { requests, errors };
    // "start in us, status, duration in us" a line
    const lines = readFileSync(join(dir, "h2load.log"), "utf8").split("\n").filter(Boolean);
    return { requests, errors, latency_ms: latencyOf(lines.map((line) => Number(line.split("\t")[2]) / 1000)) };
  },
};

export const hey = {
  name: "hey",
  command({ url, connections, seconds, rate }) {
    const paced = rate ? ["-q", String(rate / connections), "-o", "csv"] : [];
    return ["hey", "-c", String(connections), "-z", `${seconds}s`, ...paced, `${url}/`];
  },
  read(stdout, { rate }) {
    if (!rate) return { requests: Number(capture(stdout, /\[200\]\s+(\d+) responses/)), errors: 0 };
    // a heading, then "response-time,...,status-code,offset" in seconds
    const rows = stdout.split("\n").slice(1).filter(Boolean).map((line) => line.split(","));
    const errors = rows.filter((row) => row.at(-2) !== "200").length;
    return { requests: rows.length, errors, latency_ms: latencyOf(rows.map((row) => Number(row[0]) * 1000)) };
  },
};

export const ab = {
  name: "ab",
  command: ({ url, connections, seconds }) =>
    // -t alone would end after 50,000 requests
    ["ab", "-q", "-k", `-c${connections}`, `-t${seconds}`, "-n100000000", `${url}/`],
  read: (stdout) => ({
    requests: Number(capture(stdout, /Complete requests:\s+(\d+)/)),
    errors: Number(capture(stdout, /Failed requests:\s+(\d+)/)),
  }),
};

export const autocannon = {
  name: "autocannon",
  command({ url, connections, seconds, rate }) {
    const paced = rate ? ["-R", String(rate)] : [];
    return [process.execPath, autocannonTool, "-j", "-n", "-c", String(connections), "-d", String(seconds), ...paced, `${url}/`];
  },
  read(stdout) {
    const { latency, requests, errors, non2xx } = JSON.parse(stdout.trim().split("\n").at(-1));
    const { mean, p50, p99, p99_9: p999 } = latency;
    return { requests: requests.total, errors: errors + non2xx, latency_ms: { mean, p50, p99, p999 } };
  },
};

// Those of TOOLS that are on this machine.
export function installed(tools) {
  const here = {
    [wrk.name]: "wrk",
    [h2load.name]: "h2load",
    [hey.name]: "hey",
    [ab.name]: "ab",
  };
  return tools.filter(({ name }) => {
    if (name === autocannon.name) return existsSync(autocannonTool);
    return !here[name] || spawnSync("sh", ["-c", `command -v ${here[name]}`]).status === 0;
  });
}
