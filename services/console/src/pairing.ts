// Pairing: the two ends meet by the digits, then the password is handed over.
import { signal } from "@preact/signals";
import { api } from "./api";
import { newDigits } from "./channel/code";
import { Refused } from "./channel/handshake";
import { Viewer } from "./channel/viewer";
import { digitsOf, passwords } from "./state";

export type PairingState = { busy: boolean; reason: string; fresh: string };
export const pairing = signal<Record<string, PairingState>>({});

const set = (id: string, state: Partial<PairingState>): void => {
  const before = pairing.value[id] ?? { busy: false, reason: "", fresh: "" };
  pairing.value = { ...pairing.value, [id]: { ...before, ...state } };
};

function handOver(viewer: Viewer, password: string): (message: { type: string; reason?: unknown }, done: (reason: string) => void) => void {
  return (message, done) => {
    if (message.type === "hello") viewer.say({ type: "set_password", password });
    if (message.type === "password_set") done("");
    if (message.type === "refused") done(String(message.reason));
  };
}

async function attempt(id: string, digits: string, password: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let take: (message: { type: string; reason?: unknown }, done: (reason: string) => void) => void = () => {};
    const viewer = new Viewer(id, {
      ticket: (mode) => api.ticket(id, mode),
      line: (message) => take(message, finish),
      screen: () => {},
      state: (state, reason) => state === "over" && finish(reason),
      latency: () => {},
    });
    const finish = (reason: string): void => {
      viewer.close();
      resolve(reason);
    };
    take = handOver(viewer, password);
    viewer.pair(digits, () => {}).catch(reject);
  });
}

export async function pair(id: string, digits: string, password: string): Promise<void> {
  if (pairing.value[id]?.busy) return;
  set(id, { busy: true, reason: "" });
  let reason = "";
  try {
    reason = await attempt(id, digits, password);
  } catch (e) {
    reason = e instanceof Refused ? e.reason : "unavailable";
  }
  if (reason === "") {
    passwords.set(id, password);
    digitsOf.forget(id);
    set(id, { busy: false, reason: "", fresh: "" });
    return;
  }
  // Five wrong tries: the program has dropped its digits and asks for new ones, made here.
  const exhausted = reason === "attempts_exhausted";
  const fresh = exhausted ? pairing.value[id]?.fresh || newDigits() : "";
  if (exhausted) digitsOf.set(id, fresh);
  else digitsOf.forget(id);
  set(id, { busy: false, reason, fresh });
}
