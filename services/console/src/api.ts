// The gateway's API (proto/openapi.yaml): who is signed in, and the sessions. The rest is in api/.
import type { Ticket } from "./channel/socket";
import { call, once, query, setCsrf } from "./http";

export { ApiError } from "./http";

export interface Me {
  technician: { id: string; name: string; email: string; role: string; permissions: string[]; second_factor: boolean };
  company: { id: string; name: string; contact: string; plan: string };
  csrf: string | null;
  limits: { technician: number; company: number };
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
  mail: { state: string; sent_at: string | null; retry_at?: string | null; tries?: number };
  machine: { name: string; os: string } | null;
  checklist: Step[];
  attempts_left: number;
  generation: number;
  removal: string;
  removed_at: string | null;
  version: string;
  install_url: string | null;
  code_prefix?: string;
}

// One step of the customer's set-up (S-14); reason: of a failed one.
export interface Step {
  step: "page_opened" | "program_started" | "administrator" | "windows_version" | "no_host" | "no_session" | "network" | "set_up" | "code" | "paired";
  state: "pending" | "ok" | "failed" | "skipped";
  at: string | null;
  reason: string | null;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

async function remember(me: Promise<Me>): Promise<Me> {
  const value = await me;
  setCsrf(value.csrf);
  return value;
}

async function sessions(status = "", cursor: string | null = null): Promise<Page<Session>> {
  const page = await call<{ sessions: Session[]; next_cursor: string | null }>("GET", `/v1/sessions${query({ limit: "50", status, cursor })}`);
  return { items: page.sessions, next: page.next_cursor };
}

export const api = {
  me: () => remember(call<Me>("GET", "/v1/me")),
  signIn: (email: string, password: string, code?: string) => remember(call<Me>("POST", "/v1/sign-in", { body: { email, password, code } })),
  signOut: () => call<void>("POST", "/v1/sign-out"),
  activateAccount: (token: string, password: string) => call<void>("POST", "/v1/account/activate", { body: { token, password } }),
  paths: async () => Object.keys((await call<{ paths: Record<string, unknown> }>("GET", "/openapi.json")).paths),
  sessions,
  session: (id: string) => call<Session>("GET", `/v1/sessions/${id}`),
  create: (body: object) => call<Session>("POST", "/v1/sessions", { body, headers: once() }),
  inviteAgain: (id: string) => call<Session>("POST", `/v1/sessions/${id}/invitations`, { headers: once() }),
  end: (id: string) => call<Session>("POST", `/v1/sessions/${id}/end`),
  handOver: (id: string, technician: string) => call<Session>("POST", `/v1/sessions/${id}/hand-over`, { body: { technician } }),
  ticket: (id: string, mode: "pair" | "connect") => call<Ticket>("POST", `/v1/sessions/${id}/tickets`, { body: { feature: "remote", mode } }),
};
