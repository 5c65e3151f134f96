// Channels inside the encrypted connection (proto/channel.md section 4): absolute-offset credit, bytes kept until the
// other end consumed them, strict priority.
import { type Bytes, concat, u32, u64 } from "./bytes";
import { PLAIN_MAX } from "./record";

export const Channel = { control: 0, screen: 1, chat: 2, shell: 3, dashboard: 4, files: 5 } as const;
const CHANNELS = 6;
const WINDOW = 262144;
const PAYLOAD_MAX = 16380;
const F = { data: 0, credit: 1, resume: 2, reset: 3, ping: 4, pong: 5 } as const;

class Line {
  // Sending: pieces from `consumed` on.
  kept: Bytes[] = [];
  consumed = 0;
  sent = 0;
  written = 0;
  window = WINDOW;
  held = false;
  // Receiving.
  received = 0;
  told = 0;

  // n bytes from an absolute offset on; n is cut at the end of a piece.
  slice(offset: number, n: number): Bytes {
    let at = this.consumed;
    for (const piece of this.kept) {
      if (offset < at + piece.length) return piece.slice(offset - at, offset - at + n);
      at += piece.length;
    }
    return new Uint8Array(0);
  }

  acknowledge(offset: number): void {
    if (offset < this.consumed || offset > this.written) throw new Error("credit for bytes that were never sent");
    let drop = offset - this.consumed;
    while (drop > 0) {
      const piece = this.kept[0];
      if (piece.length <= drop) {
        this.kept.shift();
        drop -= piece.length;
      } else {
        this.kept[0] = piece.slice(drop);
        drop = 0;
      }
    }
    this.consumed = offset;
  }
}

const offset = (data: Bytes): number => Number(new DataView(data.buffer, data.byteOffset).getBigUint64(0));

export class Mux {
  private readonly lines = Array.from({ length: CHANNELS }, () => new Line());
  // What goes before data; at most one of each, whatever the other end sends.
  private resumes: Bytes[] = [];
  private pong: Bytes | null = null;
  private pinging: Bytes | null = null;
  constructor(
    private readonly onData: (channel: number, data: Bytes) => void,
    private readonly onPong: (sentMs: number) => void,
  ) {}

  send(channel: number, data: Bytes): void {
    if (data.length === 0) return;
    const line = this.lines[channel];
    if (line.written - line.consumed + data.length > 16 * WINDOW) throw new Error("the program does not read");
    line.kept.push(data);
    line.written += data.length;
  }

  ping(nowMs: number): void {
    this.pinging = this.frame(F.ping, 0, u64(BigInt(Math.round(nowMs))));
  }

  private frame(type: number, channel: number, payload: Uint8Array): Bytes {
    return concat(new Uint8Array([type, channel, payload.length >> 8, payload.length & 255]), payload);
  }

  // The next plaintext, or null when nothing may be sent now.
  output(): Bytes | null {
    const parts = [...this.resumes, this.pong, this.pinging].filter((frame) => frame !== null);
    this.resumes = [];
    this.pong = this.pinging = null;
    let left = PLAIN_MAX - parts.reduce((n, p) => n + p.length, 0);
    this.lines.forEach((line, channel) => {
      if (line.received - line.told >= WINDOW / 4 && left >= 16) {
        parts.push(this.frame(F.credit, channel, concat(u64(BigInt(line.received)), u32(WINDOW))));
        line.told = line.received;
        left -= 16;
      }
    });
    this.lines.forEach((line, channel) => {
      while (!line.held && left > 4) {
        const end = Math.min(line.written, line.consumed + line.window);
        const piece = line.slice(line.sent, Math.min(end - line.sent, left - 4, PAYLOAD_MAX));
        if (piece.length === 0) break;
        parts.push(this.frame(F.data, channel, piece));
        line.sent += piece.length;
        left -= piece.length + 4;
      }
    });
    return parts.length > 0 ? concat(...parts) : null;
  }

  input(plain: Bytes): void {
    for (let at = 0; at < plain.length; ) {
      if (plain.length - at < 4) throw new Error("cut frame");
      const [type, channel] = [plain[at], plain[at + 1]];
      const size = (plain[at + 2] << 8) | plain[at + 3];
      if (size > plain.length - at - 4 || channel >= CHANNELS) throw new Error("bad frame");
      this.take(type, channel, plain.slice(at + 4, at + 4 + size));
      at += 4 + size;
    }
  }

  private take(type: number, channel: number, data: Bytes): void {
    const line = this.lines[channel];
    const wants: Record<number, number> = { [F.credit]: 12, [F.resume]: 8, [F.ping]: 8, [F.pong]: 8 };
    if (wants[type] !== undefined && data.length !== wants[type]) throw new Error("bad frame size");
    switch (type) {
      case F.data:
        if (line.held || line.received + data.length > line.told + WINDOW) throw new Error("before the resume, or more than the credit");
        line.received += data.length;
        this.onData(channel, data);
        break;
      case F.credit:
        this.credit(line, offset(data), new DataView(data.buffer).getUint32(8));
        break;
      case F.resume:
        // Once per connection: another would have bytes sent twice that arrived.
        if (!line.held) throw new Error("a resume without a new connection");
        line.acknowledge(offset(data));
        line.sent = line.consumed;
        line.held = false;
        break;
      case F.reset:
        line.received = line.told = 0;
        break;
      case F.ping:
        this.pong = this.frame(F.pong, 0, data);
        break;
      case F.pong:
        this.onPong(offset(data));
        break;
      default:
        throw new Error("unknown frame");
    }
  }

  private credit(line: Line, consumed: number, window: number): void {
    if (consumed > line.sent || window > WINDOW) throw new Error("credit for what was never sent");
    if (consumed < line.consumed) return; // overtaken by a later one
    line.window = window;
    line.acknowledge(consumed);
  }

  // A new connection: both ends say where they are; nothing is sent on a channel before the other end did.
  resume(): void {
    this.pong = this.pinging = null;
    this.resumes = this.lines.map((line, channel) => {
      line.held = true;
      line.told = line.received;
      return this.frame(F.resume, channel, u64(BigInt(line.received)));
    });
  }
}
