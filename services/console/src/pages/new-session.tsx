import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { api } from "../api";
import { newPassword } from "../channel/code";
import { languages } from "../generated/reasons";
import { formOf, useAction } from "../hooks";
import { language, languageName, t, when } from "../i18n";
import { endNow, nameOf, remember, sendAgain } from "../session-actions";
import { go, put, sessions } from "../state";
import { Choice, Field, Pill, Refused, Title } from "../ui";
import { kindOf, stateOf } from "./sessions";

// S-20: the refusal names the open session and offers what makes room for a new one.
function OpenOne(p: { id: string; ended(): void }): JSX.Element | null {
  useEffect(() => void api.session(p.id).then(put, () => {}), [p.id]);
  const s = sessions.value[p.id];
  if (!s) return null;
  const end = async (): Promise<void> => void ((await endNow(s.id)) && p.ended());
  const again = async (): Promise<void> => void ((await sendAgain(s.id)) && go(`sessions/${s.id}`));
  return (
    <section class="card inner" aria-label={t("openSession")} data-testid="open-session">
      <p>{t("openSession")}: <a href={`#/sessions/${s.id}`}>{nameOf(s)}</a> <Pill kind={kindOf(s)}>{stateOf(s)}</Pill> <span class="muted">{when(s.created_at)}</span></p>
      <div class="row">
        {s.status === "invited" && <button type="button" class="quiet" onClick={() => void again()} data-testid="open-again">{t("again")}</button>}
        {s.status !== "ended" && <button type="button" class="danger" onClick={() => void end()} data-testid="open-end">{t("end")}</button>}
      </div>
    </section>
  );
}

export function NewSession(): JSX.Element {
  const [password, setPassword] = useState(newPassword);
  const action = useAction();
  const submit = (event: SubmitEvent): void => {
    const form = formOf(event);
    const send_email = (event.submitter as HTMLButtonElement | null)?.value !== "link";
    const text = (name: string): string | undefined => form.text(name) || undefined;
    void action.run(async () => {
      const made = await api.create({ customer_email: text("email"), customer_name: text("name"), language: text("language"), note: text("note"), send_email });
      remember(made, password);
      go(`sessions/${made.id}`);
    });
  };
  return (
    <section>
      <Title back="sessions">{t("newSession")}</Title>
      <form class="card" onSubmit={submit}>
        <Field label={t("customerEmail")} hint={t("customerEmailHint")} name="email" type="email" maxLength={254} autocomplete="off" data-testid="customer-email" />
        <Field label={t("customerName")} name="name" maxLength={200} autocomplete="off" data-testid="customer-name" />
        <Choice label={t("language")} name="language" defaultValue={language.value} data-testid="customer-language" options={languages.map((l) => [l, languageName(l)])} />
        <Field label={t("note")} name="note" maxLength={500} autocomplete="off" />
        <Field label={t("sessionPassword")} hint={t("passwordHint")} value={password} minLength={8} maxLength={200} required autocomplete="off" spellcheck={false}
          data-testid="session-password" onInput={(e) => setPassword((e.target as HTMLInputElement).value)}>
          <button type="button" class="quiet" onClick={() => setPassword(newPassword())}>{t("generate")}</button>
        </Field>
        <Refused error={action.refused} />
        {action.refused?.session && <OpenOne id={action.refused.session} ended={action.clear} />}
        <div class="row">
          <button type="submit" value="mail" disabled={action.busy} data-testid="send">{t("sendPrepare")}</button>
          <button type="submit" value="link" class="quiet" disabled={action.busy} data-testid="prepare">{t("prepareOnly")}</button>
        </div>
      </form>
    </section>
  );
}
