// open.mjs: the open model at a rate near what one core can do: does each request leave when it
// should, and is the latency what a closed loop of comparable load sees?
import { cost, inTurn, seconds, spread } from "./lib/measure.mjs";
import { startServer } from "./lib/servers.mjs";
import { number, table, verdicts, withSpread } from "./lib/table.mjs";
import { autocannon, h2load, hey, installed, squall } from "./lib/tools.mjs";

const rate = 20000;
const connections = 64;
const most = { lagMedian_us: 50, lag99_us: 500, offClosed_us: 50 };

export const title = `Open model: ${number(rate)} requests a second over ${connections} connections, one worker`;

// One user who sends the next request as soon as the answer is there makes some 10,000 to 30,000
// requests a second: the closed load that is nearest to this rate.
const closedUser = { ...squall, name: "squall, closed, 1 user", users: 1 };

async function measureOnce(tool, url, dir) {
  const job = tool.users ? { url, connections: tool.users, seconds, dir } : { url, connections, seconds, rate, dir };
  const used = await cost(tool.command(job));
  const { requests, latency_ms, result } = tool.read(used.stdout, job);
  const lag = result?.generator.send_lag_ms;
  return {
    per_s: requests / seconds,
    p50_us: latency_ms.p50 * 1000,
    p99_us: latency_ms.p99 * 1000,
    lagMedian_us: lag ? lag.p50 * 1000 : NaN,
    lag99_us: lag ? lag.p99 * 1000 : NaN,
    cpu_s_per_s: used.cpu_s / seconds,
  };
}

function verdictsOf(of, rounds) {
  const under = (what, field, limit) => {
    const measured = of(squall.name, field);
    return { what, asked: `under ${limit} µs`, measured: withSpread(measured, " µs"), ok: measured.median < limit };
  };
  const off = spread(rounds(squall.name).map((one, i) => one.p50_us - rounds(closedUser.name)[i].p50_us));
  return [
    under("median send lag", "lagMedian_us", most.lagMedian_us),
    under("99th percentile of send lag", "lag99_us", most.lag99_us),
    {
      what: "median latency, less that of the closed model",
      asked: `within ${most.offClosed_us} µs`,
      measured: withSpread(off, " µs"),
      ok: Math.abs(off.median) <= most.offClosed_us,
    },
  ];
}

export async function measure({ dir }) {
  const tools = [squall, closedUser, ...installed([hey, h2load, autocannon])];
  const server = await startServer();
  let results;
  try {
    results = await inTurn(tools, (tool) => measureOnce(tool, server.url, dir), { label: "open" });
  } finally {
    await server.stop();
  }

  const of = (name, field) => spread(results.get(name).map((one) => one[field]));
  const list = verdictsOf(of, (name) => results.get(name));
  const rows = tools.map(({ name }) => [
    name,
    number(of(name, "per_s").median),
    withSpread(of(name, "p50_us")),
    number(of(name, "p99_us").median),
    number(100 * of(name, "cpu_s_per_s").median),
  ]);
  const head = ["generator", "requests per second", "median latency it reports, µs", "99 %, µs", "CPU of a core, %"];
  return { verdicts: list, text: `${verdicts(list)}\n\n${table(head, rows)}`, data: Object.fromEntries(results) };
}
