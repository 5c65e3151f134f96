// What the mux has to say, sealed record by record into the socket of the moment.
import { Mux } from "./mux";
import { RecordKey } from "./record";
import { Socket } from "./socket";

export class Sender {
  private way: { socket: Socket; key: RecordKey } | null = null;
  private flushing = false;

  constructor(private readonly mux: Mux) {}

  get open(): boolean {
    return this.way !== null;
  }

  use(socket: Socket, key: RecordKey): void {
    this.way = { socket, key };
  }

  // Nothing is sent until there is another socket; the mux keeps what the other end has not confirmed.
  lose(): void {
    this.way = null;
  }

  // One record after the other; whoever asks meanwhile is served by the loop that runs.
  async flush(): Promise<void> {
    if (this.flushing) return;
    this.flushing = true;
    try {
      while (this.way && !this.way.socket.crowded) {
        const way = this.way;
        const plain = this.mux.output();
        if (!plain) break;
        const record = await way.key.seal(plain);
        if (way === this.way) way.socket.send(record); // else resumed meanwhile: it is sent again under the new key
      }
    } finally {
      this.flushing = false;
    }
  }

  close(): void {
    this.way?.socket.close();
  }
}
