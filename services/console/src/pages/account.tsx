import type { JSX } from "preact";
import { account } from "../api/company";
import { formOf, useAction } from "../hooks";
import { t } from "../i18n";
import { announce, me } from "../state";
import { Field, Refused, Title } from "../ui";
import { SignIns } from "./sign-ins";
import { permissionList } from "./team";
import { SecondFactor } from "./totp";

function Password(): JSX.Element {
  const action = useAction();
  const submit = async (event: SubmitEvent): Promise<void> => {
    const form = formOf(event);
    const element = event.target as HTMLFormElement;
    if (!(await action.run(() => account.changePassword(form.secret("current"), form.secret("password"))))) return;
    announce(t("passwordChanged"));
    element.reset();
  };
  const wrong = action.refused?.reason === "unauthenticated";
  return (
    <form class="card" onSubmit={(e) => void submit(e)} aria-label={t("password")}>
      <h2>{t("password")}</h2>
      <input type="hidden" name="username" autocomplete="username" value={me.value?.technician.email} />
      <Field label={t("currentPassword")} name="current" type="password" autocomplete="current-password" required data-testid="current-password" />
      {wrong && <p class="refusal" role="alert" data-reason="unauthenticated">{t("currentWrong")}</p>}
      <Field label={t("newPassword")} name="password" type="password" autocomplete="new-password" minLength={12} maxLength={256} required data-testid="new-password" />
      {!wrong && <Refused error={action.refused} />}
      <div class="row"><button type="submit" disabled={action.busy} data-testid="change-password">{t("changePassword")}</button></div>
    </form>
  );
}

export function Account(): JSX.Element {
  const { technician, company } = me.value!;
  return (
    <section class="stack">
      <Title>{t("account")}</Title>
      <dl class="card">
        <dt>{t("name")}</dt><dd>{technician.name}</dd>
        <dt>{t("email")}</dt><dd>{technician.email}</dd>
        <dt>{t("company")}</dt><dd>{company.name}</dd>
        <dt>{t("role")}</dt><dd>{t(`role_${technician.role}` as "role_technician")}</dd>
        <dt>{t("permissions")}</dt><dd>{permissionList(technician.permissions)}</dd>
      </dl>
      <Password />
      <SecondFactor />
      <SignIns title={t("mySignIns")} />
    </section>
  );
}
