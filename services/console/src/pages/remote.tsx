import RFB from "@novnc/novnc";
import { useEffect, useRef, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api } from "../api";
import type { Bytes } from "../channel/bytes";
import { Refused } from "../channel/handshake";
import { Viewer } from "../channel/viewer";
import { t } from "../i18n";
import { endNow } from "../session-actions";
import { go, passwords, sessions } from "../state";
import { Field, Refusal, Title } from "../ui";

// What noVNC takes for a WebSocket: the screen channel of the encrypted connection.
class ScreenChannel {
  binaryType = "arraybuffer";
  protocol = "";
  readyState = "open";
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(private readonly viewer: Viewer) {}
  send(data: Uint8Array | ArrayBuffer): void {
    this.viewer.sendScreen(new Uint8Array(data as ArrayBuffer).slice() as Bytes);
  }
  close(): void {
    this.readyState = "closed";
  }
  deliver(data: Bytes): void {
    this.onmessage?.({ data: data.slice().buffer });
  }
}

type State = { kind: "password" | "connecting" | "on" | "reconnecting" | "over"; reason: string; retryMs: number };

interface Connection {
  viewer: Viewer;
  rfb: RFB | null;
}

function connect(id: string, password: string, target: HTMLElement, on: { state(s: Partial<State>): void; latency(ms: number): void }): Connection {
  const connection: Connection = { viewer: null as unknown as Viewer, rfb: null };
  let channel: ScreenChannel | null = null;
  const viewer = new Viewer(id, {
    ticket: (mode) => api.ticket(id, mode),
    screen: (data) => channel?.deliver(data),
    latency: on.latency,
    state: (state, reason) => {
      if (state === "over") connection.rfb?.disconnect();
      on.state({ kind: state === "connected" ? "on" : state, reason });
    },
    line: (message) => {
      if (message.type === "hello") viewer.say({ type: "start", feature: "remote" });
      if (message.type === "refused") on.state({ kind: "over", reason: String(message.reason) });
      if (message.type === "ended") on.state({ kind: "over", reason: String(message.reason) });
      if (message.type === "started") {
        channel = new ScreenChannel(viewer);
        connection.rfb = new RFB(target, channel, { shared: true });
        connection.rfb.scaleViewport = true;
        connection.rfb.qualityLevel = 6;
        connection.rfb.background = "transparent";
        connection.rfb.addEventListener("connect", () => {
          target.dataset.ready = "yes";
          connection.rfb?.focus();
        });
      }
    },
  });
  connection.viewer = viewer;
  viewer.connect(password).then(
    () => passwords.set(id, password),
    (e: unknown) => on.state({ kind: "password", reason: e instanceof Refused ? e.reason : "unavailable", retryMs: e instanceof Refused ? e.retryMs : 0 }),
  );
  return connection;
}

function Toolbar(p: { connection: Connection; id: string; latency: number; target: HTMLElement | null }): JSX.Element {
  const rfb = p.connection.rfb;
  return (
    <div class="toolbar" role="toolbar" aria-label={t("remote")}>
      <button type="button" onClick={() => rfb && (rfb.scaleViewport = !rfb.scaleViewport)}>{t("fit")} / {t("oneToOne")}</button>
      <button type="button" onClick={() => void p.target?.requestFullscreen()}>{t("full")}</button>
      <span aria-live="off" data-testid="latency">{p.latency ? t("ms", Math.round(p.latency)) : ""}</span>
      <button type="button" onClick={() => { p.connection.viewer.close(); go(`sessions/${p.id}`); }} data-testid="disconnect">{t("disconnect")}</button>
      <button type="button" class="danger" onClick={() => void endNow(p.id)} data-testid="end">{t("end")}</button>
    </div>
  );
}

export function Remote(p: { id: string }): JSX.Element {
  const target = useRef<HTMLDivElement>(null);
  const connection = useRef<Connection | null>(null);
  const [state, setState] = useState<State>({ kind: passwords.has(p.id) ? "connecting" : "password", reason: "", retryMs: 0 });
  const [latency, setLatency] = useState(0);
  const open = (password: string): void => {
    setState({ kind: "connecting", reason: "", retryMs: 0 });
    connection.current = connect(p.id, password, target.current!, { state: (s) => setState((before) => ({ ...before, ...s })), latency: setLatency });
  };
  useEffect(() => {
    const known = passwords.get(p.id);
    if (known) open(known);
    return () => connection.current?.viewer.close();
  }, [p.id]);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    open(String(new FormData(event.target as HTMLFormElement).get("password")));
  };
  const name = sessions.value[p.id]?.machine?.name ?? t("remote");
  const on = state.kind === "on" || state.kind === "reconnecting";
  return (
    <section class="remote">
      <Title name={name} actions={on && connection.current ? <Toolbar connection={connection.current} id={p.id} latency={latency} target={target.current} /> : <a href={`#/sessions/${p.id}`}>{t("back")}</a>}>{name}</Title>
      {state.reason && <Refusal reason={state.reason} detail={state.retryMs ? t("retryIn", Math.ceil(state.retryMs / 1000)) : ""} />}
      {state.kind === "password" && (
        <form class="card narrow" onSubmit={submit}>
          <Field label={t("sessionPassword")} name="password" type="password" autocomplete="off" required data-testid="connect-password" />
          <button type="submit" data-testid="connect-now">{t("connect")}</button>
        </form>
      )}
      {state.kind === "connecting" && <p role="status">{t("connecting")}</p>}
      {state.kind === "reconnecting" && <p role="status" class="overlay" data-testid="reconnecting">{t("reconnecting")}</p>}
      <div ref={target} class="screen" data-testid="screen" data-state={state.kind} />
    </section>
  );
}
