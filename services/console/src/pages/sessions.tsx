import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Session } from "../api";
import { newDigits, newPassword } from "../channel/code";
import { languages } from "../generated/reasons";
import { language, t, when } from "../i18n";
import { digitsOf, go, passwords, prefixes, put, say, sessions } from "../state";
import { Field } from "../ui";

export const stateOf = (s: Session): string => t(`s_${s.status}` as "s_active");

function Row(p: { session: Session }): JSX.Element {
  const s = p.session;
  return (
    <tr data-testid="session-row" data-id={s.id} data-status={s.status}>
      <td><a href={`#/sessions/${s.id}`}>{s.customer_name ?? s.customer_email ?? s.id.slice(-6)}</a></td>
      <td>{s.machine?.name ?? "–"}</td>
      <td><span class={`state ${s.status}`}>{stateOf(s)}</span>{s.status === "active" && <span class={s.online ? "dot on" : "dot"}>{s.online ? t("online") : t("offline")}</span>}</td>
      <td>{when(s.status === "active" ? s.expires_at : s.status === "invited" ? s.invitation_expires_at : s.ended_at)}</td>
    </tr>
  );
}

export function Sessions(): JSX.Element {
  const list = Object.values(sessions.value).sort((a, b) => b.created_at.localeCompare(a.created_at));
  return (
    <section>
      <header class="bar"><h1>{t("adhoc")}</h1><a class="button" href="#/new" data-testid="new-session">{t("newSession")}</a></header>
      {list.length === 0 ? <p>{t("none")}</p> : (
        <table>
          <thead><tr><th>{t("customerName").replace(/ \(.*/, "")}</th><th>{t("computer")}</th><th>{t("sessions")}</th><th>{t("expires")}</th></tr></thead>
          <tbody>{list.map((s) => <Row key={s.id} session={s} />)}</tbody>
        </table>
      )}
    </section>
  );
}

function remember(made: Session, password: string): void {
  digitsOf.set(made.id, newDigits());
  passwords.set(made.id, password);
  prefixes.value = { ...prefixes.value, [made.id]: made.code_prefix ?? "" };
  put(made);
  go(`sessions/${made.id}`);
}

export function NewSession(): JSX.Element {
  const [password, setPassword] = useState(newPassword);
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const text = (name: string): string | undefined => String(data.get(name) ?? "").trim() || undefined;
    const send_email = (event.submitter as HTMLButtonElement).value === "mail";
    setBusy(true);
    try {
      remember(await api.create({ customer_email: text("email"), customer_name: text("name"), language: text("language"), note: text("note"), send_email }), password);
    } catch (e) {
      const open = (e as { session?: string }).session;
      say(e);
      if (open) go(`sessions/${open}`);
    }
    setBusy(false);
  };
  return (
    <form class="card" onSubmit={submit}>
      <h1>{t("newSession")}</h1>
      <Field label={t("customerEmail")} name="email" type="email" maxLength={254} data-testid="customer-email" />
      <Field label={t("customerName")} name="name" maxLength={200} data-testid="customer-name" />
      <label class="field"><span>{t("language")}</span>
        <select name="language" defaultValue={language.value} data-testid="customer-language">{languages.map((l) => <option key={l} value={l}>{new Intl.DisplayNames([language.value], { type: "language" }).of(l)}</option>)}</select>
      </label>
      <Field label={t("note")} name="note" maxLength={500} />
      <Field label={t("sessionPassword")} hint={t("passwordHint")} value={password} minLength={8} maxLength={200} required autocomplete="off" spellcheck={false}
        data-testid="session-password" onInput={(e) => setPassword((e.target as HTMLInputElement).value)}>
        <button type="button" class="quiet" onClick={() => setPassword(newPassword())}>{t("generate")}</button>
      </Field>
      <div class="row">
        <button type="submit" value="mail" disabled={busy} data-testid="send">{t("sendPrepare")}</button>
        <button type="submit" value="link" class="quiet" disabled={busy} data-testid="prepare">{t("prepareOnly")}</button>
        <a href="#/sessions">{t("cancel")}</a>
      </div>
    </form>
  );
}
