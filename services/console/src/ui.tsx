// Small pieces of the pages.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { language, reasonText, t } from "./i18n";
import type { ApiError } from "./http";
import { announce, announcement, notice } from "./state";

let navigated = false;
window.addEventListener("hashchange", () => (navigated = true));

// The page's heading: it takes the focus when the page was changed, so that the keyboard goes on from here.
export function Title(p: { children: ComponentChildren; name?: string; back?: string; actions?: ComponentChildren }): JSX.Element {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (navigated) heading.current?.focus();
    window.scrollTo(0, 0);
  }, []);
  const name = p.name ?? String(p.children);
  useEffect(() => void (document.title = `${name} · Beistand`), [name]);
  return (
    <header class="head">
      {p.back !== undefined && <a class="back" href={`#/${p.back}`}>{t("back")}</a>}
      <div class="bar">
        <h1 ref={heading} tabIndex={-1}>{p.children}</h1>
        {p.actions && <div class="row">{p.actions}</div>}
      </div>
    </header>
  );
}

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

export function Choice(p: { label: string; hint?: string; options: [string, string][] } & JSX.SelectHTMLAttributes<HTMLSelectElement>): JSX.Element {
  const { label, hint, options, defaultValue, ...select } = p; // Preact knows no defaultValue of a select
  return (
    <label class="field">
      <span>{label}</span>
      <select {...select}>{options.map(([value, text]) => <option key={value} value={value} selected={value === defaultValue}>{text}</option>)}</select>
      {hint && <small>{hint}</small>}
    </label>
  );
}

export function Check(p: { label: string; hint?: string } & JSX.InputHTMLAttributes<HTMLInputElement>): JSX.Element {
  const { label, hint, ...input } = p;
  return (
    <label class="check">
      <input type="checkbox" {...input} />
      <span>{label}{hint && <small>{hint}</small>}</span>
    </label>
  );
}

export function Group(p: { legend: string; hint?: string; children: ComponentChildren }): JSX.Element {
  return (
    <fieldset>
      <legend>{p.legend}</legend>
      {p.hint && <small>{p.hint}</small>}
      {p.children}
    </fieldset>
  );
}

export const HelpLink = (p: { reason?: string }): JSX.Element => (
  <a href={`/help?lang=${language.value}${p.reason ? `#${p.reason}` : ""}`} target="_blank" rel="noreferrer">{t("help")}</a>
);

export function Refusal(p: { reason: string; detail?: string }): JSX.Element {
  return (
    <p class="refusal" role="alert" data-testid="refusal" data-reason={p.reason}>
      {reasonText(p.reason)} {p.detail} <HelpLink reason={p.reason} />
    </p>
  );
}

// What the last action was refused for; somebody else's change in between is said in words of its own.
export function Refused(p: { error: ApiError | null }): JSX.Element | null {
  return p.error && <Refusal reason={p.error.reason} detail={p.error.detail} />;
}

export function Notice(): JSX.Element | null {
  if (!notice.value) return null;
  return (
    <div class="notice">
      <Refusal reason={notice.value.reason} detail={notice.value.detail} />
      <button type="button" class="quiet" onClick={() => (notice.value = null)} aria-label={t("close")}>×</button>
    </div>
  );
}

export function Announcement(): JSX.Element {
  return <div class="toast" role="status" aria-live="polite" data-testid="announcement">{announcement.value}</div>;
}

export function Pill(p: { kind?: "good" | "warn" | "bad" | "plain"; children: ComponentChildren; testid?: string }): JSX.Element {
  return <span class={`pill ${p.kind ?? "plain"}`} data-testid={p.testid}>{p.children}</span>;
}

export function Loading(p: { error?: ApiError | null; reload?: () => void }): JSX.Element {
  if (!p.error) return <p class="muted" role="status">{t("loading")}</p>;
  return (
    <div class="stack">
      <Refusal reason={p.error.reason} detail={p.error.detail} />
      {p.reload && <p><button type="button" class="quiet" onClick={p.reload}>{t("tryAgain")}</button></p>}
    </div>
  );
}

export function Empty(p: { title: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty" data-testid="empty">
      <p><strong>{p.title}</strong></p>
      {p.children && <p>{p.children}</p>}
    </div>
  );
}

export function Copy(p: { text: string; label?: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(p.text);
    setCopied(true);
    announce(t("copied"));
  };
  return <button type="button" class="quiet" onClick={() => void copy().catch(() => {})}>{copied ? t("copied") : (p.label ?? t("copy"))}</button>;
}

// A secret or one-time link that is not shown again.
export function Once(p: { title: string; hint: string; text: string; testid: string; children?: ComponentChildren }): JSX.Element {
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <section class="card once" aria-label={p.title} ref={box} tabIndex={-1}>
      <h2>{p.title}</h2>
      <p>{p.hint}</p>
      <div class="row"><code class="link" data-testid={p.testid}>{p.text}</code><Copy text={p.text} /></div>
      {p.children}
    </section>
  );
}
