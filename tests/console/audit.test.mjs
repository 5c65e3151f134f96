// S-48 S-71: the audit log's page and a session's report; webhooks with their secret, test and deliveries.
import assert from "node:assert";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { openBrowser, stack } from "./browser.mjs";
import { inside, newCompany, signIn } from "./people.mjs";

let browser;
let page;
let id;
before(async () => {
  browser = await openBrowser();
  page = await inside(await signIn(browser, (await newCompany(browser)).email));
  await page.getByTestId("new-session").click();
  await page.getByTestId("prepare").click();
  await page.getByTestId("code").waitFor();
  id = page.url().split("/").pop();
});
after(() => browser?.close());

const offered = async (path) => page.evaluate(async (p) => p in (await (await fetch("/openapi.json")).json()).paths, path);

test("a page is in the menu exactly when the gateway has what it shows (S-70)", async () => {
  for (const name of ["audit", "webhooks"]) {
    const there = await offered(`/v1/${name}`);
    assert.strictEqual(await page.getByTestId(`nav-${name}`).count(), there ? 1 : 0);
    await page.goto(`${stack.origin}/#/${name}`);
    if (!there) await page.getByText("This page does not exist").waitFor();
  }
});

test("the audit log shows, filters and exports what happened (S-48)", async (t) => {
  if (!(await offered("/v1/audit"))) return t.skip("this gateway has no audit log");
  await page.getByTestId("nav-audit").click();
  await page.locator('[data-type="audit.signed_in"]').first().filter({ hasText: "Signed in" }).waitFor();
  await page.getByTestId("audit-type").selectOption("session.created");
  await page.getByTestId("audit-filter").click();
  await page.locator('[data-type="audit.signed_in"]').first().waitFor({ state: "detached" });
  assert.strictEqual(await page.getByTestId("audit-row").filter({ hasText: id.slice(-6) }).count(), 1);
  await page.getByTestId("audit-row").filter({ hasText: "Session prepared, invitation made" }).first().waitFor();
  await page.getByTestId("language").selectOption("de");
  await page.getByTestId("audit-row").filter({ hasText: "Sitzung vorbereitet, Einladung erstellt" }).first().waitFor();
  await page.getByTestId("language").selectOption("en");
  const download = page.waitForEvent("download");
  await page.getByTestId("audit-export").click();
  assert.match((await download).suggestedFilename(), /\.jsonl$/);
  await page.goto(`${stack.origin}/#/sessions/${id}`);
  await page.getByTestId("report").getByRole("link", { name: "Printable page" }).waitFor();
});

test("a webhook's secret is shown once, a test is delivered, the secret renewed (S-71)", async (t) => {
  if (!(await offered("/v1/webhooks"))) return t.skip("this gateway has no webhooks");
  await page.getByTestId("nav-webhooks").click();
  await page.getByTestId("add-webhook").click();
  await page.getByTestId("webhook-url").fill("https://hooks.example.com/beistand");
  await page.getByTestId("webhook-events").fill("session.*");
  await page.getByTestId("save-webhook").click();
  const secret = await page.getByTestId("webhook-secret").textContent();
  assert.match(secret, /^whsec_/);
  await page.getByRole("link", { name: "Done" }).click();
  await page.getByTestId("ping").click();
  await page.getByText("A test is on its way.").waitFor();
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByTestId("delivery-row").filter({ hasText: "webhook.ping" }).waitFor();
  await page.getByTestId("rotate").click();
  await page.getByTestId("confirm").click();
  assert.notStrictEqual(await page.getByTestId("webhook-secret").textContent(), secret);
  assert.deepStrictEqual(page.problems, []);
});

// A receiver that gives each answer of a webhook's test with this status.
async function receiver(status) {
  const server = createServer((request, answer) => request.resume().on("end", () => answer.writeHead(status).end()));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => server.close());
  return `http://127.0.0.1:${server.address().port}/`;
}

async function newWebhook(url) {
  await page.goto(`${stack.origin}/#/webhooks/new`);
  await page.getByTestId("webhook-url").fill(url);
  await page.getByTestId("webhook-events").fill("session.*"); // nothing of that happens: only tests are delivered
  await page.getByTestId("save-webhook").click();
  await page.getByRole("link", { name: "Done" }).click();
  await page.getByTestId("ping").waitFor();
  return page.url().split("/").pop();
}

// Deliveries are read again on request only.
async function refreshedUntil(row) {
  for (let i = 0; i < 100 && (await row.count()) === 0; i++) {
    await page.getByRole("button", { name: "Refresh" }).click();
    await row.waitFor({ timeout: 200 }).catch(() => {});
  }
  assert.strictEqual(await row.count(), 1);
}

test("a webhook says why it switched itself off (S-71)", async (t) => {
  if (!(await offered("/v1/webhooks"))) return t.skip("this gateway has no webhooks");
  await newWebhook(await receiver(410));
  await page.getByTestId("ping").click();
  await refreshedUntil(page.getByTestId("delivery-row").filter({ hasText: "410" }));
  await page.reload();
  await page.locator('[data-testid="webhook-why-off"][data-reason="gone"]').waitFor();
  await page.getByText("Switched off", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByTestId("webhook-why-off").waitFor({ state: "detached" });
});

test("more than a page of deliveries is read page by page (S-71)", async (t) => {
  if (!(await offered("/v1/webhooks"))) return t.skip("this gateway has no webhooks");
  const id = await newWebhook(await receiver(204));
  const statuses = await page.evaluate(async (wid) => {
    const { csrf } = await (await fetch("/v1/me")).json();
    const sent = [];
    for (let i = 0; i < 55; i++) sent.push((await fetch(`/v1/webhooks/${wid}/ping`, { method: "POST", headers: { "X-CSRF-Token": csrf } })).status);
    return sent;
  }, id);
  assert.deepStrictEqual([...new Set(statuses)], [202]);
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByTestId("more").click();
  await page.getByTestId("delivery-row").nth(54).waitFor();
  assert.strictEqual(await page.getByTestId("delivery-row").count(), 55);
  assert.strictEqual(await page.getByTestId("more").count(), 0);
  assert.deepStrictEqual(page.problems, []);
});
