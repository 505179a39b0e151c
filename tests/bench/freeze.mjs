// freeze.mjs: a server that stands still for 1 s in 20. What percentiles must then be is arithmetic:
// of the arrivals of 20 s one in 20 meets the freeze, and waits for what is left of it, from 1 s
// down to nothing. So 1 % of all wait over 800 ms, 0.1 % over 980 ms; the mean is 1 s / 2 / 20. To
// answer the 2,000 that have piled up then takes the server and the generator some time more, which
// the server's own log shows: it has the instant at which each arrival of an even schedule was read.
import { cost, inTurn, rounds, spread } from "./lib/measure.mjs";
import { startPinnedTarget } from "./lib/servers.mjs";
import { number, table, verdicts, withSpread } from "./lib/table.mjs";
import { autocannon, h2load, hey, installed, latencyOf, squall } from "./lib/tools.mjs";

const rate = 2000;
const connections = 50;
const period_s = 20;
const truth = { p50: 0, p99: 800, p999: 980, mean: 25 };
const nearZero_ms = 1;
const tolerance = 0.02;
const names = { p50: "median", p99: "99th percentile", p999: "99.9th percentile", mean: "mean" };

export const title = `A server that freezes for 1 s once in ${period_s} s, at ${number(rate)} requests a second`;

// How long after its planned instant each request was read, as far as the server can know: the plan
// is the latest even schedule that no arrival is ahead of.
async function latencyByLog(url) {
  const lines = (await (await fetch(`${url}/_arrivals`)).text()).split("\n").filter(Boolean);
  const first = BigInt(lines[0].split(" ")[0]);
  const behind = lines.map((line, i) => Number(BigInt(line.split(" ")[0]) - first) / 1e6 - (i * 1000) / rate);
  const start = behind.reduce((least, value) => Math.min(least, value), Infinity);
  return { requests: lines.length, ...latencyOf(behind.map((value) => value - start)) };
}

function verdict(field, { median, min, max }) {
  const wanted = truth[field];
  const ok = wanted === 0 ? median < nearZero_ms : Math.abs(median / wanted - 1) <= tolerance;
  const asked = wanted === 0 ? `near 0 (under ${nearZero_ms} ms)` : `${wanted} ms ± ${tolerance * 100} %`;
  return { what: `squall: ${names[field]}`, asked, measured: withSpread({ median, min, max }, " ms"), ok };
}

export async function measure({ dir }) {
  const others = installed([hey, h2load, autocannon]);
  const target = await startPinnedTarget(["--stall", `every=${period_s}s,for=1s`, "--log-arrivals"]);
  const byLog = [];
  const measureOnce = async (tool) => {
    await target.reset();
    const job = { url: target.url, connections, seconds: period_s, rate, dir };
    const { requests, latency_ms } = tool.read((await cost(tool.command(job))).stdout, job);
    if (tool === squall) byLog.push(await latencyByLog(target.url));
    return { requests, ...latency_ms };
  };
  let results;
  try {
    results = await inTurn([squall], measureOnce, { label: "freeze" });
    // What the others say is wrong by so much that once is enough.
    const once = await inTurn(others, measureOnce, { label: "freeze", times: 1 });
    results = new Map([["the server's log, under squall", byLog], ...results, ...once]);
  } finally {
    await target.stop();
  }

  const of = (name, field) => spread(results.get(name).map((one) => one[field]));
  const list = Object.keys(truth).map((field) => verdict(field, of(squall.name, field)));
  const cells = (name) => ["p50", "mean", "p99", "p999"].map((field) => number(of(name, field).median));
  const rows = [
    ["arithmetic", number(rate * period_s), number(truth.p50), number(truth.mean), number(truth.p99), number(truth.p999)],
    ...[...results.keys()].map((name) => [name, number(of(name, "requests").median), ...cells(name)]),
  ];
  const head = ["latency in ms, as said by", "requests", "median", "mean", "99 %", "99.9 %"];
  const note = `Squall ${rounds} times, the others once.`;
  return { verdicts: list, text: `${verdicts(list)}\n\n${table(head, rows)}\n\n${note}`, data: Object.fromEntries(results) };
}
