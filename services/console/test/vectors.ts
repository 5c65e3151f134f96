// Golden vectors of proto/vectors, and randomness from a script.
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import path from "node:path";
import type { Bytes } from "../src/channel/bytes";

export function vectors<T>(name: string): T {
  return JSON.parse(readFileSync(path.join(process.env.PROTO_VECTORS!, `${name}.json`), "utf8")) as T;
}

// "00ff 41*3": blanks mean nothing, XX*n is n times XX.
export function unhex(text: string): Bytes {
  const out: number[] = [];
  for (const [, byte, times] of text.matchAll(/([0-9a-fA-F]{2})(?:\*(\d+))?/g)) {
    for (let i = 0; i < Number(times ?? 1); i++) out.push(parseInt(byte, 16));
  }
  return new Uint8Array(out);
}

export const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

let script: Bytes = new Uint8Array(0);

// The next random bytes; without any, the system's follow.
export function scriptRandom(...parts: Uint8Array[]): void {
  script = new Uint8Array(Buffer.concat(parts));
}

export const scriptLeft = (): number => script.length;

function getRandomValues(out: Uint8Array): Uint8Array {
  if (script.length === 0) return webcrypto.getRandomValues(out);
  if (script.length < out.length) throw new Error("the script of random bytes is too short");
  out.set(script.subarray(0, out.length));
  script = script.slice(out.length);
  return out;
}

Object.defineProperty(globalThis, "crypto", { value: { subtle: webcrypto.subtle, getRandomValues }, configurable: true });
