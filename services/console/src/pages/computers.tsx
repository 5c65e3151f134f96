// S-25: the company's computers in groups; the PCs of active sessions are a group of their own.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { type Computer, computers, type ComputerList } from "../api/computers";
import { sure } from "../confirm";
import { useAction, useLoad } from "../hooks";
import { number, t, when } from "../i18n";
import { announce, isAdministrator, sessions } from "../state";
import { type Column, More, Table } from "../table";
import { Empty, Loading, Pill, Refused, Title } from "../ui";
import { Online } from "./sessions";

type Load = { next: string | null; busy: boolean; more(): void };

function Licences(p: { of: NonNullable<ComputerList["licences"]> }): JSX.Element {
  const used = p.of.managed + p.of.sessions;
  return (
    <section class="figures" aria-label={t("licences")} data-testid="licences">
      <div><strong data-testid="licences-free">{number(p.of.free)}</strong><span>{t("licencesFree")}</span></div>
      <div><strong>{number(used)}</strong><span>{t("licencesUsed", number(p.of.seats))}</span></div>
      <div><strong>{number(p.of.managed)}</strong><span>{t("managedComputers")}</span></div>
      <div><strong>{number(p.of.sessions)}</strong><span>{t("openSessions")}</span></div>
    </section>
  );
}

const groupName = (c: Computer): string => (c.kind === "adhoc" ? t("adhocGroup") : c.group || t("noGroup"));

// Also while somebody is connected, after a second question (409 computer_in_use).
async function remove(c: Computer): Promise<boolean> {
  const question = c.kind === "adhoc" ? t("removeAdhocSure") : t("removeSure", c.name);
  if (!(await sure(question, t("remove")))) return false;
  try {
    await computers.remove(c.id, false);
  } catch (e) {
    if ((e as { reason?: string }).reason !== "computer_in_use") throw e;
    if (!(await sure(t("inUseSure"), t("removeAnyway")))) return false;
    await computers.remove(c.id, true);
  }
  announce(t("removed"));
  return true;
}

function columns(adhoc: boolean, removed: (c: Computer) => void): Column<Computer>[] {
  const since: Column<Computer> = { label: t("onlineSince"), cell: (c) => when(c.online_since) };
  const all: Column<Computer>[] = [
    { label: t("name"), cell: (c) => <a href={c.kind === "adhoc" ? `#/sessions/${c.id}` : `#/computers/${c.id}`}>{c.name || c.customer_name || c.id.slice(-6)}</a> },
    { label: t("state"), cell: (c) => <><Online online={c.online} />{c.in_use && <Pill kind="warn">{t("inUse")}</Pill>}</> },
    ...(adhoc ? [since] : []),
    { label: t("lastOnline"), cell: (c) => when(c.last_online) },
    adhoc ? { label: t("technician"), cell: (c) => c.technician?.name ?? "–" } : { label: t("noteShort"), cell: (c) => c.note || "–" },
  ];
  const connect = (c: Computer): JSX.Element | false => c.kind === "adhoc" && c.online && sessions.value[c.id]?.paired !== false && <a class="button" href={`#/sessions/${c.id}/remote`} aria-label={`${t("connect")}: ${c.name}`} data-testid="computer-connect">{t("connect")}</a>;
  const away = (c: Computer): JSX.Element | false => isAdministrator() && <button type="button" class="quiet" onClick={() => removed(c)} aria-label={`${t("remove")}: ${c.name}`} data-testid="computer-remove">{t("remove")}</button>;
  if (adhoc || isAdministrator()) all.push({ label: t("actions"), actions: true, cell: (c) => <div class="row">{connect(c)}{away(c)}</div> });
  return all;
}

function Groups(p: { list: Computer[]; load: Load; reload(): void }): JSX.Element {
  const action = useAction();
  const groups = new Map<string, Computer[]>([[t("adhocGroup"), []]]);
  for (const c of p.list) groups.set(groupName(c), [...(groups.get(groupName(c)) ?? []), c]);
  const removed = (c: Computer): void => void action.run(async () => void ((await remove(c)) && p.reload()));
  return (
    <>
      <Refused error={action.refused} />
      {[...groups].map(([name, list], i) => (
        <section key={name} class="group" aria-label={name} data-testid={i === 0 ? "group-adhoc" : "group"}>
          <h2>{name} <span class="count">{number(list.length)}</span></h2>
          {list.length === 0 ? <p class="muted">{t("adhocEmpty")}</p> : (
            <Table caption={name} columns={columns(i === 0, removed)} rows={list} id={(c) => c.id} attributes={() => ({ "data-testid": "computer-row" })} />
          )}
        </section>
      ))}
      <More next={p.load.next} busy={p.load.busy} load={p.load.more} />
    </>
  );
}

export function Computers(): JSX.Element {
  const [group, setGroup] = useState("");
  const [pages, setPages] = useState(1);
  const loaded = useLoad(async () => {
    const first = await computers.list(group);
    for (let i = 1; i < pages && first.next_cursor; i++) {
      const more = await computers.list(group, first.next_cursor);
      first.computers.push(...more.computers);
      first.next_cursor = more.next_cursor;
    }
    return first;
  }, [group, pages], true);
  const list = loaded.value;
  const actions = isAdministrator() && (
    <>
      <a class="button quiet" href="#/computers/import" data-testid="import">{t("import")}</a>
      <a class="button" href="#/computers/new" data-testid="add-computer">{t("addComputer")}</a>
    </>
  );
  const choose = (event: Event): void => {
    setPages(1);
    setGroup((event.target as HTMLSelectElement).value);
  };
  const named = list?.groups?.filter((g) => g.name && g.name !== "adhoc" && g.name !== "managed") ?? [];
  return (
    <section>
      <Title actions={actions}>{t("computers")}</Title>
      {!list ? <Loading error={loaded.failed} reload={loaded.reload} /> : (
        <>
          {list.licences && <Licences of={list.licences} />}
          <label class="filter"><span>{t("group")}</span>
            <select value={group} onChange={choose} data-testid="group-filter">
              <option value="">{t("f_every")}</option>
              <option value="adhoc">{t("adhocGroup")}</option>
              <option value="managed">{t("managedComputers")}</option>
              {named.map((g) => <option key={g.name} value={g.name}>{`${g.name} (${g.computers})`}</option>)}
            </select>
          </label>
          <Groups list={list.computers} load={{ next: list.next_cursor, busy: false, more: () => setPages(pages + 1) }} reload={loaded.reload} />
          {list.computers.length === 0 && <Empty title={t("noComputers")}>{t("noComputersHint")}</Empty>}
        </>
      )}
    </section>
  );
}
