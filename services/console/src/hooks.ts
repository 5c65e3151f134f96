// What pages have in common: reading from the server, and doing something that may be refused.
import { useEffect, useRef, useState } from "preact/hooks";
import type { Page } from "./api";
import { ApiError } from "./http";
import { changes } from "./state";

export interface Loaded<T> {
  value: T | null;
  failed: ApiError | null;
  reload(): void;
  set(value: T): void;
}

const asError = (e: unknown): ApiError => (e instanceof ApiError ? e : new ApiError("unavailable", 0, String(e)));

// live: read again whenever something happened in the company, at most three times a second.
export function useLoad<T>(load: () => Promise<T>, on: unknown[], live = false): Loaded<T> {
  const [value, setValue] = useState<T | null>(null);
  const [failed, setFailed] = useState<ApiError | null>(null);
  const [turn, setTurn] = useState(0);
  const seen = live ? changes.value : 0;
  const newest = useRef(0);
  const pending = useRef(0);
  const latest = useRef(load);
  latest.current = load;
  const read = (): void => {
    const mine = ++newest.current;
    latest.current().then(
      (v) => mine === newest.current && (setValue(v), setFailed(null)),
      (e: unknown) => mine === newest.current && setFailed(asError(e)),
    );
  };
  useEffect(read, [...on, turn]);
  useEffect(() => {
    if (!seen || pending.current) return;
    pending.current = window.setTimeout(() => {
      pending.current = 0;
      read();
    }, 300);
  }, [seen]);
  useEffect(() => () => clearTimeout(pending.current), []);
  return { value, failed, reload: () => setTurn((n) => n + 1), set: setValue };
}

// The first n pages of a list as one: what "show more" leads to, also when all of it is read again.
export async function pages<T>(n: number, load: (cursor: string | null) => Promise<Page<T>>): Promise<Page<T>> {
  const all = await load(null);
  for (let i = 1; i < n && all.next; i++) {
    const page = await load(all.next);
    all.items.push(...page.items);
    all.next = page.next;
  }
  return all;
}

export interface Action {
  busy: boolean;
  refused: ApiError | null;
  clear(): void;
  run(work: () => Promise<unknown>): Promise<boolean>;
}

// run: true when it was done; else refused says why. A second click while it runs does nothing.
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<ApiError | null>(null);
  const running = useRef(false);
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setRefused(null);
    try {
      await work();
      return true;
    } catch (e) {
      setRefused(asError(e));
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { busy, refused, clear: () => setRefused(null), run };
}

export interface Form {
  text(name: string): string;
  secret(name: string): string; // as typed: spaces count
  all(name: string): string[];
}

export function formOf(event: Event): Form {
  event.preventDefault();
  const data = new FormData(event.target as HTMLFormElement);
  const secret = (name: string): string => String(data.get(name) ?? "");
  return { secret, text: (name) => secret(name).trim(), all: (name) => data.getAll(name).map(String) };
}
