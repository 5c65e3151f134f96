// S-4 S-34: pairing from a second browser with noted digits and password; wrong digits five times, then new ones in place.
import assert from "node:assert";
import { after, before, test } from "node:test";
import { openBrowser, signedIn, simPC } from "./browser.mjs";
import { endAll } from "./people.mjs";

let browser;
let pc;
before(async () => (browser = await openBrowser()));
after(async () => {
  await endAll(browser);
  pc?.stop();
  await browser?.close();
});

test("wrong digits five times, new digits in place, paired from another browser", async () => {
  const first = await signedIn(browser);
  await first.getByTestId("new-session").click();
  await first.getByTestId("prepare").click();
  const code = await first.getByTestId("code").textContent();
  const link = await first.getByTestId("install-url").textContent();
  await first.context().close(); // everything the page knew is gone
  pc = simPC(link, code);
  await pc.wait((l) => l.reason === "online");

  const second = await signedIn(browser);
  await second.getByTestId("session-row").first().getByRole("link").click();
  await second.getByTestId("finish").waitFor();
  const fill = async (digits) => {
    await second.getByTestId("digits").fill(digits);
    await second.getByTestId("pair-password").fill("correct horse battery");
    await second.getByTestId("pair").click();
  };
  await fill("1234 5678"); // its check digit is wrong: nothing is sent
  await second.getByText("A digit is wrong").waitFor();
  for (let i = 0; i < 5; i++) {
    await fill("00000000");
    await second.locator("[data-reason=code_invalid], [data-reason=attempts_exhausted]").first().waitFor();
    await second.getByTestId("pair").and(second.locator(":enabled")).waitFor();
  }
  await pc.wait((l) => l.event === "ask_digits");
  await fill("00000000");
  const fresh = await second.getByTestId("fresh-digits").textContent();
  assert.match(fresh, /^\d{4} \d{4}$/);
  pc.say(`digits ${fresh}`);
  await pc.wait((l) => l.event === "command_done");
  await fill(fresh);
  await second.getByTestId("connect").waitFor();
  await second.getByTestId("end").click();
  await second.getByTestId("confirm").click();
  await pc.wait((l) => l.event === "removed");
});
