// Chromium, a stack's addresses and a customer's PC (simpc) for the console's tests.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const { chromium } = createRequire(path.join(root, "services/console/package.json"))("playwright-core");
export const stack = JSON.parse(readFileSync(process.env.STACK_JSON, "utf8"));
export const shots = process.env.SHOTS || mkdtempSync(path.join(tmpdir(), "beistand-shots-"));
const bin = path.join(process.env.BEISTAND_BUILD || path.join(root, "build"), "bin");

export async function openBrowser() {
  return chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-default-apps"],
  });
}

export async function signedIn(browser, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1400, height: 950 }, locale: "en-GB", ...options });
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (e) => page.problems.push(String(e)));
  page.on("console", (m) => m.type() === "error" && page.problems.push(m.text()));
  await page.goto(stack.origin + "/");
  await page.getByTestId("email").fill(stack.technician_email);
  await page.getByTestId("password").fill(readFileSync(stack.technician_password, "utf8").trim());
  await page.getByTestId("sign-in").click();
  await page.getByTestId("new-session").waitFor();
  return page;
}

// A customer's PC; lines(event) waits for a printed state.
export function simPC(link, code, ...options) {
  const child = spawn(path.join(bin, "simpc"), ["--config", stack.program_json, "--link", link, "--code", code, "--state-dir", mkdtempSync(path.join(tmpdir(), "simpc-")), ...options]);
  const seen = [];
  let wake = () => {};
  let rest = "";
  child.stdout.on("data", (data) => {
    const lines = (rest + data).split("\n");
    rest = lines.pop();
    for (const line of lines) seen.push(JSON.parse(line));
    wake();
  });
  return {
    seen,
    say: (line) => child.stdin.write(line + "\n"),
    async wait(match, seconds = 20) {
      const until = Date.now() + seconds * 1000;
      for (;;) {
        const found = seen.find(match);
        if (found) return found;
        if (Date.now() > until) throw new Error(`not within ${seconds} s; seen ${JSON.stringify(seen.slice(-8))}`);
        await new Promise((resolve) => {
          wake = resolve;
          setTimeout(resolve, 200);
        });
      }
    },
    stop: () => child.kill("SIGTERM"),
  };
}

// Text that the simulated screen shows in a line: each byte is a column of eight squares (agent/sim/screen.h).
export async function screenText(page, line) {
  return page.evaluate((row) => {
    const canvas = document.querySelector("[data-testid=screen] canvas");
    if (!canvas) return null;
    const g = canvas.getContext("2d");
    let text = "";
    for (let i = 0; i < 128; i++) {
      let byte = 0;
      for (let bit = 0; bit < 8; bit++) {
        const [r] = g.getImageData(i * 10 + 5, row * 200 + bit * 10 + 5, 1, 1).data;
        if (r > 200) byte = byte * 2 + 1;
        else if (r < 0x18) byte *= 2;
        else return text;
      }
      text += String.fromCharCode(byte);
    }
    return text;
  }, line);
}

export async function until(what, condition, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
