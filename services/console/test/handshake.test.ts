// CPace and the viewer's handshake against proto/vectors, with fixed randomness. S-2 S-34 S-47
import assert from "node:assert/strict";
import { test } from "node:test";
import { hex, scriptLeft, scriptRandom, unhex, vectors } from "./vectors";
import type { Bytes } from "../src/channel/bytes";
import { finish, generator, scalar } from "../src/channel/cpace";
import { handshake, type HandshakeInput, type Mode, Refused, type Wire } from "../src/channel/handshake";

interface Exchange {
  name: string;
  mode: Mode;
  digits?: string;
  password?: string;
  psk?: string;
  resume_id?: string;
  viewer: { nonce: string; secret: string };
  messages: { from: "viewer" | "program"; hex: string }[];
  keys: { viewer: string; program: string; psk: string; resume_id: string };
}
interface Handshakes {
  session: string;
  conn_id: string;
  claims: string;
  exchanges: Exchange[];
  hostile: { receiver: string; exchange: string; at: number; name: string; hex: string }[];
  refusals: { hex: string; reason: string; retry_ms: number }[];
}
interface Draft {
  vectors: Record<"PRS" | "CI" | "sid" | "g" | "ya" | "yb" | "Ya" | "Yb" | "ISK_IR", string>;
  invalid: Record<string, string>;
}
const all = vectors<Handshakes>("handshake");
const draft = vectors<Draft>("cpace-draft");

test("CPace is the draft's", () => {
  const v = Object.fromEntries(Object.entries(draft.vectors).map(([name, text]) => [name, unhex(text)]));
  const g = generator(v.PRS, v.CI, v.sid);
  assert.equal(hex(g.toBytes()), hex(v.g));
  assert.equal(hex(g.multiply(scalar(v.ya)).toBytes()), hex(v.Ya));
  assert.equal(hex(g.multiply(scalar(v.yb)).toBytes()), hex(v.Yb));
  for (const [own, peer] of [[v.ya, v.Yb], [v.yb, v.Ya]])
    assert.equal(hex(finish(v.sid, scalar(own), peer, v.Ya, v.Yb, "ADa", "ADb")), hex(v.ISK_IR));
});

test("CPace refuses the draft's invalid points", () => {
  const y = scalar(unhex(draft.vectors.ya));
  for (const name of ["Invalid Y1", "Invalid Y2"]) {
    const point = unhex(draft.invalid[name]);
    assert.throws(() => finish(new Uint8Array(1), y, point, point, point));
  }
});

// Plays the program: its messages from the vector, one of them replaced.
class Script implements Wire {
  readonly said: Bytes[] = [];
  private readonly answers: Bytes[];
  constructor(exchange: Exchange, at = -1, instead: Bytes = new Uint8Array(0)) {
    this.answers = exchange.messages.flatMap((m, i) => (m.from === "viewer" ? [] : [i === at ? instead : unhex(m.hex)]));
  }
  send(message: Bytes): void {
    this.said.push(message);
  }
  next(): Promise<Bytes> {
    const answer = this.answers.shift();
    return answer ? Promise.resolve(answer) : Promise.reject(new Error("nothing more comes"));
  }
}

function input(exchange: Exchange, more: Partial<HandshakeInput> = {}): HandshakeInput {
  const { mode, digits, password } = exchange;
  const resume = exchange.psk ? { psk: unhex(exchange.psk), resumeId: unhex(exchange.resume_id!) } : {};
  return { mode, session: all.session, connId: all.conn_id, claims: all.claims, digits, password, ...resume, ...more };
}

// nonce, then a key that only a resume uses, then 64 bytes that are reduced to the scalar.
function script(exchange: Exchange): void {
  const { nonce, secret } = exchange.viewer;
  if (exchange.psk) scriptRandom(unhex(nonce), unhex(secret));
  else scriptRandom(unhex(nonce), new Uint8Array(32), unhex(secret), new Uint8Array(32));
}

for (const exchange of all.exchanges) {
  test(`the viewer's side of ${exchange.name} is the vector's`, async () => {
    const wire = new Script(exchange);
    script(exchange);
    const keys = await handshake(wire, input(exchange));
    assert.deepEqual(wire.said.map(hex), exchange.messages.filter((m) => m.from === "viewer").map((m) => m.hex));
    assert.equal(scriptLeft(), 0);
    assert.deepEqual(
      { viewer: hex(keys.send), program: hex(keys.receive), psk: hex(keys.psk), resume_id: hex(keys.resumeId) },
      exchange.keys,
    );
  });
}

test("hostile messages end the handshake", async () => {
  const cases = all.hostile.filter((c) => c.receiver === "viewer");
  assert.ok(cases.length > 10);
  for (const { exchange: name, at, hex: bytes, name: what } of cases) {
    const exchange = all.exchanges.find((e) => e.name === name)!;
    script(exchange);
    const error = await handshake(new Script(exchange, at, unhex(bytes)), input(exchange)).then(
      () => null,
      (e: unknown) => e,
    );
    assert.ok(error instanceof Error && !(error instanceof Refused), `${what}: ${String(error)}`);
    scriptRandom();
  }
});

test("a refusal says why and how long to wait", async () => {
  const pair = all.exchanges[0];
  for (const refusal of all.refusals) {
    script(pair);
    await assert.rejects(handshake(new Script(pair, 1, unhex(refusal.hex)), input(pair)), (e: unknown) => {
      assert.ok(e instanceof Refused);
      assert.deepEqual([e.reason, e.retryMs], [refusal.reason, refusal.retry_ms]);
      return true;
    });
    scriptRandom();
  }
});

test("a try is counted before the tag is sent, and one that cannot be is not sent", async () => {
  const pair = all.exchanges[0];
  const wire = new Script(pair);
  const said: number[] = [];
  script(pair);
  await handshake(wire, input(pair, { countTry: () => void said.push(wire.said.length) }));
  assert.deepEqual(said, [2]); // hello and Ya, not yet the tag
  const failing = new Script(pair);
  script(pair);
  const countTry = (): void => {
    throw new Error("no storage");
  };
  await assert.rejects(handshake(failing, input(pair, { countTry })), /no storage/);
  assert.equal(failing.said.length, 2);
});
