import type { JSX } from "preact";
import { company, type Person } from "../api/company";
import { useLoad } from "../hooks";
import { t } from "../i18n";
import { me } from "../state";
import { type Column, Table } from "../table";
import { Loading, Pill, Title } from "../ui";

export function Standing(p: { of: Person }): JSX.Element {
  if (p.of.disabled) return <Pill kind="bad">{t("disabled")}</Pill>;
  return p.of.password_set ? <Pill kind="good">{t("enabled")}</Pill> : <Pill kind="warn">{t("noPassword")}</Pill>;
}

export const permissionList = (list: string[]): string => list.map((x) => t(`p_${x}` as "p_adhoc_support")).join(", ") || "–";

const columns = (): Column<Person>[] => [
  { label: t("name"), cell: (x) => <a href={`#/team/${x.id}`}>{x.name}{x.id === me.value?.technician.id && ` (${t("itsYou")})`}</a> },
  { label: t("email"), cell: (x) => x.email },
  { label: t("role"), cell: (x) => t(`role_${x.role}`) },
  { label: t("permissions"), cell: (x) => permissionList(x.permissions) },
  { label: t("secondFactor"), cell: (x) => (x.second_factor ? t("on") : t("off")) },
  { label: t("state"), cell: (x) => <Standing of={x} /> },
];

export function Team(): JSX.Element {
  const people = useLoad(company.everybody, [], true);
  return (
    <section>
      <Title actions={<a class="button" href="#/team/new" data-testid="add-person">{t("addPerson")}</a>}>{t("team")}</Title>
      {people.value ? <Table caption={t("team")} columns={columns()} rows={people.value} id={(x) => x.id} attributes={(x) => ({ "data-testid": "person-row", "data-email": x.email })} /> : <Loading error={people.failed} reload={people.reload} />}
    </section>
  );
}
