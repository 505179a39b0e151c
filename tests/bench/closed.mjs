// closed.mjs: the closed model: what a request costs the generator, beside wrk and the bare loop.
import { cost, inTurn, seconds, spread } from "./lib/measure.mjs";
import { startServer, startTlsServer } from "./lib/servers.mjs";
import { number, table, verdicts, withSpread } from "./lib/table.mjs";
import { ab, autocannon, bare, h2load, hey, installed, squall, wrk } from "./lib/tools.mjs";

export const title = "Closed model: requests per CPU-second of the generator";

// What is asked of Squall: that many times what the other does, by connections.
const asked = [
  { connections: 64, wrk: 1.2, bare: 0.9 },
  { connections: 512, wrk: 1.1, bare: 0.9 },
];

// One tool, once: its requests per CPU-second, and per second.
async function measureOnce(tool, job) {
  const used = await cost(tool.command(job));
  const { requests, errors } = tool.read(used.stdout, job);
  if (errors > 0) throw new Error(`${tool.name}: ${errors} of ${requests} requests failed`);
  return { per_cpu_s: requests / used.cpu_s, per_s: requests / seconds, cpu_s: used.cpu_s };
}

// Ratios are taken within a round, between neighbours in time, and only then is their median.
function ratio(results, tool, other, of = "per_cpu_s") {
  const others = results.get(other.name);
  return spread(results.get(tool.name).map((one, round) => one[of] / others[round][of]));
}

function rowsOf(tools, results, connections, kind) {
  return tools.map((tool) => [
    `${connections}${kind}`,
    tool.name,
    withSpread(spread(results.get(tool.name).map((one) => one.per_cpu_s))),
    results.has(wrk.name) ? withSpread(ratio(results, tool, wrk)) : "-",
    number(spread(results.get(tool.name).map((one) => one.per_s)).median),
  ]);
}

function verdict(results, other, connections, least) {
  const measured = ratio(results, squall, other);
  return {
    what: `${connections} connections: squall / ${other.name}`,
    asked: `at least ${least}`,
    measured: withSpread(measured),
    ok: measured.median >= least,
  };
}

function verdictsFor({ connections, wrk: overWrk, bare: overBare }, results) {
  const list = [verdict(results, bare, connections, overBare)];
  if (!results.has(wrk.name)) return list;
  const yardstick = withSpread(ratio(results, bare, wrk));
  return [
    verdict(results, wrk, connections, overWrk),
    ...list,
    { what: `${connections} connections: ${bare.name} / wrk`, asked: null, measured: yardstick, ok: null },
  ];
}

export async function measure({ dir }) {
  const tools = installed([squall, wrk, bare, h2load, ab, hey, autocannon]);
  const list = [];
  const rows = [];
  const data = {};
  const server = await startServer();
  try {
    for (const row of asked) {
      const job = { url: server.url, connections: row.connections, seconds, dir };
      const results = await inTurn(tools, (tool) => measureOnce(tool, job), { label: `closed ${row.connections}` });
      list.push(...verdictsFor(row, results));
      rows.push(...rowsOf(tools, results, row.connections, ""));
      data[row.connections] = Object.fromEntries(results);
    }
  } finally {
    await server.stop();
  }

  const tlsTools = installed([squall, wrk]);
  const tlsServer = await startTlsServer(dir);
  try {
    const job = { url: tlsServer.url, connections: 64, seconds, dir };
    const results = await inTurn(tlsTools, (tool) => measureOnce(tool, job), { label: "closed, TLS" });
    rows.push(...rowsOf(tlsTools, results, 64, ", TLS"));
    data.tls = Object.fromEntries(results);
  } finally {
    await tlsServer.stop();
  }

  const head = ["connections", "generator", "requests per CPU-second", "ratio to wrk", "requests per second"];
  return { verdicts: list, text: `${verdicts(list)}\n\n${table(head, rows)}`, data };
}
