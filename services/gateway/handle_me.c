/* GET /v1/me, and the answer to a sign-in. */
#include "directory.h"

#include <stdlib.h>
#include <string.h>

void respond_me(struct call *c)
{
    const struct principal *p = &c->who;
    json_t *me = json_pack(
        "{s{ss ss ss ss so sb} s{ss ss ss ss} so so}", "technician", "id", p->technician, "name",
        json_text(p->person, "name", ""), "email", json_text(p->person, "email", ""), "role",
        p->administrator ? "administrator" : "technician", "permissions",
        list_view(json_text(p->person, "permissions", "")), "second_factor", *json_text(p->person, "totp", "") != '\0',
        "company", "id", p->company, "name",
        json_text(p->firm, "name", ""), "contact", json_text(p->firm, "contact", ""), "plan",
        json_text(p->firm, "plan", ""), "csrf", p->csrf[0] ? json_string(p->csrf) : json_null(),
        "limits", limits_view(p->firm));
    json_object_set_new(me, "grant", grant_claims(p));
    respond_json(c->request, 200, me);
}

void handle_me(struct call *c)
{
    respond_me(c);
}
