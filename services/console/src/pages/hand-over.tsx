// S-29: an administrator gives an open session to a colleague.
import type { JSX } from "preact";
import { api, type Session } from "../api";
import { company } from "../api/company";
import { formOf, useAction, useLoad } from "../hooks";
import { t } from "../i18n";
import { announce, put } from "../state";
import { Choice, Loading, Refused } from "../ui";

export function HandOver(p: { session: Session }): JSX.Element {
  const people = useLoad(company.everybody, []);
  const action = useAction();
  const able = people.value?.filter((x) => x.id !== p.session.technician.id && !x.disabled && x.permissions.includes("adhoc_support"));
  const submit = (event: SubmitEvent): void => {
    const technician = formOf(event).text("technician");
    void action.run(async () => {
      put(await api.handOver(p.session.id, technician));
      announce(t("handedOver"));
    });
  };
  return (
    <form class="card wide" onSubmit={submit} data-testid="hand-over">
      <h2>{t("handOver")}</h2>
      <p class="muted">{t("handOverHint")}</p>
      {!able ? <Loading error={people.failed} reload={people.reload} /> : able.length === 0 ? <p>{t("handOverNobody")}</p> : (
        <>
          <Choice label={t("colleague")} name="technician" options={able.map((x) => [x.id, `${x.name} (${x.email})`])} data-testid="colleague" />
          <Refused error={action.refused} />
          <div class="row"><button type="submit" class="quiet" disabled={action.busy} data-testid="hand-over-now">{t("handOver")}</button></div>
        </>
      )}
    </form>
  );
}
