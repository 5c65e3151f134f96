// S-62 S-29: the team's pages, what each role sees, and a session that is handed to a colleague.
import assert from "node:assert";
import { after, before, test } from "node:test";
import { openBrowser, stack } from "./browser.mjs";
import { addPerson, inside, newCompany, PASSWORD, signIn } from "./people.mjs";

let browser;
let ada;
let tom;
let tomsEmail;

before(async () => {
  browser = await openBrowser();
  const { email } = await newCompany(browser);
  ada = await inside(await signIn(browser, email));
});
after(() => browser?.close());

const openPerson = async (email) => {
  await ada.getByTestId("nav-team").click();
  await ada.locator(`[data-email="${email}"]`).getByRole("link").click();
  await ada.getByTestId("save-person").waitFor();
};

test("a new person gets a one-time link that is shown once, and signs in (S-62)", async () => {
  tomsEmail = await addPerson(browser, ada, { permissions: ["adhoc_support"] });
  assert.strictEqual(await ada.getByTestId("one-time-link").count(), 0, "the list does not show the link again");
  tom = await inside(await signIn(browser, tomsEmail));
});

test("a technician does not see the administrators' pages (S-62)", async () => {
  await tom.getByTestId("nav-company").waitFor();
  assert.strictEqual(await tom.getByTestId("nav-team").count(), 0);
  await tom.goto(`${stack.origin}/#/team`);
  await tom.getByText("This page does not exist, or you may not see it.").waitFor();
});

test("an open session stands in the way of a second one, and is named with what to do (S-20)", async () => {
  await tom.goto(`${stack.origin}/#/new`);
  await tom.getByTestId("customer-name").fill("Kim Kunde");
  await tom.getByTestId("prepare").click();
  await tom.getByTestId("code").waitFor();
  await tom.goto(`${stack.origin}/#/new`);
  await tom.getByTestId("prepare").click();
  await tom.locator("[data-reason=technician_limit]").waitFor();
  await tom.getByTestId("open-session").getByRole("link", { name: "Kim Kunde" }).waitFor();
  await tom.getByTestId("open-again").click();
  await tom.getByTestId("code").waitFor();
});

test("an administrator hands the session to a colleague, live for both (S-29 S-71)", async () => {
  const zoe = await addPerson(browser, ada, { name: "Zoe Zweig", permissions: ["adhoc_support"] });
  await ada.getByTestId("nav-sessions").click();
  await ada.getByTestId("session-row").first().getByRole("link").click();
  const option = ada.getByTestId("colleague").locator("option", { hasText: zoe });
  await ada.getByTestId("colleague").selectOption(await option.getAttribute("value", { timeout: 10000 }));
  await ada.getByTestId("hand-over-now").click();
  await ada.getByTestId("technician").filter({ hasText: "Zoe Zweig" }).waitFor();
});

test("role and permissions are changed, and somebody else's change in between is not overwritten (S-62 S-70)", async () => {
  await openPerson(tomsEmail);
  const other = await inside(await signIn(browser, await ada.evaluate(async () => (await (await fetch("/v1/me")).json()).technician.email)));
  await other.goto(ada.url());
  await other.getByTestId("person-name").fill("Tom Taler");
  await other.getByTestId("save-person").click();
  await other.getByRole("heading", { name: "Tom Taler", level: 1 }).waitFor();
  await ada.getByTestId("person-name").fill("Tom Tausend");
  await ada.getByTestId("save-person").click();
  await ada.locator("[data-reason=precondition_failed]").waitFor();
  await ada.getByRole("heading", { name: "Tom Taler", level: 1 }).waitFor();
  await ada.getByTestId("permission-full_remote_control").check();
  await ada.getByTestId("save-person").click();
  await ada.getByText("Saved.").waitFor();
  await other.context().close();
});

test("a disabled person is out at once (S-62)", async () => {
  await ada.getByTestId("disable").click();
  await ada.getByTestId("confirm").click();
  await ada.getByText("Disabled").first().waitFor();
  await tom.reload();
  await tom.getByTestId("email").waitFor();
  const refused = await signIn(browser, tomsEmail, PASSWORD);
  await refused.getByTestId("wrong").waitFor();
  await refused.context().close();
});

test("an administrator grants only what they hold (S-62)", async () => {
  const email = await addPerson(browser, ada, { name: "Lea Leitung", permissions: ["adhoc_support"] });
  await openPerson(email);
  await ada.getByTestId("person-role").selectOption("administrator");
  await ada.getByTestId("save-person").click();
  await ada.getByText("Saved.").waitFor();
  await openPerson(email);
  assert.strictEqual(await ada.getByTestId("person-role").inputValue(), "administrator", "the form shows the role that is there");
  const lea = await inside(await signIn(browser, email));
  await lea.goto(`${stack.origin}/#/team/new`);
  await lea.getByTestId("permission-adhoc_support").waitFor();
  assert.ok(await lea.getByTestId("permission-full_remote_control").isDisabled());
  await lea.context().close();
});

test("a removed person is gone (S-62)", async () => {
  await openPerson(tomsEmail);
  await ada.getByTestId("remove-person").click();
  await ada.getByTestId("confirm").click();
  await ada.getByTestId("add-person").waitFor();
  await ada.locator(`[data-email="${tomsEmail}"]`).waitFor({ state: "detached" });
  assert.deepStrictEqual(ada.problems, []);
});
