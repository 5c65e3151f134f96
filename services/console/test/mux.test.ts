// The mux against proto/vectors/mux.json: the same steps as the program's. S-8 S-46
import assert from "node:assert/strict";
import { test } from "node:test";
import { hex, unhex, vectors } from "./vectors";
import { Channel, Mux } from "../src/channel/mux";
import { concat } from "../src/channel/bytes";

interface Step {
  send?: [number, string];
  output?: string;
  input?: string;
  data?: [number, string][];
  pong?: number;
  refused?: string;
  resume?: true;
  ping?: number;
}
const { cases } = vectors<{ cases: { name: string; steps: Step[] }[] }>("mux");

class End {
  heard = new Map<number, string>();
  pongs: number[] = [];
  readonly mux = new Mux(
    (channel, data) => this.heard.set(channel, (this.heard.get(channel) ?? "") + hex(data)),
    (sent) => this.pongs.push(sent),
  );

  step(step: Step): void {
    this.heard = new Map();
    this.pongs = [];
    if (step.send) this.mux.send(step.send[0], unhex(step.send[1]));
    else if (step.output !== undefined) assert.equal(hex(this.mux.output() ?? new Uint8Array(0)), hex(unhex(step.output)));
    else if (step.input !== undefined) this.input(step);
    else if (step.refused !== undefined) assert.throws(() => this.mux.input(unhex(step.refused!)));
    else if (step.resume) this.mux.resume();
    else this.mux.ping(step.ping!);
  }

  private input(step: Step): void {
    this.mux.input(unhex(step.input!));
    const wanted = new Map<number, string>();
    for (const [channel, data] of step.data!) wanted.set(channel, (wanted.get(channel) ?? "") + hex(unhex(data)));
    const heard = [...this.heard].filter(([, data]) => data !== "");
    assert.deepEqual(new Map(heard), wanted);
    assert.deepEqual(this.pongs, step.pong === undefined ? [] : [step.pong]);
  }
}

for (const { name, steps } of cases) {
  test(name, () => {
    const end = new End();
    for (const step of steps) end.step(step);
  });
}

test("hostile pings do not pile up", () => {
  const end = new End();
  for (let i = 0; i < 10000; i++) end.mux.input(unhex("04000008 0000000000000007"));
  assert.equal(hex(end.mux.output()!), hex(unhex("05000008 0000000000000007")));
  assert.equal(end.mux.output(), null);
});

test("bytes are kept until the other end has consumed them, over several lost connections", () => {
  const [a, b] = [new End(), new End()];
  let got = "";
  const wanted = hex(new Uint8Array(50000).map((_, i) => i % 251));
  a.mux.send(Channel.screen, new Uint8Array(50000).map((_, i) => i % 251));
  for (let turn = 1; got.length < wanted.length; turn++) {
    assert.ok(turn < 1000);
    for (const [from, to] of [[a, b], [b, a]]) {
      const plain = from.mux.output();
      if (!plain || turn % 3 === 0) continue; // what is on the wire is lost
      to.heard = new Map();
      to.mux.input(concat(plain));
      if (to === b) got += b.heard.get(Channel.screen) ?? "";
    }
    if (turn % 3 === 0) {
      a.mux.resume();
      b.mux.resume();
    }
  }
  assert.equal(got, wanted);
});

test("a writer that is never read is stopped", () => {
  const end = new End();
  assert.throws(() => {
    for (let i = 0; i < 100; i++) end.mux.send(Channel.files, new Uint8Array(65536));
  });
});
