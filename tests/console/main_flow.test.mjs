// S-1 S-2 S-4 S-6 S-7 S-8 S-9 S-14: the technician's whole way in a browser, with a simulated PC at the other end.
import assert from "node:assert";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import path from "node:path";
import { openBrowser, screenText, shots, signedIn, simPC, until } from "./browser.mjs";

let browser;
let page;
let pc;
let password;
let code;
const drawn = randomBytes(6).toString("hex");
const typed = randomBytes(5).toString("hex");

before(async () => {
  browser = await openBrowser();
  page = await signedIn(browser);
});
after(async () => {
  pc?.stop();
  await browser?.close();
});

test("a new session shows its code once and its link (S-1 S-4)", async () => {
  await page.getByTestId("new-session").click();
  await page.getByTestId("customer-name").fill("Kim Kunde");
  password = await page.getByTestId("session-password").inputValue();
  assert.ok(password.length >= 8);
  await page.screenshot({ path: path.join(shots, "1-new-session.png") });
  await page.getByTestId("prepare").click();
  code = await page.getByTestId("code").textContent();
  assert.match(code, /^\d{4} \d{4} \d{4}$/);
  await page.screenshot({ path: path.join(shots, "2-code.png") });
});

test("what the PC lacks is said at its step, in words, while the page is open (S-14 S-28)", async () => {
  const link = new URL(await page.getByTestId("install-url").textContent());
  const step = page.getByTestId("checklist").locator("[data-step=no_host]");
  assert.strictEqual(await step.getAttribute("class"), "pending");
  const data = { token: link.hash.slice(1), checks: { started: "ok", no_host: "failed" }, reason: "host_installed" };
  assert.strictEqual((await page.request.post(`${link.origin}/agent/v1/invitations/reports`, { data })).status(), 200);
  await step.locator("small").waitFor();
  assert.strictEqual(await step.getAttribute("class"), "failed");
  assert.match(await step.locator("a").getAttribute("href"), /^\/help\?lang=en#host_installed$/);
  assert.strictEqual(await page.locator("[data-step=page_opened]").getAttribute("class"), "skipped");
});

test("the PC activates and pairs by itself while the page is open (S-6 S-14)", async () => {
  const link = await page.getByTestId("install-url").textContent();
  pc = simPC(link, code, "--say", drawn);
  await page.getByTestId("connect").waitFor({ timeout: 20000 });
  assert.strictEqual(await page.getByTestId("status").textContent(), "Active");
  await pc.wait((l) => l.event === "account_made");
  await page.screenshot({ path: path.join(shots, "3-active.png") });
});

test("the screen appears and typed keys arrive (S-7 S-47)", async () => {
  await page.getByTestId("connect").click();
  await until("the drawn text", async () => (await screenText(page, 0)) === drawn);
  await page.locator("[data-testid=screen] canvas").click({ position: { x: 300, y: 300 } });
  await page.keyboard.type(typed);
  await until("the typed text", async () => (await screenText(page, 1)) === typed);
  await page.screenshot({ path: path.join(shots, "4-remote.png") });
  assert.ok(!JSON.stringify(pc.seen).includes(typed), "the simulator never prints what was typed");
});

test("another browser connects with the password, and a wrong one is refused (S-4 S-7 S-33)", async () => {
  const other = await signedIn(browser);
  await other.getByTestId("session-row").first().getByRole("link").click();
  await other.getByTestId("connect").click();
  await other.getByTestId("connect-password").fill("not the password");
  await other.getByTestId("connect-now").click();
  await other.locator("[data-reason=password_wrong]").waitFor({ timeout: 20000 });
  await other.getByTestId("connect-password").fill(password);
  await other.getByTestId("connect-now").click();
  await until("the screen in the other browser", async () => (await screenText(other, 0)) === drawn);
  await other.context().close();
});

test("end now ends it everywhere, and the removal is confirmed (S-9 S-10)", async () => {
  await page.getByTestId("end").click();
  await page.getByTestId("confirm").click();
  await page.locator("[data-reason=ended_by_technician]").waitFor();
  await pc.wait((l) => l.event === "removed");
  await page.getByRole("link", { name: "Back" }).click();
  await until("the receipt", async () => (await page.getByTestId("removal").textContent()) === "confirmed");
  await page.screenshot({ path: path.join(shots, "5-ended.png") });
});

test("nothing went wrong in the page itself", () => {
  const expected = /status of (401|409|404)|WebSocket connection|ERR_/;
  assert.deepStrictEqual(page.problems.filter((p) => !expected.test(p)), []);
});
