import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { type Company, company } from "../api/company";
import { sure } from "../confirm";
import { plans } from "../generated/plans";
import { type Action, formOf, useAction, useLoad } from "../hooks";
import { number, t } from "../i18n";
import { announce, isAdministrator, me } from "../state";
import { Copy, Field, Loading, Pill, Refused, Title } from "../ui";

type Change = (body: object) => void;

export function Licence(p: { of: Company }): JSX.Element {
  const plan = plans[p.of.plan as keyof typeof plans] as (typeof plans)["base"] | undefined;
  const features = new Set([...(plan?.features ?? []), ...p.of.modules.flatMap((m) => plan?.modules[m] ?? [])]);
  return (
    <section class="card" aria-label={t("licence")}>
      <h2>{t("licence")}</h2>
      <dl>
        <dt>{t("plan")}</dt><dd data-testid="plan"><Pill>{p.of.plan}</Pill> {p.of.modules.map((m) => <Pill key={m}>{m}</Pill>)}</dd>
        <dt>{t("functions")}</dt><dd>{[...features].map((f) => t(`fn_${f}` as "fn_remote")).join(", ") || t("noAdhoc")}</dd>
        <dt>{t("seats")}</dt><dd data-testid="seats">{number(p.of.seats)}</dd>
        <dt>{t("limitTechnician")}</dt><dd>{number(p.of.limits.technician)}</dd>
        <dt>{t("limitCompany")}</dt><dd>{number(p.of.limits.company)}</dd>
      </dl>
      <p class="muted">{t("licenceHint")}</p>
    </section>
  );
}

function Sso(p: { of: Company; action: Action; change: Change }): JSX.Element {
  const oidc = p.of.oidc;
  const [open, setOpen] = useState(!!oidc);
  const link = `${location.origin}/#/sso/${p.of.id}`;
  const submit = (event: SubmitEvent): void => {
    const form = formOf(event);
    const secret = form.secret("secret");
    p.change({ oidc: { issuer: form.text("issuer"), client_id: form.text("client"), ...(secret ? { client_secret: secret } : {}) } });
  };
  const off = async (): Promise<void> => {
    if (await sure(t("ssoOffSure"), t("switchOff"))) p.change({ oidc: null });
  };
  return (
    <form class="card" onSubmit={submit} aria-label={t("sso")}>
      <h2>{t("sso")} <Pill kind={oidc ? "good" : "plain"}>{oidc ? t("on") : t("off")}</Pill></h2>
      <p class="muted">{t("ssoHint")}</p>
      {!open && <div class="row"><button type="button" class="quiet" onClick={() => setOpen(true)} data-testid="sso-set-up">{t("setUp")}</button></div>}
      {open && (
        <>
          <p>{t("redirectUri")} <code class="link">{`${location.origin}/v1/oidc/callback`}</code></p>
          <Field label={t("issuer")} name="issuer" type="url" required maxLength={500} defaultValue={oidc?.issuer} placeholder="https://" data-testid="issuer" />
          <Field label={t("clientId")} name="client" required maxLength={300} defaultValue={oidc?.client_id} autocomplete="off" data-testid="client-id" />
          <Field label={t("clientSecret")} hint={oidc?.client_secret_set ? t("secretStays") : undefined} name="secret" type="password" autocomplete="off" maxLength={300} data-testid="client-secret" />
          {oidc && <div class="row"><span>{t("ssoLink")}</span><code class="link" data-testid="sso-link">{link}</code><Copy text={link} /></div>}
          <div class="row">
            <button type="submit" disabled={p.action.busy} data-testid="save-sso">{t("save")}</button>
            {oidc && <button type="button" class="quiet" disabled={p.action.busy} onClick={() => void off()} data-testid="sso-off">{t("switchOff")}</button>}
          </div>
        </>
      )}
    </form>
  );
}

function Details(p: { of: Company; action: Action; change: Change }): JSX.Element {
  const locked = !isAdministrator();
  const submit = (event: SubmitEvent): void => {
    const form = formOf(event);
    p.change({ name: form.text("name"), contact: form.text("contact") });
  };
  return (
    <form class="card" onSubmit={submit} aria-label={t("companyDetails")}>
      <h2>{t("companyDetails")}</h2>
      <Field label={t("name")} name="name" required maxLength={200} defaultValue={p.of.name} readOnly={locked} data-testid="company-name" />
      <Field label={t("contact")} hint={t("contactHint")} name="contact" maxLength={200} defaultValue={p.of.contact} readOnly={locked} data-testid="company-contact" />
      {!locked && <div class="row"><button type="submit" disabled={p.action.busy} data-testid="save-company">{t("save")}</button></div>}
    </form>
  );
}

export function CompanyPage(): JSX.Element {
  const loaded = useLoad(company.get, []);
  const action = useAction();
  const of = loaded.value?.value;
  const change = async (body: object): Promise<void> => {
    const done = await action.run(async () => {
      const now = await company.change(loaded.value!.etag, body);
      loaded.set(now);
      me.value = { ...me.value!, company: { ...me.value!.company, name: now.value.name, contact: now.value.contact } };
      announce(t("changed"));
    });
    if (!done) loaded.reload(); // somebody was faster (412): show what is there now, with the reason
  };
  return (
    <section class="stack">
      <Title>{t("company")}</Title>
      <Refused error={action.refused} />
      {!of ? <Loading error={loaded.failed} reload={loaded.reload} /> : (
        <div class="stack" key={loaded.value!.etag}>
          <Details of={of} action={action} change={(body) => void change(body)} />
          <Licence of={of} />
          {isAdministrator() && <Sso of={of} action={action} change={(body) => void change(body)} />}
        </div>
      )}
    </section>
  );
}
