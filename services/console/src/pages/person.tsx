// S-62: a person of the company. Nobody grants what they lack: such boxes cannot be ticked here, and the gateway refuses it.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { company, type NewPerson, PERMISSIONS, type Person } from "../api/company";
import { sure } from "../confirm";
import { type Action, type Form, formOf, useAction, useLoad } from "../hooks";
import { t, when } from "../i18n";
import { announce, go, me } from "../state";
import { Check, Choice, Field, Group, Loading, Once, Refused, Title } from "../ui";
import { SignIns } from "./sign-ins";
import { Standing } from "./team";

export function PersonFields(p: { of?: Person }): JSX.Element {
  const mine = me.value?.technician.permissions ?? [];
  return (
    <>
      <Field label={t("name")} name="name" required maxLength={200} defaultValue={p.of?.name} autocomplete="off" data-testid="person-name" />
      <Field label={t("email")} name="email" type="email" required maxLength={254} defaultValue={p.of?.email} autocomplete="off" data-testid="person-email" />
      <Choice label={t("role")} hint={t("roleHint")} name="role" defaultValue={p.of?.role ?? "technician"} options={[["technician", t("role_technician")], ["administrator", t("role_administrator")]]} data-testid="person-role" />
      <Group legend={t("permissions")} hint={PERMISSIONS.every((x) => mine.includes(x)) ? undefined : t("lackHint")}>
        {PERMISSIONS.map((x) => {
          const has = p.of ? p.of.permissions.includes(x) : mine.includes(x);
          return <Check key={x} label={t(`p_${x}`)} hint={t(`ph_${x}`)} name="permissions" value={x} defaultChecked={has} disabled={!mine.includes(x) && !has} data-testid={`permission-${x}`} />;
        })}
      </Group>
    </>
  );
}

const fieldsOf = (form: Form): object => ({ name: form.text("name"), email: form.text("email"), role: form.text("role"), permissions: form.all("permissions") });

export function OneTimeLink(p: { url: string; until: string; done: string }): JSX.Element {
  return (
    <Once title={t("oneTimeLink")} hint={t("oneTimeLinkHint", when(p.until))} text={p.url} testid="one-time-link">
      <div class="row"><a class="button" href={`#/${p.done}`} data-testid="link-noted">{t("done")}</a></div>
    </Once>
  );
}

export function NewPersonPage(): JSX.Element {
  const action = useAction();
  const [made, setMade] = useState<NewPerson | null>(null);
  const submit = (event: SubmitEvent): void => {
    const form = formOf(event);
    void action.run(async () => setMade(await company.add(fieldsOf(form))));
  };
  return (
    <section>
      <Title back="team">{made ? made.name : t("addPerson")}</Title>
      {made ? <OneTimeLink url={made.activate_url} until={made.activate_expires_at} done="team" /> : (
        <form class="card" onSubmit={submit}>
          <PersonFields />
          <Refused error={action.refused} />
          <div class="row"><button type="submit" disabled={action.busy} data-testid="save-person">{t("addPerson")}</button></div>
        </form>
      )}
    </section>
  );
}

function Account(p: { of: Person; action: Action; change(body: object): void; remove(): void }): JSX.Element {
  const [link, setLink] = useState<{ url: string; expires_at: string } | null>(null);
  const self = p.of.id === me.value?.technician.id;
  const reset = (): void => void p.action.run(async () => setLink(await company.resetLink(p.of.id)));
  const disable = async (): Promise<void> => {
    if (p.of.disabled || (await sure(t("disableSure", p.of.name), t("disable")))) p.change({ disabled: !p.of.disabled });
  };
  const off = async (): Promise<void> => {
    if (await sure(t("factorOffSure"), t("switchOff"))) p.change({ second_factor: false });
  };
  return (
    <section class="card" aria-label={t("access")}>
      <h2>{t("access")} <Standing of={p.of} /></h2>
      {link && <Once title={t("oneTimeLink")} hint={t("oneTimeLinkHint", when(link.expires_at))} text={link.url} testid="one-time-link" />}
      <div class="row">
        <button type="button" class="quiet" disabled={p.action.busy} onClick={reset} data-testid="reset-link">{t("resetLink")}</button>
        {p.of.second_factor && <button type="button" class="quiet" disabled={p.action.busy} onClick={() => void off()} data-testid="factor-off">{t("factorOff")}</button>}
        {!self && <button type="button" class="quiet" disabled={p.action.busy} onClick={() => void disable()} data-testid="disable">{p.of.disabled ? t("enable") : t("disable")}</button>}
        {!self && <button type="button" class="danger" disabled={p.action.busy} onClick={p.remove} data-testid="remove-person">{t("remove")}</button>}
      </div>
    </section>
  );
}

export function PersonPage(p: { id: string }): JSX.Element {
  const loaded = useLoad(() => company.person(p.id), [p.id]);
  const action = useAction();
  const of = loaded.value?.value;
  const change = async (body: object): Promise<void> => {
    const done = await action.run(async () => {
      loaded.set(await company.changePerson(p.id, loaded.value!.etag, body));
      announce(t("changed"));
    });
    if (!done) loaded.reload(); // somebody was faster (412): show what is there now, with the reason
  };
  const remove = async (): Promise<void> => {
    if (!(await sure(t("removePersonSure", of!.name), t("remove")))) return;
    const done = await action.run(() => company.removePerson(p.id, loaded.value!.etag));
    if (done) announce(t("removed"));
    if (done) go("team");
    else loaded.reload();
  };
  if (!of) return <section><Title back="team">{t("person")}</Title><Loading error={loaded.failed} reload={loaded.reload} /></section>;
  return (
    <section class="stack">
      <Title back="team" name={of.name}>{of.name}</Title>
      <Refused error={action.refused} />
      <form class="card" onSubmit={(e) => void change(fieldsOf(formOf(e)))} key={loaded.value!.etag}>
        <PersonFields of={of} />
        <div class="row"><button type="submit" disabled={action.busy} data-testid="save-person">{t("save")}</button></div>
      </form>
      <Account of={of} action={action} change={(body) => void change(body)} remove={() => void remove()} />
      <SignIns technician={of.id} title={t("signIns")} />
    </section>
  );
}
