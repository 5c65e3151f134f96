// Webhooks (S-71, Standard Webhooks). The secret is shown when it is made or renewed.
import type { Page } from "../api";
import { call, ifMatch, once, query, request } from "../http";

export interface Webhook {
  id: string;
  url: string;
  types: string[];
  description: string;
  status: "ok" | "failing" | "disabled";
  failing_since: string | null;
  disabled_at: string | null;
  disabled_reason: "failed_too_long" | "gone" | "too_many_waiting" | null; // null: by hand
  secret?: string;
}

export interface Delivery {
  id: string;
  type: string;
  state: "pending" | "delivered" | "failed";
  attempts: number;
  created_at: string;
  next_at: string | null;
  last: { at: string; status: number | null; error?: string } | null;
}

const at = (id: string): string => `/v1/webhooks/${id}`;

async function deliveries(id: string, cursor: string | null = null): Promise<Page<Delivery>> {
  const page = await call<{ deliveries: Delivery[]; next_cursor: string | null }>("GET", `${at(id)}/deliveries${query({ limit: "50", cursor })}`);
  return { items: page.deliveries, next: page.next_cursor };
}

export const webhooks = {
  list: async () => (await call<{ webhooks: Webhook[] }>("GET", "/v1/webhooks")).webhooks,
  get: (id: string) => request<Webhook>("GET", at(id)),
  add: (body: object) => call<Webhook>("POST", "/v1/webhooks", { body, headers: once() }),
  change: (id: string, etag: string, body: object) => request<Webhook>("PATCH", at(id), { body, headers: ifMatch(etag) }),
  remove: (id: string) => call<void>("DELETE", at(id)),
  ping: (id: string) => call<unknown>("POST", `${at(id)}/ping`),
  rotate: (id: string) => request<Webhook>("POST", `${at(id)}/rotate`),
  deliveries,
  redeliver: (id: string, delivery: string) => call<unknown>("POST", `${at(id)}/deliveries/${delivery}/redeliver`),
};
