// S-72 S-73: every page in both themes passes axe-core (WCAG 2.2 AA), fits a screen of 320 px, and speaks seven languages.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { openBrowser, shots, stack } from "./browser.mjs";
import { addPerson, inside, newCompany, operatorKey, signIn } from "./people.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js", { paths: [process.cwd()] }), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl"];
const pages = []; // {name, go}: what is opened and waited for
let browser;
let ada;
let session;
let person;
let computer;

const hash = async (page, to) => page.evaluate((h) => (location.hash = h), `#/${to}`);

before(async () => {
  browser = await openBrowser();
  ada = await inside(await signIn(browser, (await newCompany(browser)).email));
  const email = await addPerson(browser, ada);
  person = await ada.locator(`[data-email="${email}"]`).getAttribute("data-id");
  const made = await ada.evaluate(async () => {
    const { csrf } = await (await fetch("/v1/me")).json();
    const post = async (url, body) => (await fetch(url, { method: "POST", headers: { "X-CSRF-Token": csrf, "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() }, body: JSON.stringify(body) })).json();
    await post("/v1/api-keys", { name: "inventory", scopes: ["computers:read", "sessions"] });
    const computer = await post("/v1/computers", { name: "RECEPTION-PC", group: "Berlin", note: "ground floor" });
    const session = await post("/v1/sessions", { send_email: false, customer_name: "Kim Kunde" });
    return { computer: computer.id, session: session.id };
  });
  ({ session, computer } = made);
  const page = (name, to, ready) => pages.push({ name, to, ready });
  page("sessions", "sessions", "[data-testid=session-row]");
  page("new-session", "new", "[data-testid=prepare]");
  page("session", `sessions/${session}`, "[data-testid=hand-over-now]");
  page("remote", `sessions/${session}/remote`, "[data-testid=connect-now]");
  page("computers", "computers", "[data-testid=computer-row]");
  page("computer", `computers/${computer}`, "[data-testid=save-computer]");
  page("computer-new", "computers/new", "[data-testid=save-computer]");
  page("computer-import", "computers/import", "[data-testid=import-now]");
  page("team", "team", "[data-testid=person-row]");
  page("person", `team/${person}`, "[data-testid=sign-in-row], section .muted");
  page("person-new", "team/new", "[data-testid=save-person]");
  page("keys", "keys", "[data-testid=key-row]");
  page("key-new", "keys/new", "[data-testid=make-key]");
  page("company", "company", "[data-testid=seats]");
  page("account", "account", "[data-testid=sign-in-row]");
  page("nothing", "nowhere", "[data-testid=empty]");
  const offers = await ada.evaluate(async () => Object.keys((await (await fetch("/openapi.json")).json()).paths));
  if (offers.includes("/v1/audit")) page("audit", "audit", "[data-testid=audit-row]");
  if (offers.includes("/v1/webhooks")) {
    page("webhooks", "webhooks", "[data-testid=add-webhook]");
    page("webhook-new", "webhooks/new", "[data-testid=save-webhook]");
  }
});
after(() => browser?.close());

async function findings(page) {
  await page.evaluate(axe);
  const result = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags }), TAGS);
  return result.violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} ${(n.any[0] ?? n.all[0])?.message ?? ""}`).join(" | ")}`);
}

// Both themes and the narrow screen of what is shown now.
async function look(page, name) {
  const found = [];
  for (const theme of ["light", "dark"]) {
    await page.evaluate((t) => (document.documentElement.dataset.theme = t), theme);
    found.push(...(await findings(page)).map((f) => `${name} (${theme}): ${f}`));
    await page.screenshot({ path: path.join(shots, `${name}-${theme}.png`), fullPage: true });
  }
  const before = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > 320) found.push(`${name}: ${wide} px wide on a screen of 320`);
  await page.screenshot({ path: path.join(shots, `${name}-narrow.png`), fullPage: true });
  await page.setViewportSize(before);
  return found;
}

test("every page passes axe-core in both themes and fits 320 px (S-73)", async () => {
  const found = [];
  for (const { name, to, ready } of pages) {
    await hash(ada, to);
    await ada.locator(ready).first().waitFor();
    assert.strictEqual(await ada.locator("h1").count(), 1, `${name} has one heading`);
    found.push(...(await look(ada, name)));
  }
  assert.deepStrictEqual(found, []);
});

test("what is shown once or asked back passes too (S-73)", async () => {
  const found = [];
  await hash(ada, "account");
  await ada.getByTestId("totp-begin").click();
  await ada.getByTestId("qr").waitFor();
  found.push(...(await look(ada, "totp")));
  await hash(ada, "new");
  await ada.getByTestId("prepare").click();
  await ada.getByTestId("open-session").waitFor();
  found.push(...(await look(ada, "refused")));
  await ada.getByTestId("open-again").click();
  await ada.getByTestId("code").waitFor();
  found.push(...(await look(ada, "code")));
  await ada.getByTestId("end").click();
  await ada.getByTestId("confirm").waitFor();
  found.push(...(await look(ada, "confirm")));
  await ada.keyboard.press("Escape");
  await ada.getByTestId("confirm").waitFor({ state: "detached" });
  assert.deepStrictEqual(found, []);
});

test("sign-in and the operator's pages pass too (S-73)", async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 }, locale: "en-GB" });
  const page = await context.newPage();
  await page.goto(`${stack.origin}/#/sign-in/unauthenticated`);
  await page.getByTestId("refusal").waitFor();
  const found = await look(page, "sign-in");
  await hash(page, "activate/0000");
  await page.getByTestId("save-password").waitFor();
  found.push(...(await look(page, "activate")));
  await hash(page, "operator");
  await page.getByTestId("operator-key").fill(operatorKey());
  found.push(...(await look(page, "operator-key")));
  await page.getByTestId("operator-open").click();
  await page.getByTestId("company-row").first().waitFor();
  found.push(...(await look(page, "operator")));
  await page.getByTestId("company-row").first().getByRole("link").click();
  await page.getByTestId("suspend").waitFor();
  found.push(...(await look(page, "operator-company")));
  await context.close();
  assert.deepStrictEqual(found, []);
});

test("seven languages, the browser's own first, each with words of its own (S-72)", async () => {
  const seen = new Map();
  for (const language of LANGUAGES) {
    await hash(ada, "sessions");
    await ada.getByTestId("language").selectOption(language);
    assert.strictEqual(await ada.evaluate(() => document.documentElement.lang), language);
    await hash(ada, "company");
    await ada.getByTestId("seats").waitFor();
    const text = await ada.locator("body").innerText();
    assert.ok(![...seen.values()].includes(text), `${language} reads like another language`);
    seen.set(language, text);
  }
  const french = await browser.newContext({ ignoreHTTPSErrors: true, locale: "fr-FR" });
  const page = await french.newPage();
  await page.goto(stack.origin);
  await page.getByRole("button", { name: "Se connecter" }).waitFor();
  await french.close();
});

test("the keyboard alone goes from page to page, and the focus follows (S-73)", async () => {
  await ada.getByTestId("language").selectOption("en");
  await hash(ada, "sessions");
  await ada.reload();
  await ada.getByTestId("new-session").waitFor();
  await ada.keyboard.press("Tab");
  assert.strictEqual(await ada.evaluate(() => document.activeElement.textContent), "Skip to content");
  await ada.keyboard.press("Enter");
  assert.strictEqual(await ada.evaluate(() => document.activeElement.id), "main");
  await ada.keyboard.press("Tab");
  assert.strictEqual(await ada.evaluate(() => document.activeElement.dataset.testid), "new-session");
  await ada.keyboard.press("Enter");
  await ada.getByTestId("prepare").waitFor();
  assert.strictEqual(await ada.evaluate(() => document.activeElement.tagName), "H1");
  assert.match(await ada.title(), /^New session/);
  assert.deepStrictEqual(ada.problems, []);
});
