// The audit log and webhooks: pages show only when the gateway has them (state.ts, offers).
import { call, query } from "../http";

export interface AuditRecord {
  seq: number;
  time: string;
  type: string;
  session?: string;
  computer?: string;
  actor: { type: string; id?: string; name?: string; address?: string };
  reason?: string;
  details: Record<string, unknown>;
  hash: string;
}

export interface AuditPage {
  records: AuditRecord[];
  next_cursor: string | null;
  head: { seq: number; hash: string } | null;
}

export type AuditFilter = Partial<Record<"session" | "actor" | "type" | "from" | "to", string>>;

export const audit = {
  list: (filter: AuditFilter, cursor: string | null = null) => call<AuditPage>("GET", `/v1/audit${query({ limit: "50", ...filter, cursor })}`),
};
