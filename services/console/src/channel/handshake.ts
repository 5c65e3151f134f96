// The viewer's side of the handshake (proto/channel.md section 3).
import { x25519 } from "@noble/curves/ed25519";
import { type Bytes, concat, equal, expand, hmac, random, sha256, utf8 } from "./bytes";
import { finish, generator, randomScalar } from "./cpace";

export const Mode = { pair: 1, connect: 2, resume: 3 } as const;
export type Mode = (typeof Mode)[keyof typeof Mode];
const T = { hello: 1, ack: 2, a: 3, b: 4, tagV: 5, tagP: 6, refuse: 7 } as const;
const ITERATIONS_MIN = 100_000;
const ITERATIONS_MAX = 10_000_000; // more would only keep the browser busy
const REASON = /^[a-z_]{0,64}$/;

export interface Keys {
  send: Bytes;
  receive: Bytes;
  psk: Bytes;
  resumeId: Bytes;
}

export class Refused extends Error {
  constructor(
    readonly reason: string,
    readonly retryMs = 0,
  ) {
    super(reason);
  }
}

export interface HandshakeInput {
  mode: Mode;
  session: string;
  connId: string;
  claims: string;
  digits?: string;
  password?: string;
  psk?: Bytes;
  resumeId?: Bytes;
  // Called before the program can judge a try (mode pair).
  countTry?: () => void;
}

// One message socket: send, and wait for the next message.
export interface Wire {
  send(message: Bytes): void;
  next(): Promise<Bytes>;
}

async function stretch(password: string, salt: Bytes, iterations: number): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", utf8(password), "PBKDF2", false, ["deriveBits"]);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations }, key, 256));
}

async function receive(wire: Wire, type: number, size: number): Promise<Bytes> {
  const message = await wire.next();
  const reason = message[0] === T.refuse && message.length >= 5 ? new TextDecoder().decode(message.subarray(5)) : null;
  if (reason !== null && REASON.test(reason)) throw new Refused(reason, new DataView(message.buffer, message.byteOffset).getUint32(1));
  if (message[0] !== type || message.length !== size) throw new Error("handshake broken");
  return message;
}

async function context(input: HandshakeInput, nonceV: Bytes, nonceP: Bytes): Promise<Bytes> {
  const claims = await sha256(utf8(input.claims));
  return sha256(
    concat(utf8(`beistand cpace v1\0${input.session}\0${input.connId}\0`), new Uint8Array([input.mode]), nonceV, nonceP, claims),
  );
}

// CPace; returns the input key material and the messages for the transcript.
async function runCpace(wire: Wire, input: HandshakeInput, ack: Bytes, ctx: Bytes): Promise<{ ikm: Bytes; said: Bytes }> {
  const view = new DataView(ack.buffer, ack.byteOffset);
  const iterations = view.getUint32(35);
  if (input.mode === Mode.connect && (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX))
    throw new Error("the program asks for too little work or too much");
  const prs = input.mode === Mode.pair ? utf8(input.digits ?? "") : await stretch(input.password ?? "", ack.slice(19, 35), iterations);
  const y = randomScalar();
  const ci = utf8("\x06viewer\x07program");
  const ya = concat(generator(prs, ci, ctx).multiply(y).toBytes());
  const first = concat(new Uint8Array([T.a]), ya);
  wire.send(first);
  const second = await receive(wire, T.b, 33);
  const yb = second.slice(1);
  return { ikm: finish(ctx, y, yb, ya, yb), said: concat(first, second) };
}

export async function handshake(wire: Wire, input: HandshakeInput): Promise<Keys> {
  const nonceV = random(16);
  const resume = input.mode === Mode.resume;
  const secret = random(32);
  const hello = concat(
    new Uint8Array([T.hello, 1, input.mode]),
    nonceV,
    ...(resume ? [input.resumeId!, x25519.getPublicKey(secret)] : []),
  );
  wire.send(hello);
  const ack = await receive(wire, T.ack, resume ? 71 : 39);
  if (ack[1] !== 1 || ack[2] !== input.mode) throw new Error("handshake broken");
  const ctx = await context(input, nonceV, ack.slice(3, 19));
  let ikm: Bytes;
  let said = concat(hello, ack);
  if (resume) {
    ikm = concat(input.psk!, x25519.getSharedSecret(secret, ack.slice(39)));
  } else {
    const run = await runCpace(wire, input, ack, ctx);
    ikm = run.ikm;
    said = concat(said, run.said);
  }
  const prk = await hmac(ctx, ikm);
  const transcript = await sha256(said);
  if (input.mode === Mode.pair) input.countTry?.();
  wire.send(concat(new Uint8Array([T.tagV]), await hmac(await expand(prk, "tag viewer"), transcript)));
  const tag = await receive(wire, T.tagP, 33);
  if (!equal(tag.subarray(1), await hmac(await expand(prk, "tag program"), transcript))) throw new Error("the program's tag is wrong");
  return {
    send: await expand(prk, "key viewer"),
    receive: await expand(prk, "key program"),
    psk: await expand(prk, "resume psk"),
    resumeId: (await expand(prk, "resume id")).slice(0, 16),
  };
}
