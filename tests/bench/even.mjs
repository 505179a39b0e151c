// even.mjs: how evenly requests of a constant rate leave, as the server's clock sees them arrive.
import { cost, inTurn, seconds, spread } from "./lib/measure.mjs";
import { startPinnedTarget } from "./lib/servers.mjs";
import { number, table, verdicts, withSpread } from "./lib/table.mjs";
import { autocannon, h2load, hey, installed, squall } from "./lib/tools.mjs";

const rate = 2000;
const connections = 50;
const mostCv = 0.2;

export const title = `Evenness: ${number(rate)} requests a second over ${connections} connections, stamped by the server`;

export async function measure({ dir }) {
  const tools = installed([squall, hey, h2load, autocannon]);
  const target = await startPinnedTarget(["--log-arrivals"]);
  let results;
  try {
    const measureOnce = async (tool) => {
      await target.reset();
      const job = { url: target.url, connections, seconds, rate, dir };
      tool.read((await cost(tool.command(job))).stdout, job);
      return (await target.stats()).arrivals;
    };
    results = await inTurn(tools, measureOnce, { label: "even" });
  } finally {
    await target.stop();
  }

  const of = (name, field) => spread(results.get(name).map((one) => one[field]));
  const cv = of(squall.name, "gap_cv");
  const list = [
    {
      what: "coefficient of variation of the gaps between arrivals",
      asked: `under ${mostCv}`,
      measured: withSpread(cv),
      ok: cv.median < mostCv,
    },
  ];
  const rows = tools.map(({ name }) => [
    name,
    withSpread(of(name, "gap_cv")),
    number(of(name, "rate_per_s").median),
    number(100 * of(name, "back_to_back").median),
    number(of(name, "gap_longest_us").median / 1000),
    number(of(name, "off_rms_us").median / 1000),
  ]);
  const head = [
    "generator",
    "variation of gaps (0: a metronome, 1: random)",
    "arrivals per second",
    "back to back, %",
    "longest gap, ms",
    "off an even schedule, ms rms",
  ];
  return { verdicts: list, text: `${verdicts(list)}\n\n${table(head, rows)}`, data: Object.fromEntries(results) };
}
