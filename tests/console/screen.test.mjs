// S-40: noVNC shows exactly what the PC shows: photos (JPEG, then sharpened), scrolled areas (copies), another size, the
// PC's cursor. The simulated PC tells the CRC-32 of its picture.
import assert from "node:assert";
import { after, before, test } from "node:test";
import { openBrowser, screenText, signedIn, simPC, until } from "./browser.mjs";
import { endAll } from "./people.mjs";

let browser;
let page;
let pc;

before(async () => {
  browser = await openBrowser();
  page = await signedIn(browser);
  await page.getByTestId("new-session").click();
  await page.getByTestId("customer-name").fill("Kim Kunde");
  await page.getByTestId("prepare").click();
  const code = await page.getByTestId("code").textContent();
  pc = simPC(await page.getByTestId("install-url").textContent(), code, "--say", "picture", "--screen", "1003x707");
  await page.getByTestId("connect").waitFor({ timeout: 20000 });
  await pc.wait((l) => l.event === "account_made");
  await page.getByTestId("connect").click();
  await until("the drawn text", async () => (await screenText(page, 0)) === "picture");
});
after(async () => {
  await endAll(browser);
  pc?.stop();
  await browser?.close();
});

// CRC-32 of the canvas as rows of red, green, blue.
async function shown() {
  return page.evaluate(() => {
    const canvas = document.querySelector("[data-testid=screen] canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const table = Array.from({ length: 256 }, (_, n) => {
      for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
      return n >>> 0;
    });
    let crc = 0xffffffff;
    for (let i = 0; i < data.length; i++) if (i % 4 !== 3) crc = table[(crc ^ data[i]) & 255] ^ (crc >>> 8);
    return (~crc >>> 0).toString(16).padStart(8, "0");
  });
}

async function told() {
  const from = pc.seen.length;
  pc.say("sum");
  return (await pc.wait((l) => l.event === "sum" && pc.seen.indexOf(l) >= from)).crc32;
}

async function same(what) {
  const sum = await told();
  await until(what, async () => (await shown()) === sum);
}

test("the whole picture is the PC's", async () => {
  await same("the first picture");
});

test("a photo is exact after a moment", async () => {
  pc.say("photo");
  await same("the sharpened photo");
});

test("scrolled areas are moved, also with a photo in them", async () => {
  for (let i = 0; i < 5; i++) {
    pc.say("scroll");
    await same(`scrolled ${i + 1} times`);
  }
});

test("another size of the PC's screen is followed", async () => {
  for (const [width, height] of [[1400, 900], [640, 480]]) {
    pc.say(`size ${width}x${height}`);
    await until("the new size", () => page.evaluate(([w, h]) => {
      const canvas = document.querySelector("[data-testid=screen] canvas");
      return canvas.width === w && canvas.height === h;
    }, [width, height]));
    await same(`${width} × ${height}`);
  }
});

test("the PC's cursor is the page's", async () => {
  const style = await page.evaluate(() => document.querySelector("[data-testid=screen] canvas").style.cursor);
  assert.match(style, /^url\("?data:image\/png/);
});

test("typing works after all that, and nothing went wrong in the page", async () => {
  await page.locator("[data-testid=screen] canvas").click({ position: { x: 300, y: 300 } });
  await page.keyboard.type("abc");
  await until("the typed text", async () => (await screenText(page, 1)) === "abc");
  assert.deepStrictEqual(page.problems.filter((p) => !/status of (401|404)/.test(p)), []);
});
