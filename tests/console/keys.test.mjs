// S-70: API keys with scopes: shown once, usable, revoked.
import assert from "node:assert";
import { after, before, test } from "node:test";
import { openBrowser, stack } from "./browser.mjs";
import { inside, newCompany, signIn } from "./people.mjs";

let browser;
let page;
let key;
before(async () => {
  browser = await openBrowser();
  page = await inside(await signIn(browser, (await newCompany(browser)).email));
});
after(() => browser?.close());

async function ask(path) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const status = (await context.request.get(stack.origin + path, { headers: { Authorization: `Bearer ${key}` } })).status();
  await context.close();
  return status;
}

test("a new key is shown once and does what its scopes say (S-70)", async () => {
  await page.getByTestId("nav-keys").click();
  await page.getByTestId("new-key").click();
  await page.getByTestId("key-name").fill("inventory");
  await page.getByTestId("make-key").click();
  await page.getByText("Choose at least one scope.").waitFor();
  await page.getByTestId("scope-computers").selectOption("computers:read");
  await page.getByTestId("make-key").click();
  key = await page.getByTestId("key").textContent();
  assert.match(key, /^bk_/);
  assert.strictEqual(await ask("/v1/computers"), 200);
  assert.strictEqual(await ask("/v1/sessions"), 403);
  await page.getByTestId("key-noted").click();
  await page.locator('[data-name="inventory"]').waitFor();
  assert.ok(!(await page.content()).includes(key), "the list does not show the key");
});

test("a revoked key is refused (S-70)", async () => {
  await page.locator('[data-name="inventory"]').getByTestId("revoke-key").click();
  await page.getByTestId("confirm").click();
  await page.getByTestId("empty").waitFor();
  assert.strictEqual(await ask("/v1/computers"), 401);
});
