// Companies of their own for the console's tests, made with the operator's API; and what a person's phone does.
import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { stack } from "./browser.mjs";

export const PASSWORD = "correct horse battery staple";
const NAMES = { administrator: "Ada Admin", technician: "Tom Technician" };

async function answer(promise, status) {
  const got = await promise;
  if (got.status() !== status) throw new Error(`${got.url()}: ${got.status()} ${await got.text()}`);
  return got.status() === 204 ? null : got.json();
}

export const operatorKey = () => readFileSync(stack.operator_key, "utf8").trim();

// What the demo's technician asks of the API: the answer's body.
export async function technician(browser, method, path, data) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const answer = await context.request.fetch(stack.origin + path, {
    method,
    data,
    headers: { Authorization: `Bearer ${readFileSync(stack.technician_key, "utf8").trim()}`, "Idempotency-Key": randomUUID() },
  });
  const body = answer.status() === 204 ? null : await answer.json();
  await context.close();
  return body;
}

// There is room for a session again.
export async function endAll(browser) {
  for (const s of (await technician(browser, "GET", "/v1/sessions?status=open")).sessions)
    await technician(browser, "POST", `/v1/sessions/${s.id}/end`);
}

// A company and its first administrator, whose password is set: {company, email}.
export async function newCompany(browser, licence = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const headers = { Authorization: `Bearer ${operatorKey()}` };
  const post = (path, data, status, more = headers) => answer(context.request.post(stack.origin + path, { data, headers: more }), status);
  const company = await post("/operator/v1/companies", { name: "Nordlicht GmbH", contact: "+49 30 5550100", plan: "premier", seats: 5, ...licence }, 201);
  const email = `ada-${randomBytes(5).toString("hex")}@example.com`;
  const made = await post(`/operator/v1/companies/${company.id}/technicians`, { name: NAMES.administrator, email, role: "administrator", permissions: ["adhoc_support", "full_remote_control"] }, 201);
  await post("/v1/account/activate", { token: made.activate_url.split("/").pop(), password: PASSWORD }, 204, {});
  await context.close();
  return { company: company.id, email };
}

// A page of its own, signed in; problems holds what the browser complains about.
export async function signIn(browser, email, password = PASSWORD, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 }, locale: "en-GB", ...options });
  await context.grantPermissions(["clipboard-write"]);
  context.setDefaultTimeout(60000);
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (e) => page.problems.push(String(e)));
  page.on("console", (m) => m.type() === "error" && /Content Security Policy/.test(m.text()) && page.problems.push(m.text()));
  await page.goto(stack.origin + "/");
  await page.getByTestId("email").fill(email);
  await page.getByTestId("password").fill(password);
  await page.getByTestId("sign-in").click();
  return page;
}

export async function inside(page) {
  await page.getByTestId("new-session").waitFor();
  return page;
}

// Adds a person on the team's pages and sets the password with the one-time link. Returns the e-mail address.
export async function addPerson(browser, page, { name = NAMES.technician, permissions = null } = {}) {
  const email = `tom-${randomBytes(5).toString("hex")}@example.com`;
  await page.getByTestId("nav-team").click();
  await page.getByTestId("add-person").click();
  await page.getByTestId("person-name").fill(name);
  await page.getByTestId("person-email").fill(email);
  for (const box of ["adhoc_support", "full_remote_control"]) if (permissions) await page.getByTestId(`permission-${box}`).setChecked(permissions.includes(box));
  await page.getByTestId("save-person").click();
  const link = await page.getByTestId("one-time-link").textContent();
  await page.getByTestId("link-noted").click();
  await setPassword(browser, link, PASSWORD);
  return email;
}

export async function setPassword(browser, link, password) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: "en-GB" });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByTestId("new-password").fill(password);
  await page.getByTestId("save-password").click();
  await page.getByTestId("password-saved").waitFor();
  await context.close();
}

// RFC 6238, SHA-1, six digits: the authenticator app. period: 30 s units since 1970; a code works once.
export const period = () => Math.floor(Date.now() / 30000);

export function totp(secret, at = period()) {
  let bits = "";
  for (const c of secret.replace(/[\s=]/g, "")) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(at));
  const mac = createHmac("sha1", key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, "0");
}
