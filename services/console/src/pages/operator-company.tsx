import { useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Company, NewPerson } from "../api/company";
import { operator } from "../api/operator";
import { sure } from "../confirm";
import { plans } from "../generated/plans";
import { type Form, formOf, useAction, useLoad } from "../hooks";
import { t } from "../i18n";
import { announce, go } from "../state";
import { Check, Choice, Field, Group, Loading, Pill, Refused, Title } from "../ui";
import { OneTimeLink } from "./person";

const MODULES = ["insights"];

export const Suspended = (p: { of: Company }): JSX.Element => (p.of.suspended ? <Pill kind="bad" testid="company-state">{t("suspended")}</Pill> : <Pill kind="good" testid="company-state">{t("inService")}</Pill>);

function Fields(p: { of?: Company }): JSX.Element {
  const c = p.of;
  return (
    <>
      <Field label={t("name")} name="name" required maxLength={200} defaultValue={c?.name} autocomplete="off" data-testid="company-name" />
      <Field label={t("contact")} hint={t("contactHint")} name="contact" maxLength={200} defaultValue={c?.contact} autocomplete="off" />
      <Choice label={t("plan")} name="plan" defaultValue={c?.plan ?? "plus"} options={Object.keys(plans).map((x) => [x, x])} data-testid="company-plan" />
      <Group legend={t("modules")}>{MODULES.map((m) => <Check key={m} label={m} name="modules" value={m} defaultChecked={c?.modules.includes(m)} />)}</Group>
      <Field label={t("seats")} name="seats" type="number" min={0} max={1000000} required defaultValue={String(c?.seats ?? 10)} data-testid="company-seats" />
      <Field label={t("limitTechnician")} name="limit_technician" type="number" min={0} max={100000} required defaultValue={String(c?.limits.technician ?? 1)} data-testid="limit-technician" />
      <Field label={t("limitCompany")} name="limit_company" type="number" min={0} max={100000} required defaultValue={String(c?.limits.company ?? 5)} data-testid="limit-company" />
    </>
  );
}

const fieldsOf = (form: Form): object => ({
  name: form.text("name"), contact: form.text("contact"), plan: form.text("plan"), modules: form.all("modules"), seats: Number(form.text("seats")),
  limits: { technician: Number(form.text("limit_technician")), company: Number(form.text("limit_company")) },
});

export function NewCompany(): JSX.Element {
  const action = useAction();
  const submit = (event: SubmitEvent): void => {
    const body = fieldsOf(formOf(event));
    void action.run(async () => {
      const made = await operator.add(body);
      announce(t("changed"));
      go(`operator/${made.id}`);
    });
  };
  return (
    <section>
      <Title back="operator">{t("addCompany")}</Title>
      <form class="card" onSubmit={submit}>
        <Fields />
        <Refused error={action.refused} />
        <div class="row"><button type="submit" disabled={action.busy} data-testid="save-company">{t("addCompany")}</button></div>
      </form>
    </section>
  );
}

function Administrator(p: { id: string }): JSX.Element {
  const action = useAction();
  const [made, setMade] = useState<NewPerson | null>(null);
  const submit = (event: SubmitEvent): void => {
    const form = formOf(event);
    const body = { name: form.text("name"), email: form.text("email"), role: "administrator", permissions: ["adhoc_support", "full_remote_control"] };
    void action.run(async () => setMade(await operator.administrator(p.id, body)));
  };
  if (made) return <OneTimeLink url={made.activate_url} until={made.activate_expires_at} done="operator" />;
  return (
    <form class="card" onSubmit={submit} aria-label={t("addAdministrator")}>
      <h2>{t("addAdministrator")}</h2>
      <p class="muted">{t("addAdministratorHint")}</p>
      <Field label={t("name")} name="name" required maxLength={200} autocomplete="off" data-testid="person-name" />
      <Field label={t("email")} name="email" type="email" required maxLength={254} autocomplete="off" data-testid="person-email" />
      <Refused error={action.refused} />
      <div class="row"><button type="submit" class="quiet" disabled={action.busy} data-testid="save-person">{t("addAdministrator")}</button></div>
    </form>
  );
}

export function OperatorCompany(p: { id: string }): JSX.Element {
  const loaded = useLoad(() => operator.company(p.id), [p.id]);
  const action = useAction();
  const of = loaded.value?.value;
  const run = async (work: (etag: string) => Promise<{ value: Company; etag: string }>): Promise<void> => {
    const done = await action.run(async () => {
      loaded.set(await work(loaded.value!.etag));
      announce(t("changed"));
    });
    if (!done) loaded.reload(); // somebody was faster (412): show what is there now, with the reason
  };
  const suspend = async (): Promise<void> => {
    if (of!.suspended) return run(() => operator.resume(p.id));
    if (await sure(t("suspendSure", of!.name), t("suspend"))) await run(() => operator.suspend(p.id));
  };
  const save = (event: SubmitEvent): void => {
    const body = fieldsOf(formOf(event));
    void run((etag) => operator.change(p.id, etag, body));
  };
  if (!of) return <section><Title back="operator">{t("company")}</Title><Loading error={loaded.failed} reload={loaded.reload} /></section>;
  const button = <button type="button" class={of.suspended ? "" : "danger"} disabled={action.busy} onClick={() => void suspend()} data-testid="suspend">{of.suspended ? t("resume") : t("suspend")}</button>;
  return (
    <section class="stack">
      <Title back="operator" name={of.name} actions={button}>{of.name}</Title>
      <p aria-live="polite"><Suspended of={of} /> <span class="muted">{of.id}</span></p>
      <Refused error={action.refused} />
      <form class="card" onSubmit={save} key={loaded.value!.etag}>
        <Fields of={of} />
        <div class="row"><button type="submit" disabled={action.busy} data-testid="save-company">{t("save")}</button></div>
      </form>
      <Administrator id={p.id} />
    </section>
  );
}
