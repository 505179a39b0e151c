// The dashboard's runs, in a real browser: from an empty page to a result, live charts, stopping, what
// failed, light and dark, and how much is loaded.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scenario, startDaemon, until } from "../integration/lib/daemon.mjs";
import { startTarget } from "../integration/lib/squall.mjs";
import { drawing, isClean, mistakeComes, openPage, tilesOf, useBrowser } from "./lib/page.mjs";

const held = useBrowser();
const FIRST_LOAD_MAX = 400 * 1024;

async function startBoth(t) {
  const target = await startTarget(["--quiet"]);
  t.after(() => target.stop());
  return [target, await startDaemon(t)];
}

const grouped = (n) => new Intl.NumberFormat("en").format(n);
// As the page shows it: three significant digits, in the unit that suits.
const three = (n) => (n >= 100 ? grouped(Math.round(n)) : String(Number(n.toPrecision(3))));
const shownMs = (ms) => (ms < 0.9995 ? `${three(ms * 1000)} µs` : ms < 999.5 ? `${three(ms)} ms` : `${three(ms / 1000)} s`);

test("a new user tests a URL, watches it live, and reads the numbers that the API gives", async (t) => {
  const [target, daemon] = await startBoth(t);
  const page = await openPage(t, held, daemon, "/");
  await page.getByRole("heading", { name: "Test your first URL" }).waitFor();
  const url = page.getByLabel("URL to test");
  await page.getByRole("button", { name: "Start" }).click();
  await mistakeComes(url, /needed/);
  await url.fill(`${target.url}/delay/uniform:2ms,8ms`);
  await page.getByLabel("Duration").fill("8");
  await page.getByRole("button", { name: "Start" }).click();
  await mistakeComes(page.getByLabel("Duration"), /unit/);
  await page.getByLabel("Duration").fill("8s");
  await page.getByRole("button", { name: "Start" }).click();
  await page.waitForURL(/\/runs\/[0-9a-z]{16}$/);
  const id = page.url().split("/").at(-1);

  await page.getByText("Live", { exact: true }).waitFor();
  const charts = ["Requests", "Latency", "Users"].map((name) => page.getByRole("figure", { name, exact: true }));
  await until(async () => /\d/.test(await charts[0].locator(".legend b").textContent()), "a first second is shown");
  const before = await Promise.all(charts.slice(0, 2).map(drawing));
  await until(async () => {
    const now = await Promise.all(charts.slice(0, 2).map(drawing));
    return now.every((picture, i) => picture !== before[i]);
  }, "the charts have moved");
  const now = await tilesOf(page, "The last second");
  assert.match(now.Requests, /^[\d,]+ \/s$/);
  assert.equal(now.Users, "10");

  await page.getByTestId("verdict").waitFor({ timeout: 30_000 });
  const result = await daemon.must(200, "GET", `/api/v1/runs/${id}/result`);
  assert.ok(result.requests > 100 && result.errors === 0);
  assert.match(await page.getByTestId("verdict").textContent(), /Passed/);
  const tiles = await tilesOf(page, "Summary");
  assert.deepEqual(tiles, {
    Requests: grouped(result.requests),
    Rate: `${three(result.rate_per_s)} /s`,
    Median: shownMs(result.latency_ms.p50),
    "90th percentile": shownMs(result.latency_ms.p90),
    "99th percentile": shownMs(result.latency_ms.p99),
    Slowest: shownMs(result.latency_ms.max),
    Errors: "0",
  });
  const row = await page.getByRole("row", { name: /GET \/delay/ }).first().locator("td").allTextContents();
  const [named] = Object.values(result.by_request);
  assert.deepEqual([row[1], row[5], row[7]], [grouped(named.requests), shownMs(named.latency_ms.p50), shownMs(named.latency_ms.p99)]);
  isClean(page);
});

test("a run is stopped from its page, after a question", async (t) => {
  const [target, daemon] = await startBoth(t);
  const made = await daemon.create(scenario(target, { duration: "5m" }));
  const page = await openPage(t, held, daemon, "/scenarios");
  await page.getByRole("button", { name: "Start test" }).click();
  await page.waitForURL(/\/runs\//);
  const run = await daemon.inState(page.url().split("/").at(-1), "running");
  await page.getByRole("progressbar", { name: "Progress of the run" }).waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("button", { name: "Stop the run" }).click();
  await page.getByTestId("verdict").waitFor();
  const final = await daemon.getRun(run.id);
  assert.equal(final.state, "complete");
  await page.getByText(final.reason).first().waitFor();
  assert.equal(final.scenario_id, made.id);
  isClean(page);
});

test("what failed is shown by kind, with an example in full", async (t) => {
  const [target, daemon] = await startBoth(t);
  const made = await daemon.create(scenario(target, { duration: "1s", steps: [{ request: { name: "order", url: "/status/503" } }, { think: "50ms" }] }));
  const run = await daemon.finished((await daemon.start(made)).id);
  const page = await openPage(t, held, daemon, `/runs/${run.id}`);
  const result = await daemon.must(200, "GET", `/api/v1/runs/${run.id}/result`);
  await page.getByText(`${grouped(result.errors)} of ${grouped(result.requests)} requests failed (100 %)`).waitFor();
  await page.getByRole("button", { name: /Unexpected answer/ }).click();
  await page.getByLabel("Request", { exact: true }).getByText("GET /status/503 HTTP/1.1").waitFor();
  await page.getByLabel("Answer", { exact: true }).getByText("HTTP/1.1 503").waitFor();
  await page.getByText("Service Unavailable").last().waitFor();
  isClean(page);
});

test("a result is exported and repeated as the page says", async (t) => {
  const [target, daemon] = await startBoth(t);
  const made = await daemon.create(scenario(target, { duration: "1s" }));
  const run = await daemon.finished((await daemon.start(made, { note: "after the index was added" })).id);
  const page = await openPage(t, held, daemon, `/runs/${run.id}`);
  await page.getByText("after the index was added").waitFor();
  for (const [name, end] of [["JSON", /\.json$/], ["CSV", /\.csv$/], ["hlog", /\.hlog$/]]) {
    await page.getByRole("button", { name: "Export" }).click();
    const item = page.getByRole("menuitem", { name: new RegExp(`^${name}`) });
    const [download] = await Promise.all([page.waitForEvent("download"), item.click()]);
    assert.match(download.suggestedFilename(), end);
    await item.waitFor({ state: "hidden" });
  }
  assert.match(await page.getByLabel("Start the run with curl", { exact: true }).textContent(), new RegExp(`curl .*${daemon.url}/api/v1/runs`));
  await page.getByRole("button", { name: "Run again" }).click();
  await page.waitForURL((url) => !url.pathname.endsWith(run.id));
  await page.getByTestId("verdict").waitFor();
  await page.getByRole("link", { name: "Runs", exact: true }).first().click();
  await until(async () => (await page.locator("tbody tr").count()) === 2, "both runs are listed");
  isClean(page);
});

test("a page that comes late to a live run shows all its seconds", async (t) => {
  const [target, daemon] = await startBoth(t);
  const made = await daemon.create(scenario(target, { duration: "30s" }));
  const run = await daemon.start(made);
  await until(async () => ((await daemon.getRun(run.id)).summary?.duration_s ?? 0) >= 3, "three seconds have passed");
  const page = await openPage(t, held, daemon, `/runs/${run.id}`);
  const chart = page.getByRole("figure", { name: "Requests", exact: true });
  await until(async () => /\d/.test(await chart.locator(".legend b").textContent()), "seconds have come");
  const plot = await chart.locator(".u-over").boundingBox();
  await page.mouse.move(plot.x + 2, plot.y + 20); // the first second
  await until(async () => (await chart.locator(".legend li").first().textContent()) === "0:00", "the cursor shows second 0");
  await daemon.must(202, "POST", `/api/v1/runs/${run.id}/stop`);
  await page.getByTestId("verdict").waitFor();
  isClean(page);
});

test("dark and light follow the system and the switch, charts too", async (t) => {
  const [target, daemon] = await startBoth(t);
  const made = await daemon.create(scenario(target, { duration: "1s" }));
  const run = await daemon.finished((await daemon.start(made)).id);
  const page = await openPage(t, held, daemon, `/runs/${run.id}`, { dark: true });
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const chart = page.getByRole("figure", { name: "Requests", exact: true });
  await chart.locator("canvas").waitFor();
  const [dark, darkChart] = [await background(), await drawing(chart)];
  assert.match(dark, /rgb\((\d|[1-4]\d), /);

  await page.getByRole("button", { name: "Switch to light colours" }).click();
  await until(async () => (await background()) !== dark, "the page is light");
  await until(async () => (await drawing(chart)) !== darkChart, "the chart is drawn anew");
  await page.reload();
  await page.getByRole("button", { name: "Switch to dark colours" }).waitFor();
  assert.notEqual(await background(), dark, "the choice is remembered");
  isClean(page);
});

test("the first load is small, compressed, and kept by the browser", async (t) => {
  const daemon = await startDaemon(t);
  const page = await openPage(t, held, daemon, "/healthz");
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  let bytes = 0;
  network.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  const load = async (path) => {
    bytes = 0;
    await page.goto(daemon.url + path, { waitUntil: "networkidle" });
    return bytes;
  };
  const first = await load("/");
  t.diagnostic(`first load: ${Math.ceil(first / 1024)} KB`);
  assert.ok(first > 50 * 1024 && first <= FIRST_LOAD_MAX, `${first} bytes`);
  const again = await load("/scenarios");
  assert.ok(again < 20 * 1024, `${again} bytes the second time`);
  isClean(page);
});

test("a narrow window needs no sideways scrolling of the page", async (t) => {
  const [target, daemon] = await startBoth(t);
  const made = await daemon.create(scenario(target, { duration: "1s" }));
  const run = await daemon.finished((await daemon.start(made)).id);
  const page = await openPage(t, held, daemon, "/scenarios", { width: 390, height: 800 });
  for (const path of ["/scenarios", "/runs", `/scenarios/${made.id}`, `/runs/${run.id}`]) {
    await page.goto(daemon.url + path, { waitUntil: "networkidle" });
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(content <= window, `${path} is ${content} pixels wide in a window of ${window}`);
  }
  isClean(page);
});
