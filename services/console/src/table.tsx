// One table for all lists: a caption, headers with a scope, and on a narrow screen one card for each row.
import type { ComponentChildren, JSX } from "preact";
import { t } from "./i18n";

export interface Column<T> {
  label: string;
  cell(row: T): ComponentChildren;
  actions?: boolean; // its header is for screen readers only
}

export interface Rows<T> {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  id(row: T): string;
  attributes?(row: T): Record<string, string>;
}

function Cell<T>(p: { column: Column<T>; row: T; head: boolean }): JSX.Element {
  const inside = p.column.cell(p.row);
  const what = { "data-label": p.column.actions ? "" : p.column.label, class: p.column.actions ? "actions" : undefined };
  return p.head ? <th scope="row" role="rowheader" {...what}>{inside}</th> : <td role="cell" {...what}>{inside}</td>;
}

export function Table<T>(p: Rows<T>): JSX.Element {
  return (
    <table role="table">
      <caption class="hidden">{p.caption}</caption>
      <thead role="rowgroup">
        <tr role="row">{p.columns.map((c) => <th key={c.label} scope="col" role="columnheader">{c.actions ? <span class="hidden">{c.label}</span> : c.label}</th>)}</tr>
      </thead>
      <tbody role="rowgroup">
        {p.rows.map((row) => <tr role="row" key={p.id(row)} data-id={p.id(row)} {...p.attributes?.(row)}>{p.columns.map((c, i) => <Cell key={c.label} column={c} row={row} head={i === 0} />)}</tr>)}
      </tbody>
    </table>
  );
}

export function More(p: { next: string | null; busy: boolean; load(): void }): JSX.Element | null {
  return p.next ? <p class="more"><button type="button" class="quiet" disabled={p.busy} onClick={p.load} data-testid="more">{t("more")}</button></p> : null;
}
