// The digits e of the security code: made here, never sent to a server (proto/channel.md section 1).
import { random } from "./bytes";

// H. Michael Damm's totally anti-symmetric quasigroup of order 10.
const TABLE = ["0317598642", "7092154863", "4206871359", "1750983426", "6123045978", "3674209581", "5869720134", "8945362017", "9438617205", "2581436790"];

export function dammDigit(digits: string): string {
  let interim = 0;
  for (const digit of digits) interim = Number(TABLE[interim][Number(digit)]);
  return String(interim);
}

export const dammValid = (digits: string): boolean => /^\d{2,}$/.test(digits) && dammDigit(digits.slice(0, -1)) === digits.slice(-1);

export function newDigits(): string {
  let value: number;
  do value = new DataView(random(4).buffer).getUint32(0);
  while (value >= 4_290_000_000); // no digit more likely than another
  const seven = String(value % 10_000_000).padStart(7, "0");
  return seven + dammDigit(seven);
}

// The last eight of what was typed, or null when they do not fit together.
export function lastEight(typed: string): string | null {
  const digits = typed.replace(/[\s-]/g, "");
  return /^\d{8}(\d{4})?$/.test(digits) && dammValid(digits.slice(-8)) ? digits.slice(-8) : null;
}

export function newPassword(): string {
  const letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  const pick = (): string => {
    let b: number;
    do b = random(1)[0];
    while (b >= 256 - (256 % letters.length));
    return letters[b % letters.length];
  };
  return Array.from({ length: 4 }, () => Array.from({ length: 4 }, pick).join("")).join("-");
}
