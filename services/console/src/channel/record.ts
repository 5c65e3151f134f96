// Records: AES-256-GCM with a counter as nonce (proto/channel.md section 3).
import { type Bytes, concat } from "./bytes";

export const PLAIN_MAX = 16384;
const TYPE = new Uint8Array([0x10]);

export class RecordKey {
  private counter = 0n;
  private constructor(private readonly key: CryptoKey) {}

  static async make(raw: Bytes): Promise<RecordKey> {
    return new RecordKey(await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]));
  }

  private parameters(): AesGcmParams {
    if (this.counter >= 1n << 32n) throw new Error("the key is used up");
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setBigUint64(4, this.counter++);
    return { name: "AES-GCM", iv, additionalData: TYPE };
  }

  async seal(plain: Bytes): Promise<Bytes> {
    return concat(TYPE, new Uint8Array(await crypto.subtle.encrypt(this.parameters(), this.key, plain)));
  }

  async open(message: Bytes): Promise<Bytes> {
    if (message[0] !== TYPE[0] || message.length < 17 || message.length > PLAIN_MAX + 17) throw new Error("no record");
    return new Uint8Array(await crypto.subtle.decrypt(this.parameters(), this.key, message.slice(1)));
  }
}
