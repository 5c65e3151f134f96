// The company, its people and their keys.
import type { Page } from "../api";
import { type Answer, call, ifMatch, once, query, request } from "../http";

export interface Company {
  id: string;
  name: string;
  contact: string;
  plan: string;
  modules: string[];
  seats: number;
  limits: { technician: number; company: number };
  suspended: boolean;
  oidc?: { issuer: string; client_id: string; client_secret_set: boolean } | null;
  created_at: string | null;
  version: number;
}

export interface Person {
  id: string;
  name: string;
  email: string;
  role: "technician" | "administrator";
  permissions: string[];
  disabled: boolean;
  second_factor: boolean;
  password_set: boolean;
  created_at: string | null;
  version: number;
}

export interface NewPerson extends Person {
  activate_url: string;
  activate_expires_at: string;
}

export interface ApiKey {
  id: string;
  name: string;
  technician: string;
  scopes: string[];
  created_at: string | null;
  expires_at: string | null;
  key?: string;
}

export interface SignInRecord {
  id: string;
  technician: string;
  current: boolean;
  created_at: string | null;
  expires_at: string | null;
  address: string | null;
  user_agent: string;
  method: "password" | "oidc";
}

export const PERMISSIONS = ["adhoc_support", "full_remote_control"] as const;

async function people(cursor: string | null = null): Promise<Page<Person>> {
  const page = await call<{ technicians: Person[]; next_cursor: string | null }>("GET", `/v1/technicians${query({ limit: "100", cursor })}`);
  return { items: page.technicians, next: page.next_cursor };
}

async function everybody(): Promise<Person[]> {
  const all: Person[] = [];
  for (let page = await people(); ; page = await people(page.next)) {
    all.push(...page.items);
    if (!page.next) return all;
  }
}

async function keys(cursor: string | null = null): Promise<Page<ApiKey>> {
  const page = await call<{ api_keys: ApiKey[]; next_cursor: string | null }>("GET", `/v1/api-keys${query({ limit: "100", cursor })}`);
  return { items: page.api_keys, next: page.next_cursor };
}

export const company = {
  get: () => request<Company>("GET", "/v1/company"),
  change: (etag: string, body: object) => request<Company>("PATCH", "/v1/company", { body, headers: ifMatch(etag) }),
  people,
  everybody,
  person: (id: string) => request<Person>("GET", `/v1/technicians/${id}`),
  add: (body: object): Promise<NewPerson> => call<NewPerson>("POST", "/v1/technicians", { body, headers: once() }),
  changePerson: (id: string, etag: string, body: object): Promise<Answer<Person>> => request<Person>("PATCH", `/v1/technicians/${id}`, { body, headers: ifMatch(etag) }),
  removePerson: (id: string, etag: string) => call<void>("DELETE", `/v1/technicians/${id}`, { headers: ifMatch(etag) }),
  resetLink: (id: string) => call<{ url: string; expires_at: string }>("POST", `/v1/technicians/${id}/reset-link`),
  keys,
  makeKey: (body: object) => call<ApiKey>("POST", "/v1/api-keys", { body, headers: once() }),
  revokeKey: (id: string) => call<void>("DELETE", `/v1/api-keys/${id}`),
  signIns: async (technician?: string) => (await call<{ sign_ins: SignInRecord[] }>("GET", `/v1/sign-ins${query({ technician })}`)).sign_ins,
  endSignIn: (id: string) => call<void>("DELETE", `/v1/sign-ins/${id}`),
};

export const account = {
  changePassword: (current_password: string, password: string) => call<void>("POST", "/v1/me/password", { body: { current_password, password } }),
  beginTotp: () => call<{ secret: string; otpauth_uri: string }>("POST", "/v1/me/totp"),
  confirmTotp: async (code: string) => (await call<{ recovery_codes: string[] }>("POST", "/v1/me/totp/confirm", { body: { code } })).recovery_codes,
  removeTotp: () => call<void>("DELETE", "/v1/me/totp"),
};
