import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api } from "../api";
import { t } from "../i18n";
import { go, me, say } from "../state";
import { Field } from "../ui";

const value = (form: HTMLFormElement, name: string): string => String(new FormData(form).get(name) ?? "");

export function SignIn(): JSX.Element {
  const [failed, setFailed] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    try {
      me.value = await api.signIn(value(form, "email"), value(form, "password"));
      go("sessions");
    } catch (e) {
      setFailed(true);
      if ((e as { status?: number }).status !== 401) say(e);
    }
  };
  return (
    <form class="card narrow" onSubmit={submit}>
      <h1>{t("signIn")}</h1>
      <Field label={t("email")} name="email" type="email" autocomplete="username" required data-testid="email" />
      <Field label={t("password")} name="password" type="password" autocomplete="current-password" required data-testid="password" />
      {failed && <p class="refusal" role="alert">{t("signInFailed")}</p>}
      <button type="submit" data-testid="sign-in">{t("signIn")}</button>
    </form>
  );
}

export function Activate(p: { token: string }): JSX.Element {
  const [done, setDone] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      await api.activateAccount(p.token, value(event.target as HTMLFormElement, "password"));
      setDone(true);
      go("");
    } catch (e) {
      say(e);
    }
  };
  return (
    <form class="card narrow" onSubmit={submit}>
      <h1>{t("setPassword")}</h1>
      <Field label={t("newPassword")} name="password" type="password" autocomplete="new-password" minLength={12} required data-testid="new-password" />
      {done && <p role="status">{t("saved")}</p>}
      <button type="submit" data-testid="save-password">{t("save")}</button>
    </form>
  );
}
