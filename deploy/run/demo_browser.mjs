// The technician's browser of `make demo`: one command per line on stdin (JSON), one answer per line on stdout. The console is
// used as a person uses it; only the pixels of the screen are read by script.
import path from "node:path";
import readline from "node:readline";
import { openBrowser, signedIn, until } from "../../tests/console/browser.mjs";

const browser = await openBrowser();
let page;

// What tests/agent/probe.c shows: each byte is a column of eight squares.
const squares = () => page.evaluate(() => {
  const canvas = document.querySelector("[data-testid=screen] canvas");
  if (!canvas) return null;
  const g = canvas.getContext("2d");
  let text = "";
  for (let i = 0; i < 100; i++) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) {
      const [r, green] = g.getImageData(20 + i * 10 + 5, 20 + bit * 10 + 5, 1, 1).data;
      if (r > 200 && r < 250 && green > 200) byte = byte * 2 + 1;
      else if (r < 0x30 && green < 0x30) byte *= 2;
      else return text;
    }
    text += String.fromCharCode(byte);
  }
  return text;
});

const commands = {
  async sign_in() {
    page = await signedIn(browser);
    page.on("dialog", (d) => d.accept());
  },
  async new_session({ email, name }) {
    await page.getByTestId("new-session").click();
    await page.getByTestId("customer-email").fill(email);
    await page.getByTestId("customer-name").fill(name);
    await page.getByTestId("send").click();
    const code = await page.getByTestId("code").textContent();
    return { code, link: await page.getByTestId("install-url").textContent(), id: page.url().split("/").at(-1) };
  },
  async wait_ready() {
    await page.getByTestId("connect").waitFor({ timeout: 60000 });
  },
  async connect() {
    await page.getByTestId("connect").click();
    await page.locator("[data-testid=screen] canvas").waitFor({ timeout: 60000 });
  },
  async wait_squares({ text }) {
    await until("the drawn text in the browser", async () => (await squares()) === text, 30);
  },
  // Clicks into the field of the PC's window and types; x and y are the PC's own coordinates.
  async type({ x, y, text }) {
    const canvas = page.locator("[data-testid=screen] canvas");
    const box = await canvas.boundingBox();
    const size = await canvas.evaluate((c) => [c.width, c.height]);
    await page.mouse.click(box.x + (x * box.width) / size[0], box.y + (y * box.height) / size[1]);
    await page.keyboard.type(text, { delay: 20 });
  },
  // Frames the viewer painted in so many seconds.
  async updates({ seconds }) {
    return page.evaluate((ms) => new Promise((resolve) => {
      const canvas = document.querySelector("[data-testid=screen] canvas");
      const g = canvas.getContext("2d");
      let last = "", n = 0;
      const end = performance.now() + ms;
      const look = () => {
        const row = g.getImageData(20, 225, 400, 1).data.join();
        if (row !== last) n++;
        last = row;
        if (performance.now() > end) resolve(n / (ms / 1000));
        else requestAnimationFrame(look);
      };
      look();
    }), seconds * 1000);
  },
  async end() {
    await page.getByTestId("end").click();
    await page.locator("[data-reason=ended_by_technician]").waitFor({ timeout: 20000 });
  },
  async wait_removed({ id }) {
    await page.goto(page.url().split("#")[0] + `#/sessions/${id}`);
    await until("the receipt", async () => (await page.getByTestId("removal").textContent()) === "confirmed", 60);
  },
  async shot({ file }) {
    await page.screenshot({ path: path.resolve(file) });
  },
  async problems() {
    return page.problems;
  },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { command, ...args } = JSON.parse(line);
  try {
    process.stdout.write(JSON.stringify({ ok: true, value: (await commands[command](args)) ?? null }) + "\n");
  } catch (e) {
    process.stdout.write(JSON.stringify({ ok: false, error: String(e) }) + "\n");
  }
}
await browser.close();
