// S-48: who did what, when, from where. The newest first; the whole log is exported for beistand-cli audit-verify.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { audit, type AuditFilter, type AuditRecord } from "../api/audit";
import { company, type Person } from "../api/company";
import { events } from "../generated/events";
import { formOf, useAction, useLoad } from "../hooks";
import { eventText, exactly, number, reasonText, t } from "../i18n";
import { type Column, More, Table } from "../table";
import { Choice, Empty, Field, Loading, Refused, Title } from "../ui";

// A webhook that switched itself off has reasons of its own.
const whyOf = (r: AuditRecord): string => (r.type === "webhook.disabled" ? t(`off_${r.reason}` as "off_gone") : reasonText(r.reason ?? ""));

function Details(p: { of: AuditRecord }): JSX.Element {
  const entries = Object.entries(p.of.details ?? {});
  return (
    <details>
      <summary>{t("details")}</summary>
      <dl class="small">
        <dt>{t("event")}</dt><dd><code>{p.of.type}</code></dd>
        {p.of.reason && <><dt>{t("reason")}</dt><dd>{whyOf(p.of)}</dd></>}
        {entries.map(([k, v]) => <><dt>{k}</dt><dd>{typeof v === "string" ? v : JSON.stringify(v)}</dd></>)}
        <dt>{t("hash")}</dt><dd><code>{p.of.hash}</code></dd>
      </dl>
    </details>
  );
}

const columns = (): Column<AuditRecord>[] => [
  { label: t("number"), cell: (r) => String(r.seq) },
  { label: t("time"), cell: (r) => exactly(r.time) },
  { label: t("event"), cell: (r) => <>{eventText(r.type)}{r.session && r.type !== "session.refused" && <> <a href={`#/sessions/${r.session}`}>{t("session")} {r.session.slice(-6)}</a></>}</> },
  { label: t("who"), cell: (r) => <>{r.actor.name ?? t(`actor_${r.actor.type}` as "actor_service")}{r.actor.address && <small>{r.actor.address}</small>}</> },
  { label: t("details"), cell: (r) => <Details of={r} /> },
];

function Filter(p: { people: Person[]; apply(filter: AuditFilter): void }): JSX.Element {
  const submit = (event: SubmitEvent): void => {
    const form = formOf(event);
    p.apply(Object.fromEntries(["actor", "type", "session", "from", "to"].map((name) => [name, form.text(name)])));
  };
  return (
    <form class="card wide filters" onSubmit={submit} aria-label={t("filter")}>
      <Choice label={t("who")} name="actor" options={[["", t("f_every")], ...p.people.map((x): [string, string] => [x.id, x.name])]} />
      <Choice label={t("event")} name="type" data-testid="audit-type" options={[["", t("f_every")], ...Object.keys(events).map((x): [string, string] => [x, eventText(x)])]} />
      <Field label={t("sessionId")} name="session" pattern="[0-9a-z]{26}" autocomplete="off" />
      <Field label={t("from")} name="from" type="date" />
      <Field label={t("before")} name="to" type="date" />
      <button type="submit" data-testid="audit-filter">{t("filter")}</button>
    </form>
  );
}

export function AuditLog(): JSX.Element {
  const [filter, setFilter] = useState<AuditFilter>({});
  const people = useLoad(company.everybody, []);
  const loaded = useLoad(() => audit.list(filter), [filter]);
  const action = useAction();
  const list = loaded.value;
  const more = (): void =>
    void action.run(async () => {
      const next = await audit.list(filter, list!.next_cursor);
      loaded.set({ ...next, records: [...list!.records, ...next.records] });
    });
  return (
    <section class="stack">
      <Title actions={<a class="button quiet" href="/v1/audit/export" download="beistand-audit.jsonl" data-testid="audit-export">{t("export")}</a>}>{t("audit")}</Title>
      <p class="muted">{t("auditHint")}</p>
      <Filter people={people.value ?? []} apply={setFilter} />
      <Refused error={action.refused} />
      {!list ? <Loading error={loaded.failed} reload={loaded.reload} /> : (
        <>
          {list.head && <p class="muted small">{t("auditHead", number(list.head.seq))} <code>{list.head.hash}</code></p>}
          {list.records.length === 0 ? <Empty title={t("noRecords")} /> : <Table caption={t("audit")} columns={columns()} rows={list.records} id={(r) => String(r.seq)} attributes={(r) => ({ "data-testid": "audit-row", "data-type": r.type })} />}
          <More next={list.next_cursor} busy={action.busy} load={more} />
        </>
      )}
    </section>
  );
}
