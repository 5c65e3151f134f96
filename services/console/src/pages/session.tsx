import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Session, type Step } from "../api";
import { ApiError } from "../http";
import { lastEight } from "../channel/code";
import { language, reasonText, t, when } from "../i18n";
import { pair, pairing } from "../pairing";
import { endNow, nameOf, sendAgain } from "../session-actions";
import { digitsOf, go, isAdministrator, offers, passwords, prefixes, put, say, sessions } from "../state";
import { Copy, Field, HelpLink, Loading, Pill, Refusal, Title } from "../ui";
import { HandOver } from "./hand-over";
import { kindOf, Online, stateOf } from "./sessions";

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
  return (
    <section class="card wide" aria-label={t("link")}>
      <h2>{t("link")}</h2>
      <div class="row"><code class="link" data-testid="install-url">{p.url}</code><Copy text={p.url} label={t("copyLink")} /></div>
    </section>
  );
}

const MARKS = { ok: "✓", failed: "✗", skipped: "–", pending: "○" } as const;
const SAID = { ok: "done", failed: "failed", skipped: "skipped", pending: "notYet" } as const;

function Check(p: { of: Step }): JSX.Element {
  const { step, state, at, reason } = p.of;
  return (
    <li class={state} data-step={step} title={at ? when(at) : undefined}>
      <span aria-hidden="true">{MARKS[state]}</span> {t(`c_${step}`)}<span class="hidden">: {t(SAID[state])}</span>
      {reason && <small>{reasonText(reason)} <HelpLink reason={reason} /></small>}
    </li>
  );
}

function Checklist(p: { session: Session }): JSX.Element {
  const s = p.session;
  return (
    <section class="card wide" aria-label={t("checklist")}>
      <h2>{t("checklist")}</h2>
      <ul class="checks" data-testid="checklist" aria-live="polite">{s.checklist.map((c) => <Check key={c.step} of={c} />)}</ul>
      {s.status === "invited" && s.attempts_left < 5 && <p class="muted">{t("triesLeft")}: {s.attempts_left}</p>}
    </section>
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
    <form class="card wide" onSubmit={submit} data-testid="finish">
      <h2>{t("finish")}</h2>
      {state?.reason && <Refusal reason={state.reason} />}
      {state?.fresh && <p>{t("newDigits")} <strong class="digits" data-testid="fresh-digits">{state.fresh.slice(0, 4)} {state.fresh.slice(4)}</strong></p>}
      <p>{t("finishHint")}</p>
      <Field label={t("digits")} name="digits" inputMode="numeric" autocomplete="off" required data-testid="digits" defaultValue={state?.fresh ?? ""} key={state?.fresh} />
      {wrong && <p class="refusal" role="alert">{t("mistyped")}</p>}
      <Field label={t("sessionPassword")} value={password} minLength={8} required autocomplete="off" data-testid="pair-password" onInput={(e) => setPassword((e.target as HTMLInputElement).value)} />
      <div class="row"><button type="submit" disabled={state?.busy} data-testid="pair">{state?.busy ? t("pairing") : t("finish")}</button></div>
    </form>
  );
}

function Actions(p: { session: Session }): JSX.Element {
  const s = p.session;
  return (
    <>
      {s.status === "active" && s.paired && <button type="button" disabled={!s.online} onClick={() => go(`sessions/${s.id}/remote`)} data-testid="connect">{t("connect")}</button>}
      {s.status === "invited" && <button type="button" class="quiet" onClick={() => void sendAgain(s.id)} data-testid="again">{t("again")}</button>}
      {s.status !== "ended" && <button type="button" class="danger" onClick={() => void endNow(s.id)} data-testid="end">{t("end")}</button>}
    </>
  );
}

function Mail(p: { session: Session }): JSX.Element {
  const mail = p.session.mail;
  const trouble = mail.state === "mail_delayed" || mail.state === "mail_rejected";
  return (
    <dd data-testid="mail">
      {t(`m_${mail.state}` as "m_sent")} {mail.sent_at && when(mail.sent_at)} {mail.retry_at && <span class="muted">({when(mail.retry_at)})</span>}
      {trouble && <Refusal reason={mail.state} />}
    </dd>
  );
}

function Facts(p: { session: Session }): JSX.Element {
  const s = p.session;
  return (
    <dl class="card wide">
      <dt>{t("technician")}</dt><dd data-testid="technician">{s.technician.name}</dd>
      {s.customer_email && <><dt>{t("email")}</dt><dd>{s.customer_email}</dd></>}
      {s.note && <><dt>{t("noteShort")}</dt><dd>{s.note}</dd></>}
      <dt>{t("mail")}</dt><Mail session={s} />
      <dt>{t("computer")}</dt><dd>{s.machine ? `${s.machine.name} (${s.machine.os})` : "–"}</dd>
      {s.online && <><dt>{t("onlineSince")}</dt><dd>{when(s.online_since)}</dd></>}
      <dt>{t("created")}</dt><dd>{when(s.created_at)}</dd>
      <dt>{s.status === "invited" ? t("expiresInvite") : s.status === "ended" ? t("endedAt") : t("expires")}</dt><dd>{when(s.status === "invited" ? s.invitation_expires_at : (s.ended_at ?? s.expires_at))}</dd>
      {s.status === "ended" && <><dt>{t("removal")}</dt><dd><span data-testid="removal">{t(`r_${s.removal}` as "r_removed")}</span> {s.removed_at && when(s.removed_at)}</dd></>}
    </dl>
  );
}

function Report(p: { id: string }): JSX.Element | null {
  if (!offers.value.includes("/v1/sessions/{id}/report")) return null;
  const at = (format: string): string => `/v1/sessions/${p.id}/report?format=${format}&lang=${language.value}`;
  return (
    <section class="card wide" aria-label={t("report")} data-testid="report">
      <h2>{t("report")}</h2>
      <p class="muted">{t("reportHint")}</p>
      <div class="row">
        <a class="button quiet" href={at("html")} target="_blank" rel="noreferrer">{t("reportPage")}</a>
        <a class="button quiet" href={at("csv")} download={`session-${p.id}.csv`}>CSV</a>
        <a class="button quiet" href={at("json")} download={`session-${p.id}.json`}>JSON</a>
      </div>
    </section>
  );
}

function Reason(p: { reason: string }): JSX.Element {
  return (
    <p class="reason" data-testid="reason" data-reason={p.reason}>
      {reasonText(p.reason)} <HelpLink reason={p.reason} />
    </p>
  );
}

function Waiting(p: { session: Session }): JSX.Element | null {
  const s = p.session;
  if (s.status !== "active" || s.paired) return null;
  if (pairing.value[s.id]?.busy) return <p role="status">{t("pairing")}</p>;
  return s.online ? <Finish session={s} /> : <p role="status">{t("waitingOnline")}</p>;
}

export function SessionPage(p: { id: string }): JSX.Element {
  const s = sessions.value[p.id];
  const state = pairing.value[p.id];
  const digits = digitsOf.get(p.id);
  const password = passwords.get(p.id);
  const meets = s?.status === "active" && s.online && !s.paired;
  const [failed, setFailed] = useState<ApiError | null>(null);
  useEffect(() => {
    setFailed(null);
    void api.session(p.id).then(put).catch((e: unknown) => (e instanceof ApiError ? setFailed(e) : say(e)));
  }, [p.id]);
  // The page that made the digits pairs by itself as soon as the PC is there.
  useEffect(() => {
    if (meets && digits && password && !state) void pair(p.id, digits, password);
  }, [meets, digits, password]);
  if (!s) return <><Title back="sessions">{t("session")}</Title><Loading error={failed} /></>;
  return (
    <section class="stack">
      <Title back="sessions" name={nameOf(s)} actions={<Actions session={s} />}>{nameOf(s)}</Title>
      <p aria-live="polite"><Pill kind={kindOf(s)} testid="status">{stateOf(s)}</Pill>{s.status === "active" && <Online online={s.online} testid="online" />}</p>
      {s.reason && <Reason reason={s.reason} />}
      {s.status === "invited" && s.attempts_left === 0 && <Refusal reason="attempts_exhausted" />}
      <Code session={s} />
      {s.install_url && s.status === "invited" && <Link url={s.install_url} />}
      <Waiting session={s} />
      <Checklist session={s} />
      <Facts session={s} />
      {isAdministrator() && s.status !== "ended" && <HandOver session={s} />}
      <Report id={s.id} />
    </section>
  );
}
