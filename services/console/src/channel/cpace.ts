// CPace, CPACE-RISTR255-SHA512, initiator-responder (draft-irtf-cfrg-cpace): the viewer is the initiator.
import { ristretto255 } from "@noble/curves/ed25519";
import { sha512 } from "@noble/hashes/sha2";
import { type Bytes, concat, random, utf8 } from "./bytes";

const POINT = ristretto255.Point;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const DSI = "CPaceRistretto255";

const lv = (data: Uint8Array): Bytes => concat(new Uint8Array([data.length]), data); // all lengths are below 128

export function generator(prs: Uint8Array, ci: Uint8Array, sid: Uint8Array): InstanceType<typeof POINT> {
  const before = 1 + prs.length + 1 + DSI.length + 1;
  const padding = new Uint8Array(Math.max(0, 128 - before));
  const text = concat(lv(utf8(DSI)), lv(prs), lv(padding), lv(ci), lv(sid));
  return POINT.hashToCurve(sha512(text)); // the one-way map of 64 uniform bytes
}

export function scalar(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  return value % ORDER;
}

export function randomScalar(): bigint {
  let value: bigint;
  do value = scalar(random(64));
  while (value === 0n);
  return value;
}

export function finish(sid: Uint8Array, y: bigint, peer: Uint8Array, ya: Uint8Array, yb: Uint8Array, ada = "viewer", adb = "program"): Bytes {
  const shared = POINT.fromBytes(peer).multiply(y);
  if (shared.equals(POINT.ZERO)) throw new Error("the peer's message is neutral");
  return concat(sha512(concat(lv(utf8(DSI + "_ISK")), lv(sid), lv(shared.toBytes()), lv(ya), lv(utf8(ada)), lv(yb), lv(utf8(adb)))));
}
