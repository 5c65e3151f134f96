// A technician's connection to a PC over any number of sockets: connect, speak control lines, carry the screen, and
// go on by itself when the relay or the network is lost.
import { type Bytes, utf8 } from "./bytes";
import { handshake, type HandshakeInput, type Keys, Mode, Refused } from "./handshake";
import { Channel, Mux } from "./mux";
import { RecordKey } from "./record";
import { Sender } from "./sender";
import { Socket, type Ticket } from "./socket";

export interface ViewerHooks {
  ticket(mode: "pair" | "connect"): Promise<Ticket>;
  line(message: { type: string; [name: string]: unknown }): void;
  screen(data: Bytes): void;
  state(state: "connected" | "reconnecting" | "over", reason: string): void;
  latency(ms: number): void;
}

const RESUME_FOR_MS = 240_000;
const LINE_MAX = 4096;
const PASSING = ["connection_lost", "computer_offline", "unavailable", "rate_limited"];

const reasonOf = (e: unknown): string => (e instanceof Refused ? e.reason : "connection_lost");

export class Viewer {
  private readonly mux: Mux;
  private readonly sender: Sender;
  private keys: Keys | null = null;
  private over = false;
  private text = "";
  private readonly decoder = new TextDecoder(); // a character may come in two pieces
  private readonly timer: number;

  constructor(
    private readonly session: string,
    private readonly hooks: ViewerHooks,
  ) {
    this.mux = new Mux(
      (channel, data) => (channel === Channel.control ? this.control(data) : channel === Channel.screen && hooks.screen(data)),
      (sent) => hooks.latency(performance.now() - sent),
    );
    this.sender = new Sender(this.mux);
    this.timer = window.setInterval(() => this.ping(), 2000);
  }

  private ping(): void {
    if (!this.sender.open) return;
    this.mux.ping(performance.now());
    void this.sender.flush();
  }

  private control(data: Bytes): void {
    const lines = (this.text + this.decoder.decode(data, { stream: true })).split("\n");
    this.text = lines.pop() ?? "";
    if (this.text.length > LINE_MAX) throw new Error("a control line without an end");
    for (const line of lines) this.hooks.line(JSON.parse(line));
  }

  async pair(digits: string, countTry: () => void): Promise<void> {
    await this.open("pair", { mode: Mode.pair, digits, countTry });
  }

  async connect(password: string): Promise<void> {
    await this.open("connect", { mode: Mode.connect, password });
  }

  private async open(kind: "pair" | "connect", input: Omit<HandshakeInput, "session" | "connId" | "claims">): Promise<void> {
    const ticket = await this.hooks.ticket(kind);
    const socket = new Socket(ticket);
    try {
      await socket.opened();
      const keys = await handshake(socket, { ...input, session: this.session, connId: ticket.conn_id, claims: ticket.claims });
      this.keys = keys;
      const receiving = await RecordKey.make(keys.receive);
      this.sender.use(socket, await RecordKey.make(keys.send));
      if (input.mode === Mode.resume) this.mux.resume();
      this.hooks.state("connected", "");
      void this.read(socket, receiving);
      void this.sender.flush();
    } catch (e) {
      socket.close();
      throw e;
    }
  }

  private async read(socket: Socket, receiving: RecordKey): Promise<void> {
    let why = "";
    try {
      for (;;) {
        this.mux.input(await receiving.open(await socket.next()));
        void this.sender.flush();
      }
    } catch (e) {
      why = reasonOf(e);
    }
    socket.close();
    this.sender.lose();
    if (this.over) return;
    if (PASSING.includes(why)) await this.goOn();
    else this.finish(why);
  }

  // Tickets and sockets until one works; the stream continues where it stopped, without the password.
  private async goOn(): Promise<void> {
    const until = Date.now() + RESUME_FOR_MS;
    this.hooks.state("reconnecting", "");
    for (let wait = 200; !this.over && Date.now() < until; wait = Math.min(wait * 2, 5000)) {
      try {
        await this.open("connect", { mode: Mode.resume, psk: this.keys!.psk, resumeId: this.keys!.resumeId });
        return;
      } catch (e) {
        if (!PASSING.includes(reasonOf(e))) {
          this.finish(reasonOf(e));
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
      }
    }
    this.finish("computer_offline");
  }

  private finish(reason: string): void {
    if (this.over) return;
    this.over = true;
    window.clearInterval(this.timer);
    this.hooks.state("over", reason);
  }

  say(message: object): void {
    this.mux.send(Channel.control, utf8(JSON.stringify(message) + "\n"));
    void this.sender.flush();
  }

  sendScreen(data: Bytes): void {
    this.mux.send(Channel.screen, data);
    void this.sender.flush();
  }

  close(): void {
    this.say({ type: "end" });
    this.over = true;
    window.clearInterval(this.timer);
    window.setTimeout(() => this.sender.close(), 200);
  }
}
