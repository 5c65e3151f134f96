// What the page knows: who is signed in, the sessions, and the secrets that never leave it.
import { effect, signal } from "@preact/signals";
import { api, ApiError, type Me, type Session } from "./api";

export const me = signal<Me | null>(null);
export const ready = signal(false);
export const sessions = signal<Record<string, Session>>({});
export const route = signal(location.hash.slice(2));
export const notice = signal<{ reason: string; detail: string } | null>(null);

// e in sessionStorage (a reload loses nothing), the password in memory only.
export const digitsOf = {
  get: (id: string): string | null => sessionStorage.getItem(`e:${id}`),
  set: (id: string, digits: string): void => sessionStorage.setItem(`e:${id}`, digits),
  forget: (id: string): void => sessionStorage.removeItem(`e:${id}`),
};
export const passwords = new Map<string, string>();
// The first four digits: shown once, right after they were made.
export const prefixes = signal<Record<string, string>>({});

window.addEventListener("hashchange", () => (route.value = location.hash.slice(2)));
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

async function refresh(): Promise<void> {
  for (const session of await api.sessions()) put(session);
}

let stream: EventSource | null = null;
effect(() => {
  stream?.close();
  stream = null;
  if (!me.value) return;
  stream = new EventSource("/v1/events");
  const again = (): void => void refresh().catch(say);
  stream.addEventListener("ready", (event) => {
    if (!JSON.parse((event as MessageEvent<string>).data).resumed) again(); // resumed: what was missed follows
  });
  stream.addEventListener("reset", again);
  stream.addEventListener("session", (event) => put(JSON.parse((event as MessageEvent<string>).data)));
});

export async function start(): Promise<void> {
  try {
    me.value = await api.me();
  } catch {
    me.value = null;
  }
  ready.value = true;
}
