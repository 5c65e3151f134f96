// Webhooks (S-71, Standard Webhooks). The secret is shown when it is made or renewed.
import { call, ifMatch, query, request } from "../http";

export interface Webhook {
  id: string;
  url: string;
  events: string[];
  enabled: boolean;
  created_at: string | null;
  secret?: string;
}

export interface Delivery {
  id: string;
  event: string;
  state: string;
  attempts: number;
  status: number | null;
  error?: string | null;
  created_at: string;
  next_at?: string | null;
}

const at = (id: string): string => `/v1/webhooks/${id}`;

export const webhooks = {
  list: async () => (await call<{ webhooks: Webhook[] }>("GET", "/v1/webhooks")).webhooks,
  get: (id: string) => request<Webhook>("GET", at(id)),
  add: (body: object) => call<Webhook>("POST", "/v1/webhooks", { body }),
  change: (id: string, etag: string, body: object) => request<Webhook>("PATCH", at(id), { body, headers: ifMatch(etag) }),
  remove: (id: string) => call<void>("DELETE", at(id)),
  ping: (id: string) => call<unknown>("POST", `${at(id)}/ping`),
  rotate: async (id: string) => (await call<{ secret: string }>("POST", `${at(id)}/rotate`)).secret,
  deliveries: async (id: string, cursor: string | null = null) => (await call<{ deliveries: Delivery[]; next_cursor: string | null }>("GET", `${at(id)}/deliveries${query({ cursor })}`)).deliveries,
  redeliver: (id: string, delivery: string) => call<unknown>("POST", `${at(id)}/deliveries/${delivery}/redeliver`),
};
