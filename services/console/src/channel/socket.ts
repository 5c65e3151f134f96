// One WebSocket to a relay as the handshake's wire: messages in, in order, and why it ended.
import type { Bytes } from "./bytes";
import { Refused, type Wire } from "./handshake";

export interface Ticket {
  relay_url: string;
  ticket: string;
  conn_id: string;
  claims: string;
}

const CROWDED = 131072; // bytes that the browser has not sent yet

// proto/channel.md section 2: 4002 and 4003 carry a reason; everything else is a loss that a resume mends.
function reasonOf(event: CloseEvent): string {
  if (event.code === 4002 || event.code === 4003) return event.reason;
  return event.code === 4404 ? "computer_offline" : "connection_lost";
}

export class Socket implements Wire {
  private readonly ws: WebSocket;
  private readonly arrived: Bytes[] = [];
  private waiting: { resolve: (m: Bytes) => void; reject: (e: Error) => void } | null = null;
  private ended: Refused | null = null;

  constructor(ticket: Ticket) {
    this.ws = new WebSocket(ticket.relay_url, ["beistand.v1", `ticket.${ticket.ticket}`]);
    this.ws.binaryType = "arraybuffer";
    this.ws.onmessage = (event) => this.message(new Uint8Array(event.data as ArrayBuffer));
    this.ws.onclose = (event) => this.end(new Refused(reasonOf(event)));
  }

  opened(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.ws.onopen = () => resolve();
      this.ws.addEventListener("close", () => reject(this.ended ?? new Refused("connection_lost")));
    });
  }

  private message(data: Bytes): void {
    if (this.waiting) this.waiting.resolve(data);
    else this.arrived.push(data);
    this.waiting = null;
  }

  private end(why: Refused): void {
    this.ended = why;
    this.waiting?.reject(why);
    this.waiting = null;
  }

  next(): Promise<Bytes> {
    const first = this.arrived.shift();
    if (first) return Promise.resolve(first);
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => (this.waiting = { resolve, reject }));
  }

  send(message: Bytes): void {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(message);
  }

  get crowded(): boolean {
    return this.ws.bufferedAmount > CROWDED;
  }

  close(): void {
    this.ws.close(1000);
  }
}
