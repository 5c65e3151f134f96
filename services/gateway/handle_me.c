/* GET /v1/me, and the answer to a sign-in. */
#include "gateway.h"

#include <stdlib.h>
#include <string.h>

static json_t *permission_list(const char *text)
{
    json_t *list = json_array();
    while (*text) {
        size_t n = strcspn(text, ",");
        if (n > 0)
            json_array_append_new(list, json_stringn(text, n));
        text += n + (text[n] == ',');
    }
    return list;
}

void respond_me(struct call *c)
{
    const struct principal *p = &c->who;
    json_t *me = json_pack(
        "{s{ss ss ss ss so} s{ss ss ss ss} so s{si si}}", "technician", "id", p->technician, "name",
        json_text(p->person, "name", ""), "email", json_text(p->person, "email", ""), "role",
        p->administrator ? "administrator" : "technician", "permissions",
        permission_list(json_text(p->person, "permissions", "")), "company", "id", p->company, "name",
        json_text(p->firm, "name", ""), "contact", json_text(p->firm, "contact", ""), "plan",
        json_text(p->firm, "plan", ""), "csrf", p->csrf[0] ? json_string(p->csrf) : json_null(),
        "limits", "technician", atoi(json_text(p->firm, "limit_technician", "1")), "company",
        atoi(json_text(p->firm, "limit_company", "5")));
    json_object_set_new(me, "grant", grant_claims(p));
    respond_json(c->request, 200, me);
}

void handle_me(struct call *c)
{
    respond_me(c);
}
