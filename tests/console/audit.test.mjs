// S-48 S-71: the audit log's page and a session's report; webhooks with their secret, test and deliveries.
import assert from "node:assert";
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
