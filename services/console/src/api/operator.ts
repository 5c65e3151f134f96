// The operator's API. The key is kept in memory only: a reload forgets it.
import { signal } from "@preact/signals";
import type { Page } from "../api";
import { call, ifMatch, once, query, request } from "../http";
import type { Company, NewPerson } from "./company";

export const operatorKey = signal("");

const ROOT = "/operator/v1/companies";
const bearer = (key = operatorKey.value): { bearer: string } => ({ bearer: key });

export const operator = {
  companies: async (cursor: string | null = null, key?: string): Promise<Page<Company>> => {
    const page = await call<{ companies: Company[]; next_cursor: string | null }>("GET", ROOT + query({ limit: "100", cursor }), bearer(key));
    return { items: page.companies, next: page.next_cursor };
  },
  add: (body: object) => call<Company>("POST", ROOT, { body, headers: once(), ...bearer() }),
  company: (id: string) => request<Company>("GET", `${ROOT}/${id}`, bearer()),
  change: (id: string, etag: string, body: object) => request<Company>("PATCH", `${ROOT}/${id}`, { body, headers: ifMatch(etag), ...bearer() }),
  suspend: (id: string) => request<Company>("POST", `${ROOT}/${id}/suspend`, bearer()),
  resume: (id: string) => request<Company>("POST", `${ROOT}/${id}/resume`, bearer()),
  administrator: (id: string, body: object) => call<NewPerson>("POST", `${ROOT}/${id}/technicians`, { body, headers: once(), ...bearer() }),
};
