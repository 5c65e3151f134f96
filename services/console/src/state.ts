// What the page knows: who is signed in, the sessions, and the secrets that never leave it.
import { effect, signal } from "@preact/signals";
import { api, ApiError, type Me, type Session } from "./api";
import { whenSignedOut } from "./http";

export const me = signal<Me | null>(null);
export const ready = signal(false);
export const sessions = signal<Record<string, Session>>({});
export const route = signal(location.hash.slice(2));
export const notice = signal<{ reason: string; detail: string } | null>(null);
export const announcement = signal("");
// Counts what happened in the company: pages that show lists read them again.
export const changes = signal(0);
// Paths of the API that this gateway has; a page without its path is not shown.
export const offers = signal<string[]>([]);
const NEEDS: Record<string, string> = { webhooks: "/v1/webhooks", audit: "/v1/audit" };
export const offered = (page: string): boolean => !NEEDS[page] || offers.value.includes(NEEDS[page]);

// e in sessionStorage (a reload loses nothing), the password in memory only.
export const digitsOf = {
  get: (id: string): string | null => sessionStorage.getItem(`e:${id}`),
  set: (id: string, digits: string): void => sessionStorage.setItem(`e:${id}`, digits),
  forget: (id: string): void => sessionStorage.removeItem(`e:${id}`),
};
export const passwords = new Map<string, string>();
// The first four digits: shown once, right after they were made.
export const prefixes = signal<Record<string, string>>({});

export const isAdministrator = (): boolean => me.value?.technician.role === "administrator";

window.addEventListener("hashchange", () => {
  route.value = location.hash.slice(2);
  notice.value = null;
});
export const go = (to: string): void => void (location.hash = `#/${to}`);

export function put(session: Session): void {
  const known = sessions.value[session.id];
  const version = (s: Session): number[] => s.version.split("-").map(Number);
  if (known) {
    const [a, b] = [version(known), version(session)];
    if (a[0] > b[0] || (a[0] === b[0] && a[1] > b[1])) return; // overtaken
  }
  sessions.value = { ...sessions.value, [session.id]: { ...session, code_prefix: undefined } };
}

export function say(e: unknown): void {
  notice.value = e instanceof ApiError ? { reason: e.reason, detail: e.detail } : { reason: "unavailable", detail: String(e) };
}

// For people who do not see it happen, and as a short message for everybody.
let fading = 0;
export function announce(text: string): void {
  announcement.value = text;
  clearTimeout(fading);
  fading = window.setTimeout(() => (announcement.value = ""), 8000);
}

async function refresh(): Promise<void> {
  for (const session of (await api.sessions()).items) put(session);
  changes.value++;
}

let stream: EventSource | null = null;
let streamOf = "";
let waiting = 0;

// The browser reconnects by itself, with the last event's id, until an answer is no stream: the sign-in is over (the
// request for me says so), or the gateway is not there for a while.
function lost(): void {
  if (stream?.readyState !== EventSource.CLOSED) return;
  void api.me().catch(say);
  waiting = window.setTimeout(listen, 5000);
}

function listen(): void {
  const again = (): void => void refresh().catch(say);
  stream?.close();
  stream = new EventSource("/v1/events");
  stream.addEventListener("error", lost);
  stream.addEventListener("ready", (event) => {
    if (!JSON.parse((event as MessageEvent<string>).data).resumed) again(); // resumed: what was missed follows
  });
  stream.addEventListener("reset", again);
  stream.addEventListener("change", () => changes.value++);
  stream.addEventListener("session", (event) => {
    put(JSON.parse((event as MessageEvent<string>).data));
    changes.value++;
  });
}

effect(() => {
  const who = me.value?.technician.id ?? "";
  if (who === streamOf) return; // the same person with another name
  streamOf = who;
  clearTimeout(waiting);
  stream?.close();
  stream = null;
  sessions.value = {};
  if (!who) return;
  listen();
  void api.paths().then((paths) => (offers.value = paths)).catch(() => {});
});

whenSignedOut(() => (me.value = null));

export async function start(): Promise<void> {
  try {
    me.value = await api.me();
  } catch {
    me.value = null;
  }
  ready.value = true;
}
