// The gateway's API (proto/openapi.yaml).
import { Refused } from "./channel/handshake";
import type { Ticket } from "./channel/viewer";

export interface Me {
  technician: { id: string; name: string; email: string; role: string; permissions: string[] };
  company: { id: string; name: string; contact: string; plan: string };
  csrf: string | null;
}

export interface Session {
  id: string;
  status: "invited" | "active" | "ended";
  paired: boolean;
  reason: string | null;
  online: boolean;
  online_since: string | null;
  technician: { id: string; name: string };
  customer_email: string | null;
  customer_name: string | null;
  language: string | null;
  note: string | null;
  created_at: string;
  invitation_expires_at: string | null;
  activated_at: string | null;
  expires_at: string | null;
  ended_at: string | null;
  mail: { state: string; sent_at: string | null };
  machine: { name: string; os: string } | null;
  checks: Record<string, string>;
  attempts_left: number;
  generation: number;
  removal: string;
  removed_at: string | null;
  version: string;
  install_url: string | null;
  code_prefix?: string;
}

let csrf = "";

export class ApiError extends Refused {
  constructor(
    reason: string,
    readonly status: number,
    readonly detail: string,
    readonly session?: string,
  ) {
    super(reason);
  }
}

async function call<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...(method === "GET" ? {} : { "X-CSRF-Token": csrf }), ...headers },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new ApiError("unavailable", 0, "");
  }
  const text = await answer.text();
  const value = text ? JSON.parse(text) : undefined;
  if (!answer.ok) throw new ApiError(value?.reason ?? "unavailable", answer.status, value?.detail ?? "", value?.session);
  return value as T;
}

async function remember(me: Promise<Me>): Promise<Me> {
  const value = await me;
  csrf = value.csrf ?? "";
  return value;
}

const key = (): Record<string, string> => ({ "Idempotency-Key": crypto.randomUUID() });

export const api = {
  me: () => remember(call<Me>("GET", "/v1/me")),
  signIn: (email: string, password: string) => remember(call<Me>("POST", "/v1/sign-in", { email, password })),
  signOut: () => call<void>("POST", "/v1/sign-out"),
  activateAccount: (token: string, password: string) => call<void>("POST", "/v1/account/activate", { token, password }),
  sessions: async () => (await call<{ sessions: Session[] }>("GET", "/v1/sessions?limit=50")).sessions,
  session: (id: string) => call<Session>("GET", `/v1/sessions/${id}`),
  create: (body: object) => call<Session>("POST", "/v1/sessions", body, key()),
  inviteAgain: (id: string) => call<Session>("POST", `/v1/sessions/${id}/invitations`, undefined, key()),
  end: (id: string) => call<Session>("POST", `/v1/sessions/${id}/end`),
  ticket: (id: string, mode: "pair" | "connect") => call<Ticket>("POST", `/v1/sessions/${id}/tickets`, { feature: "remote", mode }),
};
