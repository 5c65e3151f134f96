// One request to the gateway: the answer with its ETag, or an ApiError with the reason of its problem+json.
import { Refused } from "./channel/handshake";

export interface LineError {
  line: number;
  column: string;
  error: string;
}

export class ApiError extends Refused {
  constructor(
    reason: string,
    readonly status: number,
    readonly detail: string,
    readonly session?: string,
    readonly errors: LineError[] = [],
  ) {
    super(reason);
  }
}

export interface Answer<T> {
  value: T;
  etag: string;
}

export interface Options {
  body?: unknown;
  csv?: string;
  headers?: Record<string, string>;
  bearer?: string; // the operator's key: such a request carries no cookie
}

let csrf = "";
export const setCsrf = (token: string | null): void => void (csrf = token ?? "");

let onSignedOut = (): void => {};
export const whenSignedOut = (then: () => void): void => void (onSignedOut = then);

function headersOf(method: string, o: Options): Record<string, string> {
  const headers: Record<string, string> = { ...o.headers };
  if (o.body !== undefined) headers["Content-Type"] = "application/json";
  if (o.csv !== undefined) headers["Content-Type"] = "text/csv";
  if (o.bearer) headers.Authorization = `Bearer ${o.bearer}`;
  else if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  return headers;
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return text ? (JSON.parse(text) as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // a proxy's page in place of the gateway's answer
  }
}

export async function request<T>(method: string, path: string, o: Options = {}): Promise<Answer<T>> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(path, {
      method, headers: headersOf(method, o), credentials: o.bearer ? "omit" : "same-origin",
      body: o.csv ?? (o.body === undefined ? undefined : JSON.stringify(o.body)),
    });
    text = await answer.text();
  } catch {
    throw new ApiError("unavailable", 0, "");
  }
  const value = parsed(text);
  if (answer.ok) return { value: value as T, etag: answer.headers.get("ETag") ?? "" };
  const said = (name: string): string => String(value?.[name] ?? "");
  // Only what is read shows that the sign-in is over: a changed password answers 401 to the wrong current one.
  if (answer.status === 401 && method === "GET" && !o.bearer && said("reason") === "unauthenticated") onSignedOut();
  throw new ApiError(said("reason") || "unavailable", answer.status, said("detail"), said("session") || undefined, (value?.errors as LineError[]) ?? []);
}

export const call = async <T>(method: string, path: string, o: Options = {}): Promise<T> => (await request<T>(method, path, o)).value;

export const once = (): Record<string, string> => ({ "Idempotency-Key": crypto.randomUUID() });
export const ifMatch = (etag: string): Record<string, string> => (etag ? { "If-Match": etag } : {});

export function query(values: Record<string, string | undefined | null>): string {
  const set = Object.entries(values).filter(([, v]) => v) as [string, string][];
  return set.length ? `?${new URLSearchParams(set).toString()}` : "";
}
