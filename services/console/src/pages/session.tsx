import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Session } from "../api";
import { lastEight, newDigits, newPassword } from "../channel/code";
import { t, when } from "../i18n";
import { pair, pairing } from "../pairing";
import { digitsOf, go, passwords, prefixes, put, say, sessions } from "../state";
import { Field, Refusal } from "../ui";
import { stateOf } from "./sessions";

const CHECKS = ["opened", "started", "administrator", "windows_version", "no_host", "no_session", "network", "set_up"] as const;

const grouped = (prefix: string, digits: string): string => `${prefix} ${digits.slice(0, 4)} ${digits.slice(4)}`;

function Code(p: { session: Session }): JSX.Element | null {
  const prefix = prefixes.value[p.session.id];
  const digits = digitsOf.get(p.session.id);
  const password = passwords.get(p.session.id);
  if (!prefix || !digits || p.session.status !== "invited") return null;
  return (
    <section class="code" aria-label={t("code")}>
      <h2>{t("code")}</h2>
      <p class="digits" data-testid="code">{grouped(prefix, digits)}</p>
      <p>{t("codeOnce")}</p>
      {password && <p>{t("passwordOnce")} <code data-testid="shown-password">{password}</code></p>}
    </section>
  );
}

function Link(p: { url: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  return (
    <p class="row">
      <code class="link" data-testid="install-url">{p.url}</code>
      <button type="button" class="quiet" onClick={() => void navigator.clipboard.writeText(p.url).then(() => setCopied(true))}>{copied ? t("copied") : t("copyLink")}</button>
    </p>
  );
}

function Checklist(p: { session: Session }): JSX.Element {
  const s = p.session;
  const marks: [string, string][] = CHECKS.map((c) => [t(`c_${c}`), s.checks[c] ?? ""]);
  marks.push([t("c_code"), s.activated_at ? "ok" : s.attempts_left < 5 ? "failed" : ""], [t("c_paired"), s.paired ? "ok" : ""]);
  return (
    <ul class="checks" aria-label={t("checklist")} data-testid="checklist">
      {marks.map(([name, mark]) => <li key={name} class={mark}><span aria-hidden="true">{mark === "ok" ? "✓" : mark === "failed" ? "✗" : "○"}</span> {name}</li>)}
    </ul>
  );
}

// S-4: with noted digits and password from any browser.
function Finish(p: { session: Session }): JSX.Element {
  const state = pairing.value[p.session.id];
  const [wrong, setWrong] = useState(false);
  const [password, setPassword] = useState(passwords.get(p.session.id) ?? "");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const digits = lastEight(String(new FormData(event.target as HTMLFormElement).get("digits")));
    setWrong(!digits);
    if (digits) void pair(p.session.id, digits, password);
  };
  return (
    <form class="card" onSubmit={submit} data-testid="finish">
      <h2>{t("finish")}</h2>
      {state?.reason && <Refusal reason={state.reason} />}
      {state?.fresh && <p>{t("newDigits")} <strong class="digits" data-testid="fresh-digits">{state.fresh.slice(0, 4)} {state.fresh.slice(4)}</strong></p>}
      <p>{t("finishHint")}</p>
      <Field label={t("digits")} name="digits" inputMode="numeric" autocomplete="off" required data-testid="digits" defaultValue={state?.fresh ?? ""} key={state?.fresh} />
      {wrong && <p class="refusal" role="alert">{t("mistyped")}</p>}
      <Field label={t("sessionPassword")} value={password} minLength={8} required autocomplete="off" data-testid="pair-password" onInput={(e) => setPassword((e.target as HTMLInputElement).value)} />
      <button type="submit" disabled={state?.busy} data-testid="pair">{state?.busy ? t("pairing") : t("finish")}</button>
    </form>
  );
}

function Actions(p: { session: Session }): JSX.Element {
  const s = p.session;
  const end = async (): Promise<void> => {
    if (window.confirm(t("endSure"))) await api.end(s.id).then(put).catch(say);
  };
  const again = async (): Promise<void> => {
    try {
      const made = await api.inviteAgain(s.id);
      digitsOf.set(s.id, newDigits());
      if (!passwords.has(s.id)) passwords.set(s.id, newPassword());
      prefixes.value = { ...prefixes.value, [s.id]: made.code_prefix ?? "" };
      put(made);
    } catch (e) {
      say(e);
    }
  };
  return (
    <div class="row">
      {s.status === "active" && s.paired && <button type="button" disabled={!s.online} onClick={() => go(`sessions/${s.id}/remote`)} data-testid="connect">{t("connect")}</button>}
      {s.status === "invited" && <button type="button" class="quiet" onClick={() => void again()} data-testid="again">{t("again")}</button>}
      {s.status !== "ended" && <button type="button" class="danger" onClick={() => void end()} data-testid="end">{t("end")}</button>}
    </div>
  );
}

export function SessionPage(p: { id: string }): JSX.Element {
  const s = sessions.value[p.id];
  const state = pairing.value[p.id];
  const digits = digitsOf.get(p.id);
  const password = passwords.get(p.id);
  const meets = s?.status === "active" && s.online && !s.paired;
  useEffect(() => void api.session(p.id).then(put).catch(say), [p.id]);
  // The page that made the digits pairs by itself as soon as the PC is there.
  useEffect(() => {
    if (meets && digits && password && !state) void pair(p.id, digits, password);
  }, [meets, digits, password]);
  if (!s) return <p>…</p>;
  return (
    <section>
      <header class="bar"><h1>{s.customer_name ?? s.customer_email ?? s.id.slice(-6)}</h1><a href="#/sessions">{t("back")}</a></header>
      <p><span class={`state ${s.status}`} data-testid="status">{stateOf(s)}</span>{s.status === "active" && <span class={s.online ? "dot on" : "dot"} data-testid="online">{s.online ? t("online") : t("offline")}</span>}</p>
      {s.reason && <Refusal reason={s.reason} />}
      {s.status === "invited" && s.attempts_left === 0 && <Refusal reason="attempts_exhausted" />}
      <Code session={s} />
      {s.install_url && <Link url={s.install_url} />}
      <Checklist session={s} />
      {s.status === "active" && !s.paired && (state?.busy ? <p role="status">{t("pairing")}</p> : s.online ? <Finish session={s} /> : <p role="status">{t("waitingOnline")}</p>)}
      <Actions session={s} />
      <dl>
        <dt>{t("mail")}</dt><dd data-testid="mail">{t(`m_${s.mail.state}` as "m_sent")} {s.mail.sent_at && when(s.mail.sent_at)}</dd>
        <dt>{t("computer")}</dt><dd>{s.machine ? `${s.machine.name} (${s.machine.os})` : "–"}</dd>
        <dt>{s.status === "invited" ? t("expiresInvite") : t("expires")}</dt><dd>{when(s.status === "invited" ? s.invitation_expires_at : (s.ended_at ?? s.expires_at))}</dd>
        {s.status === "ended" && <><dt>{t("removal")}</dt><dd data-testid="removal">{t(`r_${s.removal}` as "r_removed")}</dd></>}
      </dl>
    </section>
  );
}
