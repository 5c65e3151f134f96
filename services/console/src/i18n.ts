// Texts of the console; English and German so far (README). Reasons come in all seven languages.
import { signal } from "@preact/signals";
import { type Language, languages, reasons, type ReasonCode } from "./generated/reasons";
import { de } from "./texts/de";
import { en, type Texts } from "./texts/en";

function preferred(): Language {
  const saved = localStorage.getItem("language") ?? navigator.language.slice(0, 2);
  return (languages as readonly string[]).includes(saved) ? (saved as Language) : "en";
}

export const language = signal<Language>(preferred());

export const t = (key: keyof Texts, n?: number): string => {
  const table: Partial<Record<Language, Texts>> = { en, de };
  return (table[language.value] ?? en)[key].replace("{n}", String(n ?? ""));
};

export function reasonText(code: string): string {
  const entry = reasons[code as ReasonCode] as { technician: Record<Language, string> } | undefined;
  return entry ? entry.technician[language.value] : code;
}

export const when = (iso: string | null): string =>
  iso ? new Intl.DateTimeFormat(language.value, { dateStyle: "short", timeStyle: "short" }).format(new Date(iso)) : "–";
