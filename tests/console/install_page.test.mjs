// S-3 S-12 S-14 S-27: what the page behind the link tells the technician and the customer.
import assert from "node:assert";
import { after, before, test } from "node:test";
import { openBrowser, until } from "./browser.mjs";
import { endAll, technician } from "./people.mjs";

const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36";
let browser;
before(async () => (browser = await openBrowser()));
after(async () => {
  await endAll(browser); // the next file's technician has room for a session again
  await browser?.close();
});

async function open(link, options = {}, prepare = async () => {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, userAgent: WINDOWS, locale: "en-GB", ...options });
  await prepare(context);
  const page = await context.newPage();
  await page.goto(link);
  return page;
}

const call = (...request) => technician(browser, ...request);

async function fresh() {
  await endAll(browser);
  return call("POST", "/v1/sessions", { send_email: false });
}

const opened = async (made) => (await call("GET", `/v1/sessions/${made.id}`)).checklist[0];

test("a person's visible page ticks page opened and offers the program under the token's name", async () => {
  const made = await fresh();
  assert.equal((await opened(made)).state, "pending");
  const page = await open(made.install_url);
  assert.match(await page.getByTestId("download").getAttribute("download"), /^Support-[0-9A-Z]{6}-[0-9A-Z]{6}-[0-9A-Z]{6}\.exe$/);
  await until("page opened", async () => (await opened(made)).state === "ok");
  await page.context().close();
});

test("a link that was mistyped offers nothing to download and asks for the whole link", async () => {
  const made = await fresh();
  const page = await open(made.install_url.replace(/#.*/, "#000000-AAAAAA-BBBBBB"));
  await page.locator("[data-system=no-token]").waitFor();
  assert.equal(await page.getByTestId("download").isVisible(), false);
  await page.context().close();
});

test("a page that is shown to nobody tells nothing until it is seen", async () => {
  const made = await fresh();
  const page = await open(made.install_url, {}, (context) =>
    context.addInitScript(() => Object.defineProperty(document, "visibilityState", { configurable: true, get: () => window.seen ?? "hidden" })),
  );
  await page.getByTestId("token").waitFor();
  await page.waitForLoadState("networkidle");
  assert.equal((await opened(made)).state, "pending");
  await page.evaluate(() => {
    window.seen = "visible";
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await until("page opened", async () => (await opened(made)).state === "ok");
  await page.context().close();
});

test("the link before the newest says so, in the reader's language", async () => {
  const made = await fresh();
  await call("POST", `/v1/sessions/${made.id}/invitations`);
  const page = await open(made.install_url.replace("#", "?lang=nl#"));
  await page.getByTestId("superseded").waitFor();
  assert.match(await page.getByTestId("superseded").textContent(), /Deze uitnodiging is vervangen/);
  assert.equal(await page.getByTestId("download").isVisible(), false);
  assert.equal((await opened(made)).state, "pending");
  await page.context().close();
});

test("another system is told that Windows is needed and offered nothing", async () => {
  const made = await fresh();
  const page = await open(made.install_url, { userAgent: WINDOWS.replace("Windows NT 10.0; Win64; x64", "X11; Linux x86_64") });
  await page.getByText("This works on a Windows PC only").waitFor();
  assert.equal(await page.getByTestId("download").isVisible(), false);
  await page.context().close();
});
