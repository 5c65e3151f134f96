// S-70: API keys. A key acts as the person who made it, within its scopes; it is shown once.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import type { Page } from "../api";
import { type ApiKey, company } from "../api/company";
import { sure } from "../confirm";
import { formOf, pages, useAction, useLoad } from "../hooks";
import { t, when } from "../i18n";
import { announce, isAdministrator, me } from "../state";
import { type Column, More, Table } from "../table";
import { Choice, Empty, Field, Group, Loading, Once, Pill, Refused, Title } from "../ui";

const AREAS = ["all", "sessions", "computers", "company", "audit", "webhooks"] as const;

function Expiry(p: { of: ApiKey }): JSX.Element {
  if (!p.of.expires_at) return <>{t("never")}</>;
  return new Date(p.of.expires_at) < new Date() ? <Pill kind="bad">{t("expired")}</Pill> : <>{when(p.of.expires_at)}</>;
}

function columns(names: Map<string, string>, revoke: (k: ApiKey) => void): Column<ApiKey>[] {
  const all: Column<ApiKey>[] = [{ label: t("name"), cell: (k) => k.name || "–" }, { label: t("scopes"), cell: (k) => <span class="tags">{k.scopes.map((s) => <code key={s}>{s}</code>)}</span> }];
  if (isAdministrator()) all.push({ label: t("person"), cell: (k) => names.get(k.technician) ?? k.technician.slice(-6) });
  return [
    ...all, { label: t("created"), cell: (k) => when(k.created_at) }, { label: t("expires"), cell: (k) => <Expiry of={k} /> },
    { label: t("actions"), actions: true, cell: (k) => <button type="button" class="quiet" onClick={() => revoke(k)} aria-label={`${t("revoke")}: ${k.name}`} data-testid="revoke-key">{t("revoke")}</button> },
  ];
}

async function load(n: number): Promise<Page<ApiKey> & { names: Map<string, string> }> {
  const list = await pages(n, company.keys);
  const people = isAdministrator() ? await company.everybody() : [me.value!.technician];
  return { ...list, names: new Map(people.map((x) => [x.id, x.name])) };
}

export function Keys(): JSX.Element {
  const [n, setN] = useState(1);
  const loaded = useLoad(() => load(n), [n], true);
  const action = useAction();
  const revoke = async (k: ApiKey): Promise<void> => {
    if (!(await sure(t("revokeKeySure", k.name), t("revoke")))) return;
    if (await action.run(() => company.revokeKey(k.id))) announce(t("revoked"));
    loaded.reload();
  };
  const list = loaded.value;
  return (
    <section>
      <Title actions={<a class="button" href="#/keys/new" data-testid="new-key">{t("newKey")}</a>}>{t("keys")}</Title>
      <p class="muted">{t("keysHint")} <a href="/openapi.json" target="_blank" rel="noreferrer">OpenAPI</a></p>
      <Refused error={action.refused} />
      {!list ? <Loading error={loaded.failed} reload={loaded.reload} /> : list.items.length === 0 ? <Empty title={t("noKeys")} /> : (
        <>
          <Table caption={t("keys")} columns={columns(list.names, (k) => void revoke(k))} rows={list.items} id={(k) => k.id} attributes={(k) => ({ "data-testid": "key-row", "data-name": k.name })} />
          <More next={list.next} busy={false} load={() => setN(n + 1)} />
        </>
      )}
    </section>
  );
}

function Scopes(): JSX.Element {
  return (
    <Group legend={t("scopes")} hint={t("scopesHint")}>
      <div class="scopes">
        {AREAS.map((area) => (
          <label key={area} class="filter"><span>{t(`sc_${area}`)}</span>
            <select name="scope" data-testid={`scope-${area}`}>
              <option value="">{t("noAccess")}</option>
              <option value={`${area}:read`}>{t("readOnly")}</option>
              <option value={area}>{t("readWrite")}</option>
            </select>
          </label>
        ))}
      </div>
    </Group>
  );
}

export function NewKey(): JSX.Element {
  const action = useAction();
  const [made, setMade] = useState<ApiKey | null>(null);
  const [none, setNone] = useState(false);
  const submit = (event: SubmitEvent): void => {
    const form = formOf(event);
    const scopes = form.all("scope").filter(Boolean);
    const days = Number(form.text("days"));
    setNone(scopes.length === 0);
    if (scopes.length > 0) void action.run(async () => setMade(await company.makeKey({ name: form.text("name"), scopes, ...(days ? { expires_in_days: days } : {}) })));
  };
  return (
    <section>
      <Title back="keys">{t("newKey")}</Title>
      {made ? (
        <Once title={made.name} hint={t("keyOnce")} text={made.key ?? ""} testid="key"><div class="row"><a class="button" href="#/keys" data-testid="key-noted">{t("done")}</a></div></Once>
      ) : (
        <form class="card" onSubmit={submit}>
          <Field label={t("name")} hint={t("keyNameHint")} name="name" required maxLength={200} autocomplete="off" data-testid="key-name" />
          <Scopes />
          {none && <p class="refusal" role="alert">{t("chooseScope")}</p>}
          <Choice label={t("expires")} name="days" defaultValue="365" options={[["30", t("days", 30)], ["90", t("days", 90)], ["365", t("days", 365)], ["", t("never")]]} data-testid="key-days" />
          <Refused error={action.refused} />
          <div class="row"><button type="submit" disabled={action.busy} data-testid="make-key">{t("newKey")}</button></div>
        </form>
      )}
    </section>
  );
}
