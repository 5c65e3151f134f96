// What both the session's page and the refusal that names an open session can do with it.
import { api, type Session } from "./api";
import { newDigits, newPassword } from "./channel/code";
import { sure } from "./confirm";
import { t } from "./i18n";
import { announce, digitsOf, passwords, prefixes, put, say } from "./state";

export const nameOf = (s: Session): string => s.customer_name || s.customer_email || s.machine?.name || s.id.slice(-6);

export function remember(made: Session, password: string): void {
  digitsOf.set(made.id, newDigits());
  passwords.set(made.id, password);
  prefixes.value = { ...prefixes.value, [made.id]: made.code_prefix ?? "" };
  put(made);
}

// True when there is a new link and code.
export async function sendAgain(id: string): Promise<boolean> {
  try {
    remember(await api.inviteAgain(id), passwords.get(id) ?? newPassword());
    announce(t("sentAgain"));
    return true;
  } catch (e) {
    say(e);
    return false;
  }
}

export async function endNow(id: string): Promise<boolean> {
  if (!(await sure(t("endSure"), t("end")))) return false;
  try {
    put(await api.end(id));
    return true;
  } catch (e) {
    say(e);
    return false;
  }
}
