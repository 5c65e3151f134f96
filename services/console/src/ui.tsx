// Small pieces of the pages.
import type { ComponentChildren, JSX } from "preact";
import { reasonText, t } from "./i18n";
import { notice } from "./state";

export function Field(p: { label: string; hint?: string; children?: ComponentChildren } & JSX.InputHTMLAttributes<HTMLInputElement>): JSX.Element {
  const { label, hint, children, ...input } = p;
  return (
    <label class="field">
      <span>{label}</span>
      <span class="row">
        <input {...input} />
        {children}
      </span>
      {hint && <small>{hint}</small>}
    </label>
  );
}

export function Refusal(p: { reason: string; detail?: string }): JSX.Element {
  return (
    <p class="refusal" role="alert" data-testid="refusal" data-reason={p.reason}>
      {reasonText(p.reason)} {p.detail} <a href={`/help#${p.reason}`} target="_blank" rel="noreferrer">{t("help")}</a>
    </p>
  );
}

export function Notice(): JSX.Element | null {
  if (!notice.value) return null;
  return (
    <div class="notice">
      <Refusal reason={notice.value.reason} detail={notice.value.detail} />
      <button type="button" class="quiet" onClick={() => (notice.value = null)} aria-label={t("cancel")}>×</button>
    </div>
  );
}
