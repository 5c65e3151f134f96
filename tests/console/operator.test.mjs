// S-62: the operator's page: a company from nothing to its first administrator, suspended and resumed.
import assert from "node:assert";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { openBrowser, stack } from "./browser.mjs";
import { operatorKey, PASSWORD, setPassword, signIn } from "./people.mjs";

let browser;
let page;
let link;
const email = `first-${randomBytes(5).toString("hex")}@example.com`;

before(async () => {
  browser = await openBrowser();
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "en-GB" });
  page = await context.newPage();
});
after(() => browser?.close());

test("a wrong key is refused and the right one lists the companies (S-62)", async () => {
  await page.goto(`${stack.origin}/#/operator`);
  await page.getByTestId("operator-key").fill("not the key");
  await page.getByTestId("operator-open").click();
  await page.locator("[data-reason=unauthenticated]").waitFor();
  await page.getByTestId("operator-key").fill(operatorKey());
  await page.getByTestId("operator-open").click();
  await page.getByTestId("company-row").first().waitFor();
  assert.ok(!(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).includes(operatorKey()), "the key is kept nowhere");
});

test("a company is made with plan, seats and limits, and its first administrator gets a link (S-62)", async () => {
  await page.getByTestId("add-company").click();
  await page.getByTestId("company-name").fill("Sonnenhof KG");
  await page.getByTestId("company-plan").selectOption("base");
  await page.getByTestId("company-seats").fill("7");
  await page.getByTestId("save-company").click();
  await page.getByRole("heading", { name: "Sonnenhof KG", level: 1 }).waitFor();
  await page.getByTestId("company-seats").fill("8");
  await page.getByTestId("save-company").click();
  await page.getByText("Saved.").waitFor();
  assert.strictEqual(await page.getByTestId("company-plan").inputValue(), "base", "the form shows the plan that is there");
  await page.getByTestId("person-name").fill("Frida First");
  await page.getByTestId("person-email").fill(email);
  await page.getByTestId("save-person").click();
  link = await page.getByTestId("one-time-link").textContent();
  await setPassword(browser, link, PASSWORD);
  const frida = await signIn(browser, email);
  await frida.getByTestId("nav-company").click();
  await frida.getByTestId("seats").waitFor();
  assert.strictEqual(await frida.getByTestId("seats").textContent(), "8");
  assert.match(await frida.getByTestId("plan").textContent(), /base/);
  await frida.context().close();
});

test("a suspended company cannot sign in, and can after it is resumed (S-62)", async () => {
  await page.getByTestId("suspend").click();
  await page.getByTestId("confirm").click();
  await page.getByTestId("company-state").filter({ hasText: "Suspended" }).waitFor();
  const out = await signIn(browser, email);
  await out.locator("[data-reason=company_suspended]").waitFor();
  await out.context().close();
  await page.getByTestId("suspend").click();
  await page.getByText("In service").waitFor();
  const back = await signIn(browser, email);
  await back.getByTestId("new-session").waitFor();
  await back.context().close();
});

test("a reload forgets the key (S-62)", async () => {
  await page.reload();
  await page.getByTestId("operator-key").waitFor();
});
