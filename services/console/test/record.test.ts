// Records against proto/vectors/records.json. S-47
import assert from "node:assert/strict";
import { test } from "node:test";
import { hex, unhex, vectors } from "./vectors";
import { sha256 } from "../src/channel/bytes";
import { RecordKey } from "../src/channel/record";

interface Records {
  key: string;
  records: { plain: string; message?: string; message_sha256: string }[];
  refused: { name: string; message: string }[];
}
const v = vectors<Records>("records");

test("records are the vectors'", async () => {
  const [sending, receiving] = [await RecordKey.make(unhex(v.key)), await RecordKey.make(unhex(v.key))];
  for (const { plain, message, message_sha256 } of v.records) {
    const sealed = await sending.seal(unhex(plain));
    assert.equal(hex(await sha256(sealed)), message_sha256);
    if (message) assert.equal(hex(sealed), message);
    assert.equal(hex(await receiving.open(sealed)), hex(unhex(plain)));
  }
});

test("changed, cut and reordered records do not open", async () => {
  for (const { name, message } of v.refused) {
    const key = await RecordKey.make(unhex(v.key));
    await assert.rejects(key.open(unhex(message)), Error, name);
  }
});

test("a record opens once", async () => {
  const [sending, receiving] = [await RecordKey.make(unhex(v.key)), await RecordKey.make(unhex(v.key))];
  const sealed = await sending.seal(unhex("616263"));
  await receiving.open(sealed);
  await assert.rejects(receiving.open(sealed));
});
