import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { computers } from "../api/computers";
import type { LineError } from "../http";
import { useAction } from "../hooks";
import { t } from "../i18n";
import { announce, go } from "../state";
import { Table } from "../table";
import { Refused, Title } from "../ui";

const EXAMPLE = "name,group,note\nRECEPTION-PC,Berlin,ground floor\n";

function Errors(p: { list: LineError[] }): JSX.Element | null {
  const rows = p.list.map((e, i) => ({ ...e, key: String(i) }));
  if (rows.length === 0) return null;
  return (
    <Table caption={t("importErrors")} rows={rows} id={(e) => e.key} attributes={() => ({ "data-testid": "line-error" })} columns={[
      { label: t("line"), cell: (e) => String(e.line) }, { label: t("column"), cell: (e) => e.column || "–" }, { label: t("problem"), cell: (e) => e.error },
    ]} />
  );
}

export function ImportComputers(): JSX.Element {
  const [csv, setCsv] = useState("");
  const action = useAction();
  const choose = async (event: Event): Promise<void> => {
    const file = (event.target as HTMLInputElement).files?.[0];
    if (file) setCsv(await file.text());
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void action.run(async () => {
      announce(t("imported", await computers.import(csv)));
      go("computers");
    });
  };
  return (
    <section>
      <Title back="computers">{t("import")}</Title>
      <form class="card" onSubmit={submit}>
        <p>{t("importHint")}</p>
        <pre>{EXAMPLE}</pre>
        <label class="field"><span>{t("file")}</span><input type="file" accept=".csv,text/csv" onChange={(e) => void choose(e)} data-testid="csv-file" /></label>
        <label class="field"><span>{t("list")}</span><textarea rows={8} required value={csv} onInput={(e) => setCsv((e.target as HTMLTextAreaElement).value)} spellcheck={false} data-testid="csv" /></label>
        <Refused error={action.refused} />
        <Errors list={action.refused?.errors ?? []} />
        <div class="row"><button type="submit" disabled={action.busy} data-testid="import-now">{t("import")}</button></div>
      </form>
    </section>
  );
}
