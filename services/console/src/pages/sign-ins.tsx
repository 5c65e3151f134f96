// S-70: where somebody is signed in, and the end of it (effective at once, open event streams included).
import type { JSX } from "preact";
import { company, type SignInRecord } from "../api/company";
import { sure } from "../confirm";
import { useAction, useLoad } from "../hooks";
import { t, when } from "../i18n";
import { announce } from "../state";
import { type Column, Table } from "../table";
import { Loading, Pill, Refused } from "../ui";

export function SignIns(p: { technician?: string; title: string }): JSX.Element {
  const list = useLoad(() => company.signIns(p.technician), [p.technician]);
  const action = useAction();
  const end = (ids: string[]): void =>
    void action.run(async () => {
      for (const id of ids) await company.endSignIn(id);
      announce(t("signInEnded"));
      list.reload();
    });
  const others = list.value?.filter((s) => !s.current).map((s) => s.id) ?? [];
  const endAll = async (): Promise<void> => {
    if (await sure(t("endOthersSure"), t("endOthers"))) end(others);
  };
  const columns: Column<SignInRecord>[] = [
    { label: t("browser"), cell: (s) => <>{s.user_agent || "–"} {s.current && <Pill kind="good">{t("thisOne")}</Pill>}</> },
    { label: t("address"), cell: (s) => s.address ?? "–" },
    { label: t("since"), cell: (s) => when(s.created_at) },
    { label: t("how"), cell: (s) => (s.method === "oidc" ? t("sso") : t("password")) },
    { label: t("actions"), actions: true, cell: (s) => !s.current && <button type="button" class="quiet" disabled={action.busy} onClick={() => end([s.id])} aria-label={`${t("revoke")}: ${s.user_agent}, ${when(s.created_at)}`} data-testid="revoke-sign-in">{t("revoke")}</button> },
  ];
  return (
    <section aria-label={p.title} class="group">
      <div class="bar"><h2>{p.title}</h2>{!p.technician && others.length > 1 && <button type="button" class="quiet" disabled={action.busy} onClick={() => void endAll()}>{t("endOthers")}</button>}</div>
      <Refused error={action.refused} />
      {!list.value ? <Loading error={list.failed} reload={list.reload} /> : list.value.length === 0 ? <p class="muted">{t("noSignIns")}</p> : (
        <Table caption={p.title} columns={columns} rows={list.value} id={(s) => s.id} attributes={() => ({ "data-testid": "sign-in-row" })} />
      )}
    </section>
  );
}
