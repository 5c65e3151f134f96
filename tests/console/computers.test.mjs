// S-25 S-22: managed computers, the group of ad-hoc support sessions, licences; live.
import assert from "node:assert";
import { after, before, test } from "node:test";
import { openBrowser, simPC, stack, until } from "./browser.mjs";
import { inside, newCompany, signIn } from "./people.mjs";

let browser;
let page;
let pc;
before(async () => {
  browser = await openBrowser();
  page = await inside(await signIn(browser, (await newCompany(browser, { seats: 4 })).email));
});
after(async () => {
  pc?.stop();
  await browser?.close();
});

const free = () => page.getByTestId("licences-free").textContent();

test("a computer is added and takes a licence (S-22 S-25)", async () => {
  await page.getByTestId("nav-computers").click();
  assert.strictEqual(await free(), "4");
  await page.getByTestId("add-computer").click();
  await page.getByTestId("computer-name").fill("RECEPTION-PC");
  await page.getByTestId("computer-group").fill("Berlin");
  await page.getByTestId("save-computer").click();
  await page.getByTestId("computer-row").getByText("RECEPTION-PC").waitFor();
  assert.strictEqual(await free(), "3");
});

test("a list with mistakes names the lines and imports nothing; a right one does (S-25)", async () => {
  await page.getByTestId("import").click();
  await page.getByTestId("csv").fill("name,group,note\nLAB-1,Bonn,\n,Bonn,no name\nLAB-2,Bonn,x,too many\n");
  await page.getByTestId("import-now").click();
  await page.locator("[data-reason=invalid_request]").waitFor();
  const lines = await page.getByTestId("line-error").getByRole("rowheader").allTextContents();
  assert.deepStrictEqual(lines, ["3", "4"]);
  await page.getByTestId("csv").fill("name,group,note\nLAB-1,Bonn,\n");
  await page.getByTestId("import-now").click();
  await page.getByTestId("computer-row").getByText("LAB-1").waitFor();
  assert.strictEqual(await free(), "2");
});

test("the PC of an active session appears by itself, and connecting is one click away (S-25 S-71)", async () => {
  await page.goto(`${stack.origin}/#/new`);
  await page.getByTestId("prepare").click();
  const code = await page.getByTestId("code").textContent();
  pc = simPC(await page.getByTestId("install-url").textContent(), code);
  await page.getByTestId("connect").waitFor({ timeout: 20000 });
  await page.getByTestId("nav-computers").click();
  const row = page.getByTestId("group-adhoc").getByTestId("computer-row");
  await row.getByText("Online").waitFor();
  assert.strictEqual(await free(), "1");
  await row.getByTestId("computer-connect").click();
  await until("the screen", () => page.locator("[data-testid=screen][data-state=on] canvas").count());
});

test("removing it while it is in use asks twice and ends the session (S-25 S-36)", async () => {
  const other = await page.context().newPage();
  await other.goto(`${stack.origin}/#/computers`);
  const row = other.getByTestId("group-adhoc").getByTestId("computer-row");
  await row.getByText("In use").waitFor();
  await row.getByTestId("computer-remove").click();
  await other.getByTestId("confirm").click();
  await other.getByText("Somebody is connected").waitFor();
  await other.getByTestId("confirm").click();
  await row.waitFor({ state: "detached" });
  await page.locator("[data-reason=computer_deleted]").waitFor();
  await pc.wait((l) => l.event === "removed");
  await until("the licence is free", async () => (await other.getByTestId("licences-free").textContent()) === "2");
  await other.close();
});

test("a computer is renamed and removed (S-25)", async () => {
  await page.goto(`${stack.origin}/#/computers`);
  await page.getByRole("link", { name: "LAB-1" }).click();
  await page.getByTestId("computer-name").fill("LAB-9");
  await page.getByTestId("save-computer").click();
  await page.getByRole("heading", { name: "LAB-9", level: 1 }).waitFor();
  await page.getByRole("link", { name: "Back" }).click();
  await page.getByRole("button", { name: "Remove: LAB-9" }).click();
  await page.getByTestId("confirm").click();
  await page.getByRole("link", { name: "LAB-9" }).waitFor({ state: "detached" });
  assert.deepStrictEqual(page.problems, []);
});
