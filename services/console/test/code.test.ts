// The security code's digits against proto/vectors/codes.json. S-4 S-5
import assert from "node:assert/strict";
import { test } from "node:test";
import { scriptRandom, unhex, vectors } from "./vectors";
import { dammDigit, dammValid, lastEight, newDigits, newPassword } from "../src/channel/code";

interface Codes {
  check_digits: { digits: string; check: string }[];
  valid: string[];
  refused: string[];
  typed: { typed: string; last_eight: string | null }[];
}
const codes = vectors<Codes>("codes");

test("the check digit is the vectors'", () => {
  for (const { digits, check } of codes.check_digits) assert.equal(dammDigit(digits), check);
  for (const code of codes.refused) assert.equal(dammValid(code), false, code);
});

test("every wrong digit and every swap of neighbours is found", () => {
  for (const code of codes.valid) {
    assert.ok(dammValid(code));
    for (let i = 0; i < code.length; i++) {
      for (const digit of "0123456789") {
        const changed = code.slice(0, i) + digit + code.slice(i + 1);
        assert.equal(dammValid(changed), digit === code[i], changed);
      }
      const swapped = code.slice(0, i) + (code[i + 1] ?? "") + code[i] + code.slice(i + 2);
      if (i + 1 < code.length && code[i] !== code[i + 1]) assert.equal(dammValid(swapped), false, swapped);
    }
  }
});

test("what people type is read or refused as the vectors say", () => {
  for (const { typed, last_eight } of codes.typed) assert.equal(lastEight(typed), last_eight, typed);
});

test("new digits carry their check digit and throw away what would make a digit more likely", () => {
  scriptRandom(unhex("ffffffff ffb43480 0000002a"));
  assert.equal(newDigits(), "0000042" + dammDigit("0000042"));
  for (let i = 0; i < 200; i++) assert.ok(dammValid(newDigits()));
});

test("a new password has sixteen characters that nobody mistakes", () => {
  for (let i = 0; i < 50; i++) assert.match(newPassword(), /^([a-km-np-zA-HJ-NP-Z2-9]{4}-){3}[a-km-np-zA-HJ-NP-Z2-9]{4}$/);
});
