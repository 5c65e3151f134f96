import { render } from "preact";
import type { JSX } from "preact";
import { api } from "./api";
import { languages, type Language } from "./generated/reasons";
import { language, t } from "./i18n";
import { NewSession, Sessions } from "./pages/sessions";
import { Remote } from "./pages/remote";
import { SessionPage } from "./pages/session";
import { Activate, SignIn } from "./pages/sign-in";
import { go, me, ready, route, say, start } from "./state";
import { Notice } from "./ui";

function Page(): JSX.Element {
  const [first, id, part] = route.value.split("/");
  if (first === "activate" && id) return <Activate token={id} />;
  if (!me.value) return <SignIn />;
  if (first === "new") return <NewSession />;
  if (first === "sessions" && id) return part === "remote" ? <Remote key={id} id={id} /> : <SessionPage key={id} id={id} />;
  return <Sessions />;
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

function App(): JSX.Element {
  return (
    <>
      <nav aria-label="Beistand">
        <a href="#/sessions" class="brand">Beistand</a>
        <span class="grow" />
        <select aria-label={t("language")} value={language.value} onChange={choose}>{languages.map((l) => <option key={l} value={l}>{l}</option>)}</select>
        <button type="button" class="quiet" onClick={toggleTheme} aria-label={t("theme")}>◐</button>
        {me.value && <><span>{me.value.technician.name}</span><button type="button" class="quiet" onClick={() => void signOut()} data-testid="sign-out">{t("signOut")}</button></>}
      </nav>
      <main>
        <Notice />
        {ready.value ? <Page /> : <p>…</p>}
      </main>
    </>
  );
}

const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
document.documentElement.lang = language.value;
render(<App />, document.getElementById("app")!);
void start();
