/* GET and PATCH /v1/company, and what the operator may set beyond that. */
#include "directory.h"
#include "oidc.h"

#include "common/seal.h"
#include "generated/plans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URL_MAX = 500, CLIENT_MAX = 300, SEATS_MAX = 1000000, LIMIT_MAX = 100000 };

/* ---- fields of a body, into ch->set. Each: NULL, or what is wrong. ---- */

static const char *set_line(struct change *ch, const char *member, bool may_be_empty)
{
    const json_t *value = json_object_get(ch->call->body, member);
    const char *text;
    if (!value)
        return NULL;
    if (json_field(ch->call->body, member, NAME_BYTES_MAX, &text) != 0 || !text || strpbrk(text, "\n\t") ||
        (!*text && !may_be_empty))
        return "name and contact are one line of text of at most 200 bytes.";
    change_set(ch, member, text);
    return NULL;
}

/* An issuer has neither query nor fragment (OpenID Connect Discovery 1.0, section 3), and sign-in must be able to ask it. */
static bool good_issuer(const struct gateway *g, const char *url)
{
    return oidc_good_url(g, url) && !strpbrk(url, "?#") && strlen(strstr(url, "//")) > 3;
}

static const char *set_oidc(struct change *ch)
{
    static const char *const members[] = {"issuer", "client_id", "client_secret", NULL};
    static const char wrong[] = "oidc is null or {issuer: URL, client_id, client_secret}.";
    const json_t *oidc = json_object_get(ch->call->body, "oidc");
    const char *issuer, *client, *secret;
    char place[64];
    if (!oidc)
        return NULL;
    if (json_is_null(oidc)) {
        change_set(ch, "oidc_issuer", NULL);
        change_set(ch, "oidc_client_id", NULL);
        change_set(ch, "oidc_secret", NULL);
        return NULL;
    }
    if (!json_is_object(oidc) || json_unknown_member(oidc, members) || json_field(oidc, "issuer", URL_MAX, &issuer) != 0 ||
        json_field(oidc, "client_id", CLIENT_MAX, &client) != 0 ||
        json_field(oidc, "client_secret", CLIENT_MAX, &secret) != 0 || !issuer || !good_issuer(ch->call->gateway, issuer) ||
        !one_line(client, CLIENT_MAX) || (secret && !one_line(secret, CLIENT_MAX)))
        return wrong;
    change_set(ch, "oidc_issuer", issuer);
    change_set(ch, "oidc_client_id", client);
    if (!secret)
        return NULL;
    snprintf(place, sizeof place, "oidc:%s", ch->company);
    char *sealed = seal_text(ch->call->gateway->seal_keys, place, secret);
    change_set(ch, "oidc_secret", sealed);
    free(sealed);
    return NULL;
}

static const char *set_number(struct change *ch, const json_t *from, const char *member, const char *field, json_int_t max)
{
    const json_t *value = json_object_get(from, member);
    char text[24];
    if (!value)
        return NULL;
    if (json_is_null(value) && strncmp(field, "limit_", 6) == 0) {
        change_set(ch, field, NULL); /* the plan's from now on */
        return NULL;
    }
    if (!json_is_integer(value) || json_integer_value(value) < 0 || json_integer_value(value) > max)
        return "seats and limits are whole numbers from 0, a limit null for the plan's.";
    snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    change_set(ch, field, text);
    return NULL;
}

static bool known_module(const char *name, size_t size)
{
    size_t n;
    const struct plan *plans = plan_list(&n);
    for (size_t i = 0; i < n; i++) {
        for (const char *at = plans[i].modules; (at = strstr(at, name)); at++)
            if (at > plans[i].modules && at[-1] == ',' && at[size] == ':')
                return true;
    }
    return false;
}

static const char *set_modules(struct change *ch)
{
    const json_t *modules = json_object_get(ch->call->body, "modules");
    if (!modules)
        return NULL;
    char *text = list_text(modules);
    bool good = text && json_array_size(modules) <= 8;
    for (size_t i = 0; good && i < json_array_size(modules); i++) {
        const char *name = json_string_value(json_array_get(modules, i));
        good = known_module(name, strlen(name));
    }
    if (good)
        change_set(ch, "modules", text);
    free(text);
    return good ? NULL : "modules is a list of names of proto/plans.json.";
}

static const char *set_licence(struct change *ch)
{
    static const char *const members[] = {"technician", "company", NULL};
    const json_t *body = ch->call->body, *limits = json_object_get(body, "limits");
    const char *plan, *wrong;
    if (json_object_get(body, "plan")) {
        if (json_field(body, "plan", 32, &plan) != 0 || !plan || !plan_find(plan))
            return "plan is one of trial, basic, plus, premier, base.";
        change_set(ch, "plan", plan);
    }
    if (limits && (!json_is_object(limits) || json_unknown_member(limits, members)))
        return "limits is {technician, company}.";
    if ((wrong = set_number(ch, body, "seats", "seats", SEATS_MAX)) ||
        (wrong = set_number(ch, limits, "technician", "limit_technician", LIMIT_MAX)) ||
        (wrong = set_number(ch, limits, "company", "limit_company", LIMIT_MAX)))
        return wrong;
    return set_modules(ch);
}

bool company_fields(struct change *ch)
{
    static const char *const own[] = {"name", "contact", "oidc", NULL};
    static const char *const all[] = {"name", "contact", "oidc", "plan", "modules", "seats", "limits", NULL};
    struct call *c = ch->call;
    const char *wrong = json_unknown_member(c->body, c->who.is_operator ? all : own) ? "There is an unknown member." : NULL;
    if (!wrong)
        wrong = set_line(ch, "name", false);
    if (!wrong)
        wrong = set_line(ch, "contact", true);
    if (!wrong)
        wrong = set_oidc(ch);
    if (!wrong && c->who.is_operator)
        wrong = set_licence(ch);
    if (wrong)
        call_refuse(c, "invalid_request", wrong);
    return !wrong;
}

/* ---- one company ---- */

void respond_company(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") != 0) {
        call_refuse(c, outcome, NULL);
        return;
    }
    add_etag(c->request, ch->record);
    respond_json(c->request, 200, company_view(c, ch->id, ch->record));
}

const char *plan_company_change(struct change *ch)
{
    if (!ch->record || !json_object_get(ch->record, "name"))
        return "not_found";
    return if_match_fails(ch->call, ch->record);
}

void handle_company(struct call *c)
{
    add_etag(c->request, c->who.firm);
    respond_json(c->request, 200, company_view(c, c->who.company, c->who.firm));
}

void handle_company_change(struct call *c)
{
    if (!c->who.administrator) {
        call_refuse(c, "permission_missing", NULL);
        return;
    }
    struct change *ch = change_new(c, "update", "company", c->who.company, c->who.company, NULL);
    ch->plan = plan_company_change;
    ch->done = respond_company;
    if (company_fields(ch))
        change_run(ch);
    else
        change_drop(ch);
}
