import type { JSX } from "preact";
import { type Computer, computers } from "../api/computers";
import { type Action, type Form, formOf, useAction, useLoad } from "../hooks";
import { t, when } from "../i18n";
import { announce, go, isAdministrator } from "../state";
import { Field, Loading, Refused, Title } from "../ui";

function Fields(p: { of?: Computer; action: Action; done(form: Form): void }): JSX.Element {
  const locked = !isAdministrator();
  return (
    <form class="card" onSubmit={(e) => p.done(formOf(e))}>
      <Field label={t("name")} name="name" required maxLength={120} defaultValue={p.of?.name} disabled={locked} data-testid="computer-name" />
      <Field label={t("groupOptional")} name="group" maxLength={120} defaultValue={p.of?.group} disabled={locked} data-testid="computer-group" />
      <Field label={t("note")} name="note" maxLength={500} defaultValue={p.of?.note} disabled={locked} />
      {p.of && <dl><dt>{t("created")}</dt><dd>{when(p.of.created_at)}</dd><dt>{t("lastOnline")}</dt><dd>{when(p.of.last_online)}</dd></dl>}
      <Refused error={p.action.refused} />
      {!locked && <div class="row"><button type="submit" disabled={p.action.busy} data-testid="save-computer">{t("save")}</button></div>}
    </form>
  );
}

const fieldsOf = (form: Form): object => ({ name: form.text("name"), group: form.text("group"), note: form.text("note") });

export function NewComputer(): JSX.Element {
  const action = useAction();
  const add = (form: Form): void =>
    void action.run(async () => {
      await computers.add(fieldsOf(form));
      announce(t("changed"));
      go("computers");
    });
  return <section><Title back="computers">{t("addComputer")}</Title><p class="muted">{t("addComputerHint")}</p><Fields action={action} done={add} /></section>;
}

export function ComputerPage(p: { id: string }): JSX.Element {
  const loaded = useLoad(() => computers.get(p.id), [p.id]);
  const action = useAction();
  const change = async (form: Form): Promise<void> => {
    const done = await action.run(async () => {
      loaded.set(await computers.change(p.id, loaded.value!.etag, fieldsOf(form)));
      announce(t("changed"));
    });
    if (!done) loaded.reload(); // somebody was faster (412), or it is gone: show what is there now
  };
  const of = loaded.value?.value;
  return (
    <section>
      <Title back="computers">{of?.name ?? t("computer")}</Title>
      {of ? <Fields key={loaded.value!.etag} of={of} action={action} done={(form) => void change(form)} /> : <Loading error={loaded.failed} reload={loaded.reload} />}
    </section>
  );
}
