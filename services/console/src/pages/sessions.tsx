import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api, type Session } from "../api";
import { t, when } from "../i18n";
import { nameOf } from "../session-actions";
import { isAdministrator, me, put, say, sessions } from "../state";
import { type Column, More, Table } from "../table";
import { Empty, Pill, Title } from "../ui";

export const stateOf = (s: Session): string => t(`s_${s.status}`);
export const kindOf = (s: Session): "good" | "warn" | "plain" => ({ active: "good", invited: "warn", ended: "plain" })[s.status] as "good";

export function Online(p: { online: boolean; testid?: string }): JSX.Element {
  return <span class={p.online ? "dot on" : "dot"} data-testid={p.testid}>{p.online ? t("online") : t("offline")}</span>;
}

const ends = (s: Session): string | null => (s.status === "active" ? s.expires_at : s.status === "invited" ? s.invitation_expires_at : s.ended_at);

function columns(): Column<Session>[] {
  const all: Column<Session>[] = [
    { label: t("customer"), cell: (s) => <a href={`#/sessions/${s.id}`}>{nameOf(s)}</a> },
    { label: t("state"), cell: (s) => <><Pill kind={kindOf(s)}>{stateOf(s)}</Pill>{s.status === "active" && <Online online={s.online} />}</> },
    { label: t("computer"), cell: (s) => s.machine?.name ?? "–" },
  ];
  if (isAdministrator()) all.push({ label: t("technician"), cell: (s) => s.technician.name });
  return [...all, { label: t("expires"), cell: (s) => when(ends(s)) }];
}

const FILTERS = ["open", "ended", "every"] as const;

export function Sessions(): JSX.Element {
  const [filter, setFilter] = useState<(typeof FILTERS)[number]>("every");
  const [next, setNext] = useState<string | null | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const all = Object.values(sessions.value).sort((a, b) => b.created_at.localeCompare(a.created_at));
  const list = all.filter((s) => filter === "every" || (s.status === "ended") === (filter === "ended"));
  const open = all.filter((s) => s.status !== "ended" && s.technician.id === me.value?.technician.id).length;
  const load = async (): Promise<void> => {
    setBusy(true);
    try {
      let page = await api.sessions("", next ?? null);
      if (next === undefined && page.next) page = await api.sessions("", page.next); // the first page is here already
      page.items.forEach(put);
      setNext(page.next);
    } catch (e) {
      say(e);
    }
    setBusy(false);
  };
  return (
    <section>
      <Title actions={<a class="button" href="#/new" data-testid="new-session">{t("newSession")}</a>}>{t("adhoc")}</Title>
      <div class="bar">
        <div class="segments" role="group" aria-label={t("show")}>
          {FILTERS.map((f) => <button key={f} type="button" aria-pressed={filter === f} onClick={() => setFilter(f)} data-testid={`filter-${f}`}>{t(`f_${f}`)}</button>)}
        </div>
        <span class="muted">{t("openOf", `${open}/${me.value?.limits.technician ?? 1}`)}</span>
      </div>
      {list.length === 0 ? <Empty title={t("none")}>{t("noneHint")}</Empty> : (
        <Table caption={t("sessions")} columns={columns()} rows={list} id={(s) => s.id} attributes={(s) => ({ "data-testid": "session-row", "data-status": s.status })} />
      )}
      <More next={all.length >= 50 && next !== null ? "more" : null} busy={busy} load={() => void load()} />
    </section>
  );
}
