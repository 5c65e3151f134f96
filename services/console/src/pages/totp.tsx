// S-70: a second factor (an authenticator app), and the recovery codes that are shown once.
import { useState } from "preact/hooks";
import type { JSX } from "preact";
import { api } from "../api";
import { account } from "../api/company";
import { sure } from "../confirm";
import { formOf, useAction } from "../hooks";
import { t } from "../i18n";
import { Qr } from "../qr";
import { announce, me } from "../state";
import { Copy, Field, Pill, Refused } from "../ui";

const again = async (): Promise<void> => void (me.value = await api.me());

function SetUp(p: { secret: string; uri: string; done(codes: string[]): void; cancel(): void }): JSX.Element {
  const action = useAction();
  const submit = (event: SubmitEvent): void => {
    const code = formOf(event).text("code").replace(/\s/g, "");
    void action.run(async () => p.done(await account.confirmTotp(code)));
  };
  const wrong = action.refused?.reason === "second_factor_required";
  return (
    <form class="stack" onSubmit={submit}>
      <ol>
        <li>{t("totpScan")}</li>
        <li>{t("totpType")}</li>
      </ol>
      <Qr text={p.uri} label={t("qr")} />
      <p>{t("totpByHand")} <code class="link" data-testid="totp-secret">{p.secret}</code></p>
      <Field label={t("totpCode")} name="code" inputMode="numeric" pattern="[0-9 ]{6,7}" autocomplete="one-time-code" required data-testid="totp-code" />
      {wrong ? <p class="refusal" role="alert" data-reason="second_factor_required">{t("totpWrong")}</p> : <Refused error={action.refused} />}
      <div class="row">
        <button type="submit" disabled={action.busy} data-testid="totp-confirm">{t("switchOn")}</button>
        <button type="button" class="quiet" onClick={p.cancel}>{t("cancel")}</button>
      </div>
    </form>
  );
}

function Recovery(p: { codes: string[]; noted(): void }): JSX.Element {
  const text = p.codes.join("\n");
  return (
    <section class="card inner once" aria-label={t("recovery")}>
      <h3>{t("recovery")}</h3>
      <p>{t("recoveryHint")}</p>
      <ul class="codes" data-testid="recovery-codes">{p.codes.map((c) => <li key={c}><code>{c}</code></li>)}</ul>
      <div class="row">
        <Copy text={text} />
        <a class="button quiet" href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`} download="beistand-recovery-codes.txt">{t("download")}</a>
        <button type="button" onClick={p.noted} data-testid="codes-noted">{t("codesNoted")}</button>
      </div>
    </section>
  );
}

export function SecondFactor(): JSX.Element {
  const action = useAction();
  const [begun, setBegun] = useState<{ secret: string; otpauth_uri: string } | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const on = me.value!.technician.second_factor;
  const done = (list: string[]): void => {
    setCodes(list);
    setBegun(null);
    announce(t("factorIsOn"));
    void again().catch(() => {});
  };
  const off = async (): Promise<void> => {
    if (!(await sure(t("factorOffMineSure"), t("switchOff")))) return;
    await action.run(async () => {
      await account.removeTotp();
      setCodes(null);
      await again();
      announce(t("factorIsOff"));
    });
  };
  return (
    <section class="card" aria-label={t("secondFactor")}>
      <h2>{t("secondFactor")} <Pill kind={on ? "good" : "plain"} testid="factor-state">{on ? t("on") : t("off")}</Pill></h2>
      {!begun && !codes && <p class="muted">{t("factorHint")}</p>}
      <Refused error={action.refused} />
      {codes && <Recovery codes={codes} noted={() => setCodes(null)} />}
      {begun && <SetUp secret={begun.secret} uri={begun.otpauth_uri} done={done} cancel={() => setBegun(null)} />}
      {!on && !begun && !codes && <div class="row"><button type="button" disabled={action.busy} onClick={() => void action.run(async () => setBegun(await account.beginTotp()))} data-testid="totp-begin">{t("setUp")}</button></div>}
      {on && !codes && <div class="row"><button type="button" class="quiet" disabled={action.busy} onClick={() => void off()} data-testid="totp-off">{t("switchOff")}</button></div>}
    </section>
  );
}
