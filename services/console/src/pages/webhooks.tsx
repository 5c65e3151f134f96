// S-71: signed webhooks for integrations.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { type Delivery, type Webhook, webhooks } from "../api/webhooks";
import { sure } from "../confirm";
import { type Action, formOf, pages, useAction, useLoad } from "../hooks";
import type { Answer } from "../http";
import { t, when } from "../i18n";
import { announce, go } from "../state";
import { More, Table } from "../table";
import { Empty, Field, Loading, Once, Pill, Refused, Title } from "../ui";

function State(p: { of: Webhook }): JSX.Element {
  if (p.of.status === "disabled") return <Pill kind="bad">{t("switchedOff")}</Pill>;
  return p.of.status === "ok" ? <Pill kind="good">{t("enabled")}</Pill> : <Pill kind="warn">{t("failingSince", when(p.of.failing_since))}</Pill>;
}

// What switched it off, when that was not a person.
function WhyOff(p: { of: Webhook }): JSX.Element | null {
  const { disabled_reason: why, disabled_at: at } = p.of;
  return why && <p class="reason" data-testid="webhook-why-off" data-reason={why}>{t(`off_${why}`)} <span class="muted">{when(at)}</span></p>;
}

const typesOf = (w: Webhook | undefined): string => (w && !w.types.includes("*") ? w.types.join(", ") : "");

export function Webhooks(): JSX.Element {
  const list = useLoad(webhooks.list, [], true);
  return (
    <section>
      <Title actions={<a class="button" href="#/webhooks/new" data-testid="add-webhook">{t("addWebhook")}</a>}>{t("webhooks")}</Title>
      <p class="muted">{t("webhooksHint")}</p>
      {!list.value ? <Loading error={list.failed} reload={list.reload} /> : list.value.length === 0 ? <Empty title={t("noWebhooks")} /> : (
        <Table caption={t("webhooks")} rows={list.value} id={(w) => w.id} columns={[
          { label: t("url"), cell: (w) => <a href={`#/webhooks/${w.id}`}>{w.url}</a> },
          { label: t("events"), cell: (w) => typesOf(w) || t("f_every") },
          { label: t("state"), cell: (w) => <State of={w} /> },
        ]} />
      )}
    </section>
  );
}

function Fields(p: { of?: Webhook }): JSX.Element {
  return (
    <>
      <Field label={t("url")} hint={t("urlHint")} name="url" type="url" required maxLength={2000} defaultValue={p.of?.url} placeholder="https://" data-testid="webhook-url" />
      <Field label={t("note")} name="description" maxLength={200} defaultValue={p.of?.description} autocomplete="off" />
      <Field label={t("events")} hint={t("eventsHint")} name="events" maxLength={500} defaultValue={typesOf(p.of)} autocomplete="off" data-testid="webhook-events" />
    </>
  );
}

function fieldsOf(event: Event): object {
  const form = formOf(event);
  const types = form.text("events").split(/[\s,]+/).filter(Boolean);
  return { url: form.text("url"), description: form.text("description"), types: types.length ? types : ["*"] };
}

export function NewWebhook(): JSX.Element {
  const action = useAction();
  const [made, setMade] = useState<Webhook | null>(null);
  const submit = (event: SubmitEvent): void => {
    const body = fieldsOf(event);
    void action.run(async () => setMade(await webhooks.add(body)));
  };
  return (
    <section>
      <Title back="webhooks">{t("addWebhook")}</Title>
      {made ? (
        <Once title={made.url} hint={t("secretOnce")} text={made.secret ?? ""} testid="webhook-secret"><div class="row"><a class="button" href={`#/webhooks/${made.id}`}>{t("done")}</a></div></Once>
      ) : (
        <form class="card" onSubmit={submit}>
          <Fields />
          <Refused error={action.refused} />
          <div class="row"><button type="submit" disabled={action.busy} data-testid="save-webhook">{t("addWebhook")}</button></div>
        </form>
      )}
    </section>
  );
}

function Outcome(p: { of: Delivery }): JSX.Element {
  const kind = ({ pending: "warn", delivered: "good", failed: "bad" } as const)[p.of.state];
  return <><Pill kind={kind}>{t(`d_${p.of.state}`)}</Pill>{p.of.next_at && <small>{when(p.of.next_at)}</small>}</>;
}

function Deliveries(p: { id: string; action: Action }): JSX.Element {
  const [n, setN] = useState(1);
  const list = useLoad(() => pages(n, (cursor) => webhooks.deliveries(p.id, cursor)), [p.id, n], true);
  const again = (d: Delivery): void =>
    void p.action.run(async () => {
      await webhooks.redeliver(p.id, d.id);
      announce(t("sentAgain"));
      list.reload();
    });
  return (
    <section class="group" aria-label={t("deliveries")}>
      <div class="bar"><h2>{t("deliveries")}</h2><button type="button" class="quiet" onClick={list.reload}>{t("refresh")}</button></div>
      {!list.value ? <Loading error={list.failed} reload={list.reload} /> : list.value.items.length === 0 ? <p class="muted">{t("noDeliveries")}</p> : (
        <Table caption={t("deliveries")} rows={list.value.items} id={(d) => d.id} attributes={() => ({ "data-testid": "delivery-row" })} columns={[
          { label: t("event"), cell: (d) => <code>{d.type}</code> },
          { label: t("time"), cell: (d) => when(d.created_at) },
          { label: t("state"), cell: (d) => <Outcome of={d} /> },
          { label: t("answer"), cell: (d) => <>{d.last?.status ?? "–"}{d.last?.error && <small>{d.last.error}</small>}</> },
          { label: t("attempts"), cell: (d) => String(d.attempts) },
          { label: t("actions"), actions: true, cell: (d) => d.state !== "pending" && <button type="button" class="quiet" disabled={p.action.busy} onClick={() => again(d)} data-testid="redeliver">{t("redeliver")}</button> },
        ]} />
      )}
      <More next={list.value?.next ?? null} busy={false} load={() => setN(n + 1)} />
    </section>
  );
}

function Controls(p: { of: Webhook; action: Action; change(body: object): void; renewed(now: Answer<Webhook>): void }): JSX.Element {
  const [secret, setSecret] = useState("");
  const rotate = async (): Promise<void> => {
    if (await sure(t("rotateSure"), t("rotate"))) await p.action.run(async () => {
      const made = await webhooks.rotate(p.of.id);
      setSecret(made.value.secret ?? "");
      p.renewed(made);
    });
  };
  const ping = (): void => void p.action.run(async () => { await webhooks.ping(p.of.id); announce(t("pingSent")); });
  const remove = async (): Promise<void> => {
    if ((await sure(t("removeSure", p.of.url), t("remove"))) && (await p.action.run(() => webhooks.remove(p.of.id)))) go("webhooks");
  };
  return (
    <section class="card" aria-label={t("actions")}>
      {secret && <Once title={t("newSecret")} hint={t("secretOnce")} text={secret} testid="webhook-secret" />}
      <div class="row">
        <button type="button" class="quiet" disabled={p.action.busy} onClick={ping} data-testid="ping">{t("ping")}</button>
        <button type="button" class="quiet" disabled={p.action.busy} onClick={() => void rotate()} data-testid="rotate">{t("rotate")}</button>
        <button type="button" class="quiet" disabled={p.action.busy} onClick={() => p.change({ enabled: p.of.status === "disabled" })}>{p.of.status === "disabled" ? t("enable") : t("disable")}</button>
        <button type="button" class="danger" disabled={p.action.busy} onClick={() => void remove()}>{t("remove")}</button>
      </div>
    </section>
  );
}

export function WebhookPage(p: { id: string }): JSX.Element {
  const loaded = useLoad(() => webhooks.get(p.id), [p.id]);
  const action = useAction();
  const of = loaded.value?.value;
  const change = async (body: object): Promise<void> => {
    const done = await action.run(async () => {
      loaded.set(await webhooks.change(p.id, loaded.value!.etag, body));
      announce(t("changed"));
    });
    if (!done) loaded.reload(); // somebody was faster (412): show what is there now, with the reason
  };
  if (!of) return <section><Title back="webhooks">{t("webhooks")}</Title><Loading error={loaded.failed} reload={loaded.reload} /></section>;
  return (
    <section class="stack">
      <Title back="webhooks" name={of.url}>{of.url}</Title>
      <p><State of={of} /></p>
      <WhyOff of={of} />
      <Refused error={action.refused} />
      <form class="card" onSubmit={(e) => void change(fieldsOf(e))} key={loaded.value!.etag}>
        <Fields of={of} />
        <div class="row"><button type="submit" disabled={action.busy}>{t("save")}</button></div>
      </form>
      <Controls of={of} action={action} change={(body) => void change(body)} renewed={loaded.set} />
      <Deliveries id={p.id} action={action} />
    </section>
  );
}
