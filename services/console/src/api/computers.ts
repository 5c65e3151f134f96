// Managed computers, and those of active sessions (S-25).
import { call, ifMatch, query, request } from "../http";

export interface Computer {
  id: string;
  kind: "managed" | "adhoc";
  name: string;
  group: string;
  note: string;
  online: boolean;
  online_since: string | null;
  last_online: string | null;
  created_at: string | null;
  session: string | null;
  in_use: boolean;
  version: string;
  technician?: { id: string; name: string };
  expires_at?: string | null;
  customer_name?: string;
}

export interface ComputerList {
  computers: Computer[];
  next_cursor: string | null;
  groups?: { name: string; computers: number }[];
  licences?: { seats: number; managed: number; sessions: number; free: number };
}

const path = (id: string): string => `/v1/computers/${id}`;

export const computers = {
  list: (group = "", cursor: string | null = null) => call<ComputerList>("GET", `/v1/computers${query({ limit: "100", group, cursor })}`),
  get: (id: string) => request<Computer>("GET", path(id)),
  add: (body: object) => call<Computer>("POST", "/v1/computers", { body }),
  change: (id: string, etag: string, body: object) => request<Computer>("PATCH", path(id), { body, headers: ifMatch(etag) }),
  remove: (id: string, force: boolean) => call<unknown>("DELETE", `${path(id)}${force ? "?force=true" : ""}`),
  import: async (csv: string) => (await call<{ imported: number }>("POST", "/v1/computers/import", { csv })).imported,
};
