// S-62: the operator's page. The key stays in this page's memory; a reload asks for it again.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Company } from "../api/company";
import { operator, operatorKey } from "../api/operator";
import { formOf, pages, useAction, useLoad } from "../hooks";
import { number, t } from "../i18n";
import { type Column, More, Table } from "../table";
import { Empty, Field, Loading, Refused, Title } from "../ui";
import { NewCompany, OperatorCompany, Suspended } from "./operator-company";

function AskKey(): JSX.Element {
  const action = useAction();
  const submit = (event: SubmitEvent): void => {
    const key = formOf(event).text("key");
    void action.run(async () => {
      await operator.companies(null, key); // refuses a wrong one
      operatorKey.value = key;
    });
  };
  const wrong = action.refused?.reason === "unauthenticated";
  return (
    <form class="card narrow" onSubmit={submit}>
      <Title>{t("operator")}</Title>
      <p class="muted">{t("operatorHint")}</p>
      <Field label={t("operatorKey")} name="key" type="password" autocomplete="off" required data-testid="operator-key" />
      {wrong ? <p class="refusal" role="alert" data-reason="unauthenticated">{t("operatorKeyWrong")}</p> : <Refused error={action.refused} />}
      <button type="submit" disabled={action.busy} data-testid="operator-open">{t("open")}</button>
    </form>
  );
}

const columns = (): Column<Company>[] => [
  { label: t("company"), cell: (c) => <a href={`#/operator/${c.id}`}>{c.name}</a> },
  { label: t("plan"), cell: (c) => [c.plan, ...c.modules].join(" + ") },
  { label: t("seats"), cell: (c) => number(c.seats) },
  { label: t("limits"), cell: (c) => `${number(c.limits.technician)} / ${number(c.limits.company)}` },
  { label: t("state"), cell: (c) => <Suspended of={c} /> },
];

function Companies(): JSX.Element {
  const [n, setN] = useState(1);
  const list = useLoad(() => pages(n, operator.companies), [n]);
  const actions = (
    <>
      <button type="button" class="quiet" onClick={() => (operatorKey.value = "")}>{t("forgetKey")}</button>
      <a class="button" href="#/operator/new" data-testid="add-company">{t("addCompany")}</a>
    </>
  );
  return (
    <section>
      <Title actions={actions}>{t("companies")}</Title>
      {!list.value ? <Loading error={list.failed} reload={list.reload} /> : list.value.items.length === 0 ? <Empty title={t("noCompanies")} /> : (
        <>
          <Table caption={t("companies")} columns={columns()} rows={list.value.items} id={(c) => c.id} attributes={() => ({ "data-testid": "company-row" })} />
          <More next={list.value.next} busy={false} load={() => setN(n + 1)} />
        </>
      )}
    </section>
  );
}

export function Operator(p: { id: string }): JSX.Element {
  if (!operatorKey.value) return <AskKey />;
  if (p.id === "new") return <NewCompany />;
  return p.id ? <OperatorCompany key={p.id} id={p.id} /> : <Companies />;
}
