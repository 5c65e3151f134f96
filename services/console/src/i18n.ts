// Texts of the console in the seven languages; the language is the browser's until another is chosen.
import { signal } from "@preact/signals";
import { events } from "./generated/events";
import { type Language, languages, reasons, type ReasonCode } from "./generated/reasons";
import { de } from "./texts/de";
import { en, type Texts } from "./texts/en";
import { es } from "./texts/es";
import { fr } from "./texts/fr";
import { it } from "./texts/it";
import { nl } from "./texts/nl";
import { pt } from "./texts/pt";

export type Key = keyof Texts;

const tables: Record<Language, Texts> = { en, de, fr, es, it, pt, nl };

function preferred(): Language {
  const wanted = [localStorage.getItem("language") ?? "", ...navigator.languages.map((l) => l.slice(0, 2))];
  return (wanted.find((l) => (languages as readonly string[]).includes(l)) as Language | undefined) ?? "en";
}

export const language = signal<Language>(preferred());

// {n} in a text is replaced by n.
export const t = (key: Key, n?: number | string): string => tables[language.value][key].replace("{n}", String(n ?? ""));

export function reasonText(code: string): string {
  const entry = reasons[code as ReasonCode] as { technician: Record<Language, string> } | undefined;
  return entry ? entry.technician[language.value] : code;
}

// What a record of the audit log is called; "session.*": all of a kind.
export const eventText = (type: string): string => events[type]?.[language.value] ?? type;

export const languageName = (of: string, shownIn: string = language.value): string => new Intl.DisplayNames([shownIn], { type: "language" }).of(of) ?? of;

// Dates as the browser's region writes them, as long as that region speaks the language.
const region = (): string => navigator.languages.find((l) => l.slice(0, 2) === language.value) ?? language.value;

export const when = (iso: string | null | undefined): string =>
  iso ? new Intl.DateTimeFormat(region(), { dateStyle: "short", timeStyle: "short" }).format(new Date(iso)) : "–";

export const exactly = (iso: string): string => new Intl.DateTimeFormat(region(), { dateStyle: "short", timeStyle: "medium" }).format(new Date(iso));

export const number = (n: number): string => new Intl.NumberFormat(region()).format(n);
