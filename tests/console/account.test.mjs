// S-70: the person's own page: password, second factor with recovery codes, sign-ins.
import assert from "node:assert";
import { after, before, test } from "node:test";
import { openBrowser, stack, until } from "./browser.mjs";
import { inside, newCompany, PASSWORD, period, signIn, totp } from "./people.mjs";

const BETTER = "another horse battery staple";
let browser;
let page;
let email;
let secret;
let used;
let codes;
before(async () => {
  browser = await openBrowser();
  ({ email } = await newCompany(browser));
  page = await inside(await signIn(browser, email));
});
after(() => browser?.close());

test("the password is changed with the current one only, and other sign-ins end (S-70)", async () => {
  const other = await inside(await signIn(browser, email));
  await page.getByTestId("nav-account").click();
  await page.getByTestId("current-password").fill("not my password");
  await page.getByTestId("new-password").fill(BETTER);
  await page.getByTestId("change-password").click();
  await page.getByText("The current password is not right.").waitFor();
  await page.getByTestId("current-password").fill(PASSWORD);
  await page.getByTestId("change-password").click();
  await page.getByText("Your password is changed.").waitFor();
  await other.reload();
  await other.getByTestId("email").waitFor();
  await other.context().close();
});

test("a second factor is set up with a picture and a code, and recovery codes are shown once (S-70)", async () => {
  await page.getByTestId("totp-begin").click();
  await page.getByTestId("qr").waitFor();
  secret = await page.getByTestId("totp-secret").textContent();
  await page.getByTestId("totp-code").fill(totp(secret, period() - 1000));
  await page.getByTestId("totp-confirm").click();
  await page.locator("[data-reason=second_factor_required]").waitFor();
  used = period();
  await page.getByTestId("totp-code").fill(totp(secret, used));
  await page.getByTestId("totp-confirm").click();
  codes = await page.getByTestId("recovery-codes").getByRole("listitem").allTextContents();
  assert.strictEqual(new Set(codes).size, 10);
  await page.getByTestId("codes-noted").click();
  assert.strictEqual(await page.getByTestId("recovery-codes").count(), 0);
  await until("the state", async () => (await page.getByTestId("factor-state").textContent()) === "On");
});

test("the next sign-in asks for the code; a recovery code works once (S-70)", async () => {
  const other = await signIn(browser, email, BETTER);
  await other.getByTestId("second-code").fill("000000");
  await other.getByTestId("sign-in").click();
  await other.getByTestId("wrong").waitFor();
  await other.getByTestId("second-code").fill(codes[0]);
  await other.getByTestId("sign-in").click();
  await inside(other);
  await other.context().close();
  const again = await signIn(browser, email, BETTER);
  await again.getByTestId("second-code").fill(codes[0]);
  await again.getByTestId("sign-in").click();
  await again.getByTestId("wrong").waitFor();
  await again.context().close();
});

test("a sign-in is revoked and is out at once, the open page included (S-70)", async () => {
  const other = await signIn(browser, email, BETTER);
  await other.getByTestId("second-code").fill(codes[1]);
  await other.getByTestId("sign-in").click();
  await inside(other);
  await page.goto(`${stack.origin}/#/sessions`);
  await page.getByTestId("nav-account").click();
  const rows = page.getByTestId("sign-in-row");
  await until("the list", () => rows.count());
  for (let left = await rows.count(); left > 1; left--) {
    await page.getByTestId("revoke-sign-in").first().click();
    await until("one less", async () => (await rows.count()) < left);
  }
  await other.getByTestId("email").waitFor({ timeout: 15000 });
  await other.context().close();
});

test("the second factor is switched off again (S-70)", async () => {
  await page.getByTestId("totp-off").click();
  await page.getByTestId("confirm").click();
  await page.getByTestId("totp-begin").waitFor();
  await inside(await signIn(browser, email, BETTER));
  assert.deepStrictEqual(page.problems, []);
});
