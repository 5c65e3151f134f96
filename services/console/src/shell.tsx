// What is around every page: navigation by role, language, theme, the person.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { api } from "./api";
import { Confirm } from "./confirm";
import { languages, type Language } from "./generated/reasons";
import { language, type Key, languageName, t } from "./i18n";
import { go, isAdministrator, me, offered, route, say } from "./state";
import { Announcement, HelpLink, Notice } from "./ui";

interface Entry {
  to: string;
  text: Key;
  administrator?: boolean;
}

const SECTIONS: { title: Key; entries: Entry[] }[] = [
  { title: "support", entries: [{ to: "sessions", text: "adhoc" }, { to: "computers", text: "computers" }] },
  {
    title: "administration",
    entries: [
      { to: "team", text: "team", administrator: true }, { to: "company", text: "company" }, { to: "keys", text: "keys" },
      { to: "webhooks", text: "webhooks", administrator: true }, { to: "audit", text: "audit", administrator: true },
    ],
  },
];

const shown = (e: Entry): boolean => (!e.administrator || isAdministrator()) && offered(e.to);

function Navigation(p: { open: boolean }): JSX.Element {
  const here = route.value.split("/")[0] || "sessions";
  const at = here === "new" ? "sessions" : here;
  const link = (to: string, text: string): JSX.Element => <a key={to} href={`#/${to}`} aria-current={at === to ? "page" : undefined} data-testid={`nav-${to}`}>{text}</a>;
  return (
    <nav id="navigation" class={p.open ? "side open" : "side"} aria-label={t("navigation")}>
      {SECTIONS.map((s) => (
        <div key={s.title} role="group" aria-label={t(s.title)}>
          <p aria-hidden="true">{t(s.title)}</p>
          {s.entries.filter(shown).map((e) => link(e.to, t(e.text)))}
        </div>
      ))}
      <div role="group" aria-label={t("you")}>
        <p aria-hidden="true">{t("you")}</p>
        {link("account", t("account"))}
        <HelpLink />
      </div>
    </nav>
  );
}

function toggleTheme(): void {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

function choose(event: Event): void {
  language.value = (event.target as HTMLSelectElement).value as Language;
  localStorage.setItem("language", language.value);
  document.documentElement.lang = language.value;
}

async function signOut(): Promise<void> {
  await api.signOut().catch(say);
  sessionStorage.clear();
  me.value = null;
  go("");
  location.reload(); // nothing of the last person stays in memory
}

function Top(p: { menu: boolean; open: boolean; toggle(): void }): JSX.Element {
  return (
    <header class="top">
      <button type="button" class="skip" onClick={() => document.getElementById("main")?.focus()}>{t("skip")}</button>
      {p.menu && <button type="button" class="quiet menu" aria-expanded={p.open} aria-controls="navigation" onClick={p.toggle}>☰ <span>{t("menu")}</span></button>}
      <a href="#/sessions" class="brand"><img src="/icon.svg" alt="" width="24" height="24" />Beistand</a>
      <span class="grow" />
      <select aria-label={t("chooseLanguage")} value={language.value} onChange={choose} data-testid="language">{languages.map((l) => <option key={l} value={l} lang={l}>{languageName(l, l)}</option>)}</select>
      <button type="button" class="quiet" onClick={toggleTheme} aria-label={t("theme")} data-testid="theme">◐</button>
      {me.value && <span class="who">{me.value.technician.name}<small>{me.value.company.name}</small></span>}
      {me.value && <button type="button" class="quiet" onClick={() => void signOut()} data-testid="sign-out">{t("signOut")}</button>}
    </header>
  );
}

export function Shell(p: { children: ComponentChildren; plain: boolean }): JSX.Element {
  const open = useSignal(false);
  useEffect(() => void (open.value = false), [route.value]);
  return (
    <>
      <Top menu={!p.plain} open={open.value} toggle={() => (open.value = !open.value)} />
      <div class={p.plain ? "" : "with-side"}>
        {!p.plain && <Navigation open={open.value} />}
        <main id="main" tabIndex={-1}>
          <Notice />
          {p.children}
        </main>
      </div>
      <Announcement />
      <Confirm />
    </>
  );
}
