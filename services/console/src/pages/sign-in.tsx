import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api } from "../api";
import { formOf, useAction } from "../hooks";
import { t } from "../i18n";
import { go, me, route } from "../state";
import { Field, Refusal, Refused, Title } from "../ui";

// The company whose identity provider the button leads to: its link (#/sso/{company}) was opened here once.
function ssoCompany(): string {
  const [first, company] = route.value.split("/");
  if (first === "sso" && /^[0-9a-z]{26}$/.test(company ?? "")) localStorage.setItem("sso", company);
  return localStorage.getItem("sso") ?? "";
}

// What the identity provider's way back says (#/sign-in/{reason}).
function Returned(): JSX.Element | null {
  const [first, reason] = route.value.split("/");
  return first === "sign-in" && reason ? <Refusal reason={reason} /> : null;
}

function welcome(first: string): void {
  if (["sign-in", "sso", "activate"].includes(first)) go("sessions"); // otherwise the page that was asked for
}

export function SignIn(): JSX.Element {
  const action = useAction();
  const [second, setSecond] = useState(false);
  const company = ssoCompany();
  const submit = async (event: SubmitEvent): Promise<void> => {
    const form = formOf(event);
    const code = form.text("code") || undefined;
    await action.run(async () => {
      try {
        me.value = await api.signIn(form.text("email"), form.secret("password"), code);
      } catch (e) {
        if ((e as { reason?: string }).reason === "second_factor_required" && !code) return setSecond(true);
        throw e;
      }
      welcome(route.value.split("/")[0]);
    });
  };
  const reason = action.refused?.reason;
  const wrong = reason === "unauthenticated" ? t("signInFailed") : reason === "second_factor_required" ? t("totpWrong") : "";
  return (
    <form class="card narrow" onSubmit={(e) => void submit(e)}>
      <Title>{t("signIn")}</Title>
      <Returned />
      <Field label={t("email")} name="email" type="email" autocomplete="username" required readOnly={second} data-testid="email" />
      <Field label={t("password")} name="password" type="password" autocomplete="current-password" required readOnly={second} data-testid="password" />
      {second && <Field label={t("secondCode")} hint={t("secondCodeHint")} name="code" autocomplete="one-time-code" required maxLength={40} ref={(e: HTMLInputElement | null) => void (e && !e.value && e.focus())} data-testid="second-code" />}
      {wrong ? <p class="refusal" role="alert" data-testid="wrong" data-reason={reason}>{wrong}</p> : <Refused error={action.refused} />}
      <button type="submit" disabled={action.busy} data-testid="sign-in">{t("signIn")}</button>
      {second && <button type="button" class="quiet" onClick={() => { setSecond(false); action.clear(); }}>{t("back")}</button>}
      {company && !second && <a class="button quiet" href={`/v1/oidc/start?company=${company}`} data-testid="sso">{t("signInSso")}</a>}
    </form>
  );
}

export function Activate(p: { token: string }): JSX.Element {
  const action = useAction();
  const [done, setDone] = useState(false);
  const submit = (event: SubmitEvent): void => {
    const password = formOf(event).secret("password");
    void action.run(async () => {
      await api.activateAccount(p.token, password);
      setDone(true);
    });
  };
  if (done) {
    return (
      <section class="card narrow">
        <Title>{t("setPassword")}</Title>
        <p role="status" data-testid="password-saved">{t("saved")}</p>
        <a class="button" href="#/sign-in" data-testid="to-sign-in">{t("signIn")}</a>
      </section>
    );
  }
  return (
    <form class="card narrow" onSubmit={submit}>
      <Title>{t("setPassword")}</Title>
      <Field label={t("newPassword")} name="password" type="password" autocomplete="new-password" minLength={12} maxLength={256} required data-testid="new-password" />
      <Refused error={action.refused} />
      <button type="submit" disabled={action.busy} data-testid="save-password">{t("save")}</button>
    </form>
  );
}
