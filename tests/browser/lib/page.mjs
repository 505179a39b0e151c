// page.mjs: opens the dashboard in a real Chromium that has nothing but the daemon to talk to, and
// notes everything a user would not want: errors in the console, exceptions, requests to elsewhere,
// breaches of the content security policy.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { chromium } from "playwright-core";

const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

// One browser for the tests of a file.
export function useBrowser() {
  const held = {};
  before(async () => {
    held.browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      chromiumSandbox: process.getuid() !== 0,
      args: FLAGS,
    });
  });
  after(() => held.browser?.close());
  return held;
}

// A page of its own profile, at `path` of the daemon: Playwright's page, and
//   page.faults    what went wrong so far, in words
//   page.expect4xx statuses that the test provokes (a browser reports them in its console)
export async function openPage(t, held, daemon, path, { dark = false, width = 1280, height = 900 } = {}) {
  const context = await held.browser.newContext({ colorScheme: dark ? "dark" : "light", viewport: { width, height } });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.faults = [];
  page.expect4xx = [];
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    if (page.expect4xx.some((status) => message.text().includes(`status of ${status}`))) return;
    page.faults.push(`${message.type()} in the console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => page.faults.push(`exception: ${error.stack}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(daemon.url + "/")) page.faults.push(`request to ${request.url()}`);
  });
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`breach of the content security policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(daemon.url + path);
  return page;
}

export function isClean(page) {
  assert.deepEqual(page.faults, []);
}

// What stands below a field as its mistake; "" where nothing does.
export async function mistakeOf(field) {
  return field.evaluate((input) => {
    if (input.getAttribute("aria-invalid") !== "true") return "";
    const ids = (input.getAttribute("aria-describedby") ?? "").split(" ");
    const texts = ids.map((id) => document.getElementById(id)).filter((found) => found?.className.includes("error"));
    return texts.map((found) => found.textContent).join(" ");
  });
}

export async function mistakeComes(field, pattern) {
  await field.page().waitForFunction((input) => input.getAttribute("aria-invalid") === "true", await field.elementHandle());
  assert.match(await mistakeOf(field), pattern);
}

export async function mistakeGoes(field) {
  await field.page().waitForFunction((input) => input.getAttribute("aria-invalid") !== "true", await field.elementHandle());
}

// What is drawn, to be compared with what is drawn later.
export function drawing(chart) {
  return chart.locator("canvas").evaluate((canvas) => canvas.toDataURL());
}

// The tiles of a list of numbers by label: {Requests: "1,234", ...}.
export async function tilesOf(page, label) {
  return page.getByLabel(label, { exact: true }).evaluate((list) =>
    Object.fromEntries([...list.querySelectorAll("dt")].map((dt) => [dt.textContent, dt.nextElementSibling.textContent])),
  );
}
