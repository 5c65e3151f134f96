import { render } from "preact";
import type { JSX } from "preact";
import { language, t } from "./i18n";
import { Account } from "./pages/account";
import { AuditLog } from "./pages/audit";
import { CompanyPage } from "./pages/company";
import { ComputerPage, NewComputer } from "./pages/computer";
import { ImportComputers } from "./pages/computer-import";
import { Computers } from "./pages/computers";
import { Keys, NewKey } from "./pages/keys";
import { NewSession } from "./pages/new-session";
import { Operator } from "./pages/operator";
import { NewPersonPage, PersonPage } from "./pages/person";
import { Remote } from "./pages/remote";
import { SessionPage } from "./pages/session";
import { Sessions } from "./pages/sessions";
import { Activate, SignIn } from "./pages/sign-in";
import { Team } from "./pages/team";
import { NewWebhook, WebhookPage, Webhooks } from "./pages/webhooks";
import { isAdministrator, me, offered, ready, route, start } from "./state";
import { Shell } from "./shell";
import { Empty, Title } from "./ui";

function NothingHere(): JSX.Element {
  return (
    <>
      <Title>{t("nothingHere")}</Title>
      <Empty title={t("nothingHereText")} />
    </>
  );
}

type Pages = Record<string, (id: string, part: string) => JSX.Element>;

const PAGES: Pages = {
  "": () => <Sessions />,
  sessions: (id, part) => (!id ? <Sessions /> : part === "remote" ? <Remote key={id} id={id} /> : <SessionPage key={id} id={id} />),
  new: () => <NewSession />,
  computers: (id) => (!id ? <Computers /> : id === "new" ? <NewComputer /> : id === "import" ? <ImportComputers /> : <ComputerPage key={id} id={id} />),
  keys: (id) => (id === "new" ? <NewKey /> : <Keys />),
  company: () => <CompanyPage />,
  account: () => <Account />,
};

const FOR_ADMINISTRATORS: Pages = {
  team: (id) => (!id ? <Team /> : id === "new" ? <NewPersonPage /> : <PersonPage key={id} id={id} />),
  webhooks: (id) => (!id ? <Webhooks /> : id === "new" ? <NewWebhook /> : <WebhookPage key={id} id={id} />),
  audit: () => <AuditLog />,
};

function Page(): JSX.Element {
  const [first, id = "", part = ""] = route.value.split("/");
  if (first === "activate" && id) return <Activate token={id} />;
  if (first === "operator") return <Operator id={id} />;
  if (!me.value) return <SignIn />;
  if (first === "sign-in" || first === "sso") return <Sessions />;
  const page = PAGES[first] ?? (isAdministrator() && offered(first) ? FOR_ADMINISTRATORS[first] : undefined);
  return page ? page(id, part) : <NothingHere />;
}

function App(): JSX.Element {
  const [first, , part] = route.value.split("/");
  const plain = !me.value || first === "activate" || first === "operator" || part === "remote";
  return <Shell plain={plain}>{ready.value ? <Page /> : <p role="status">{t("loading")}</p>}</Shell>;
}

const theme = localStorage.getItem("theme");
if (theme) document.documentElement.dataset.theme = theme;
document.documentElement.lang = language.value;
render(<App />, document.getElementById("app")!);
void start();
