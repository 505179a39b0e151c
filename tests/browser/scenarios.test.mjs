// The dashboard's scenarios, in a real browser: list, form, JSON, versions, and what happens when two
// people edit at once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scenario, startDaemon, until } from "../integration/lib/daemon.mjs";
import { startTarget } from "../integration/lib/squall.mjs";
import { isClean, mistakeComes, mistakeGoes, openPage, useBrowser } from "./lib/page.mjs";

const held = useBrowser();
const nowhere = { url: "http://127.0.0.1:9" };

// A scenario's text as it is stored, from the API's answer.
async function storedText(daemon, id) {
  return (await (await fetch(`${daemon.url}/api/v1/scenarios/${id}`)).text()).replace(/^.*?"document": ?/s, "");
}

async function editorText(page) {
  return page.locator(".cm-content").evaluate((content) => [...content.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n"));
}

test("the form says beside each field what is wrong with it, and creates the scenario when nothing is", async (t) => {
  const daemon = await startDaemon(t);
  const page = await openPage(t, held, daemon, "/scenarios/new");
  const name = page.getByLabel("Name", { exact: false }).first();
  await name.waitFor();
  assert.equal(await page.locator("[aria-invalid=true]").count(), 0, "an empty form does not complain yet");

  await page.getByRole("button", { name: "Save", exact: true }).click();
  await mistakeComes(name, /empty/);
  await mistakeComes(page.getByLabel("Base URL"), /http/);
  await page.getByText("2 mistakes").waitFor();

  await name.fill("Orders");
  await mistakeGoes(name);
  await page.getByLabel("Base URL").fill("http://127.0.0.1:9");
  await mistakeGoes(page.getByLabel("Base URL"));
  const users = page.getByRole("textbox", { name: "Users" });
  await users.fill("many");
  await mistakeComes(users, /number|integer/);
  await users.fill("7");
  await mistakeGoes(users);
  const duration = page.getByRole("textbox", { name: "Duration" });
  await duration.fill("20");
  await mistakeComes(duration, /unit/);
  await duration.fill("20s");
  await mistakeGoes(duration);

  await page.getByRole("button", { name: "Add a pause" }).click();
  await page.getByLabel("Length of the pause").fill("250ms");
  await page.getByRole("button", { name: "Add a request" }).click();
  const order = page.getByRole("group", { name: "Step 3", exact: true });
  await order.getByLabel("Path or URL").fill("/orders");
  await order.getByLabel("Name in the results").fill("order");
  await order.getByRole("button", { name: /Body, headers/ }).click();
  await order.getByText("JSON", { exact: true }).click();
  const body = order.getByLabel("JSON of the body");
  await body.fill('{"sku": ');
  await mistakeComes(body, /not JSON yet/);
  await body.fill('{"sku": 1.50}');
  await mistakeGoes(body);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.waitForURL(/\/scenarios\/[0-9a-z]{16}$/);

  const { document } = await daemon.must(200, "GET", `/api/v1/scenarios/${page.url().split("/").at(-1)}`);
  assert.deepEqual(document, {
    name: "Orders",
    target: { base_url: "http://127.0.0.1:9" },
    load: { users: 7, duration: "20s" },
    steps: [{ request: { url: "/" } }, { think: "250ms" }, { request: { url: "/orders", name: "order", json: { sku: 1.5 } } }],
  });
  assert.match(await storedText(daemon, page.url().split("/").at(-1)), /1\.50/, "numbers stay as they were typed");
  isClean(page);
});

test("the form and the JSON view are one document, and neither loses what the other wrote", async (t) => {
  const daemon = await startDaemon(t);
  const text = `{ "name": "By hand",
  "target": {"base_url": "${nowhere.url}"},
  "load":   {"users": 1, "duration": "1s"},
  "steps": [ {"request": {"url": "/", "json": {"price": 1.10}}} ]
}
`;
  const made = await daemon.must(201, "POST", "/api/v1/scenarios", text);
  const page = await openPage(t, held, daemon, `/scenarios/${made.id}`);
  await page.getByRole("textbox", { name: "Users" }).fill("25");
  await page.getByRole("tab", { name: "JSON" }).click();
  await page.locator(".cm-content").waitFor();
  assert.equal(await editorText(page), text.replace('"users": 1', '"users": 25'));

  await page.locator(".cm-line", { hasText: '"users"' }).click();
  await page.keyboard.press("End");
  for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowLeft"); // before "},"
  await page.keyboard.type(', "usres": 1');
  await page.getByText('unknown key "usres"', { exact: false }).first().waitFor();
  await page.locator(".cm-lintRange-error").waitFor();
  assert.match(await page.locator(".cm-lintRange-error").first().textContent(), /usres/);
  for (let i = 0; i < ', "usres": 1'.length; i++) await page.keyboard.press("Backspace");
  await page.locator(".cm-lintRange-error").waitFor({ state: "detached" });

  await page.getByRole("tab", { name: "Form" }).click();
  assert.equal(await page.getByRole("textbox", { name: "Users" }).inputValue(), "25");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved as version 2").waitFor();
  const stored = await daemon.must(200, "GET", `/api/v1/scenarios/${made.id}`);
  assert.equal(stored.document.load.users, 25);
  assert.match(await storedText(daemon, made.id), /1\.10/);
  isClean(page);
});

test("the form reaches what a scenario can say: headers, timeouts, TLS, checks, stages, flows, the order of steps", async (t) => {
  const daemon = await startDaemon(t);
  const made = await daemon.create(scenario(nowhere, { steps: [{ request: { name: "a", url: "/a" } }, { request: { name: "b", url: "/b" } }] }));
  const page = await openPage(t, held, daemon, `/scenarios/${made.id}`);

  await page.getByRole("button", { name: "Headers, connections, timeouts, TLS" }).click();
  await page.getByRole("button", { name: "Add a header" }).click();
  await page.getByLabel("Name of header 1").fill("Accept");
  await page.getByLabel("Value of header Accept").fill("text/html");
  await page.getByLabel("Timeout: connect").fill("3s");
  await page.getByLabel("Drain").fill("1s");
  await page.getByRole("switch", { name: "Keep connections alive" }).uncheck();
  await page.getByRole("switch", { name: "Verify TLS certificates" }).uncheck();

  const first = page.getByRole("group", { name: "Step 1", exact: true });
  await first.getByLabel("Method").selectOption("PUT");
  await first.getByRole("button", { name: /Body, headers/ }).click();
  await first.getByLabel("Accepted status codes").fill("204,4xx,");
  await first.getByRole("button", { name: /Move, copy or remove step 1/ }).click();
  await page.getByRole("menuitem", { name: "Move down" }).click();

  await page.getByText("Arrivals per second", { exact: true }).click();
  await page.getByText("Stages", { exact: true }).click();
  await page.getByLabel("Stage 1: arrivals per second at its end").fill("30");
  await page.getByRole("button", { name: "Add a stage" }).click();
  await page.getByLabel("Stage 3: duration").fill("5s");
  await page.getByLabel("Users at most").fill("40");

  await page.getByRole("button", { name: "Add a flow beside this" }).click();
  await page.getByLabel("Flow 2: name").fill("admins");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved as version 2").waitFor();
  assert.deepEqual((await daemon.must(200, "GET", `/api/v1/scenarios/${made.id}`)).document, {
    name: "test",
    target: { base_url: nowhere.url, headers: { Accept: "text/html" }, timeouts: { connect: "3s" }, drain: "1s", keep_alive: false, tls: { verify: false } },
    flows: [
      {
        name: "main",
        load: { rate: [{ target: 30, duration: "0s" }, { target: 2, duration: "2s" }, { target: 2, duration: "5s" }], max_users: 40 },
        steps: [{ request: { name: "b", url: "/b" } }, { request: { name: "a", url: "/a", method: "PUT", checks: [{ status: [204, "4xx"] }] } }],
      },
      { name: "admins", load: { users: 1, duration: "30s" }, steps: [{ request: { url: "/" } }] },
    ],
  });
  isClean(page);
});

test("thresholds are a list in the form, each with its mistake beside it, and a result page has their verdicts", async (t) => {
  const daemon = await startDaemon(t);
  const server = await startTarget(["--quiet"]);
  t.after(server.stop);
  const own = { that: "errors < 1000", window: "1s" };
  const made = await daemon.create(scenario(server, { thresholds: [own] }));
  const page = await openPage(t, held, daemon, `/scenarios/${made.id}`);
  const list = page.getByRole("group", { name: "Thresholds" });
  await list.getByText('window: "1s" (in the JSON view)').waitFor();
  await list.getByRole("button", { name: "Add a threshold" }).click();
  const second = list.getByLabel("Threshold 2", { exact: true });
  await second.fill("latncy p95 < 300ms");
  await mistakeComes(second, /did you mean "latency"\?/);
  await second.fill("latency p95 < 300ms");
  await mistakeGoes(second);
  await second.fill("latency p95 < 300");
  await mistakeComes(second, /has no unit/);
  await second.fill("latency p95 < 1us");
  await mistakeGoes(second);
  await list.getByRole("button", { name: "Add a threshold" }).click();
  await list.getByRole("button", { name: "Remove threshold 3" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved as version 2").waitFor();
  const { document } = await daemon.must(200, "GET", `/api/v1/scenarios/${made.id}`);
  assert.deepEqual(document.thresholds, [own, "latency p95 < 1us"]);

  const run = await daemon.finished((await daemon.start(made)).id);
  await page.goto(`${daemon.url}/runs/${run.id}`);
  assert.match(await page.getByTestId("verdict").textContent(), /1 of 2 thresholds was not met/);
  const rows = page.getByRole("table", { name: "Thresholds" }).locator("tbody tr");
  assert.match(await rows.nth(0).textContent(), /^Meterrors < 1000 in any 1s0/);
  assert.match(await rows.nth(1).textContent(), /^Brokenlatency p95 < 1us[\d.]+ (µs|ms)1 µs/);
  isClean(page);
});

test("the editor says where a text is not JSON, and completes keys from the schema", async (t) => {
  const daemon = await startDaemon(t);
  const made = await daemon.create(scenario(nowhere));
  const page = await openPage(t, held, daemon, `/scenarios/${made.id}`);
  await page.getByRole("tab", { name: "JSON" }).click();
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText('{"name": "x", }');
  await page.getByText("This is not JSON yet: see line 1", { exact: false }).first().waitFor();
  await page.getByRole("tab", { name: "Form" }).click();
  await page.getByText("There is no form for this text").waitFor();

  await page.getByRole("tab", { name: "JSON" }).click();
  await page.locator(".cm-content").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText('{"name": "x", "load": {}}');
  for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Control+Space");
  await page.locator(".cm-tooltip-autocomplete li", { hasText: "max_users" }).waitFor();
  await page.keyboard.type("dura");
  await page.waitForTimeout(100); // CodeMirror takes no choice in the first moments, on purpose
  await page.locator(".cm-tooltip-autocomplete li", { hasText: "duration" }).click();
  assert.match(await editorText(page), /"load": \{"duration": ""\}/);
  isClean(page);
});

test("two people who edit at once do not overwrite each other unasked", async (t) => {
  const daemon = await startDaemon(t);
  const made = await daemon.create(scenario(nowhere, { users: 1 }));
  const page = await openPage(t, held, daemon, `/scenarios/${made.id}`);
  await page.getByRole("textbox", { name: "Users" }).fill("5");
  await daemon.must(200, "PUT", `/api/v1/scenarios/${made.id}`, { ...made.document, load: { users: 99, duration: "2s" } });

  page.expect4xx.push(412);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Somebody else changed this scenario meanwhile").waitFor();
  await page.getByRole("button", { name: /Keep mine/ }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved as version 3").waitFor();
  assert.equal((await daemon.must(200, "GET", `/api/v1/scenarios/${made.id}`)).document.load.users, 5);
  isClean(page);
});

test("old versions can be read and taken back", async (t) => {
  const daemon = await startDaemon(t);
  const made = await daemon.create(scenario(nowhere, { users: 11 }));
  await daemon.must(200, "PUT", `/api/v1/scenarios/${made.id}`, { ...made.document, load: { users: 22, duration: "2s" } });
  const page = await openPage(t, held, daemon, `/scenarios/${made.id}`);
  await page.getByRole("tab", { name: "Versions" }).click();
  await page.getByRole("button", { name: "Version 1", exact: false }).click();
  await page.getByLabel("Document of version 1", { exact: true }).getByText('"users": 11').waitFor();
  await page.getByRole("button", { name: "Take this text into the editor" }).click();
  await page.waitForFunction(() => document.getElementById("/load/users")?.value === "11");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved as version 3").waitFor();
  isClean(page);
});

test("the list finds, duplicates and deletes scenarios", async (t) => {
  const daemon = await startDaemon(t);
  for (const name of ["Shop", "Search", "Sign-up"]) await daemon.create(scenario(nowhere, { name, tags: [name === "Shop" ? "nightly" : "weekly"] }));
  const page = await openPage(t, held, daemon, "/scenarios");
  const names = async () => page.locator("tbody tr td:first-child a").allTextContents();
  await page.getByRole("link", { name: "Shop" }).waitFor();
  assert.deepEqual((await names()).sort(), ["Search", "Shop", "Sign-up"]);

  await page.getByLabel("Search scenarios").fill("sig");
  await until(async () => (await names()).join() === "Sign-up", "the search has narrowed the list");
  await page.getByLabel("Search scenarios").fill("");
  await page.getByRole("button", { name: "nightly" }).click();
  await until(async () => (await names()).join() === "Shop", "the tag has narrowed the list");

  await page.getByRole("button", { name: "More for Shop" }).click();
  await page.getByRole("menuitem", { name: "Duplicate" }).click();
  await page.getByRole("heading", { name: "Shop (copy)" }).waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.waitForURL(/\/scenarios\/[0-9a-z]{16}$/);

  await page.getByRole("button", { name: "More for Shop (copy)" }).click();
  await page.getByRole("menuitem", { name: "Delete…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.waitForURL(/\/scenarios$/);
  await until(async () => !(await names()).includes("Shop (copy)"), "the copy is gone");
  assert.equal((await daemon.must(200, "GET", "/api/v1/scenarios")).items.length, 3);
  isClean(page);
});

test("a page with unsaved changes is not left by mistake", async (t) => {
  const daemon = await startDaemon(t);
  const made = await daemon.create(scenario(nowhere));
  const page = await openPage(t, held, daemon, `/scenarios/${made.id}`);
  await page.getByRole("textbox", { name: "Users" }).fill("77");
  const asked = new Promise((resolve) => page.once("dialog", async (dialog) => (resolve(dialog.message()), await dialog.dismiss())));
  await page.getByRole("link", { name: "Runs", exact: true }).click();
  assert.match(await asked, /without saving/);
  assert.equal(await page.getByRole("textbox", { name: "Users" }).inputValue(), "77");
  isClean(page);
});
