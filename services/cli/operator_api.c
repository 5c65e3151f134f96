/* The operator's verbs over the operator API. Answers are the API's JSON on stdout, refusals its problem on stderr. */
#include "operator.h"

#include "agent/core/crypto.h"
#include "agent/core/http_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CA_MAX = 65536, KEY_MAX = 256, SECRET_MAX = 400 };

/* ---- one request ---- */

static int report(struct http_client *c)
{
    int status = 1;
    if (c->status < 0)
        operator_complain(c->error);
    else if (c->status >= 400)
        fprintf(stderr, "%s\n", c->body);
    else {
        puts(c->body_size > 0 ? c->body : "{}");
        status = 0;
    }
    http_client_close(c);
    return status;
}

/* body: let go, may be NULL. Exit status. */
static int ask(const struct operator_options *o, const char *method, const char *path, json_t *body)
{
    static struct http_client c;
    static char ca[CA_MAX];
    char key[KEY_MAX], bearer[KEY_MAX + 16];
    struct origin origin;
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    int status = 1;
    if (!o->origin || origin_parse(&origin, o->origin) != 0 || !operator_read_file(o->ca_file, ca, sizeof ca) ||
        !operator_read_file(o->key_file, key, sizeof key) || crypto_start() != 0 || net_start(ca) != 0) {
        free(text);
        return operator_complain("--origin, --ca or --key-file is not usable");
    }
    snprintf(bearer, sizeof bearer, "Bearer %s", key);
    const struct http_header headers[] = {{"Authorization", bearer}, {NULL, NULL}};
    if (http_client_start(&c, &origin, method, path, headers, text) != 0) {
        operator_complain("the request is too large");
    } else {
        while (!http_client_poll(&c)) {
            struct net *set[1] = {c.net};
            bool want = http_client_wants_write(&c);
            net_wait(set, &want, 1, -1, 1000);
        }
        status = report(&c);
    }
    crypto_wipe(bearer, sizeof bearer);
    crypto_wipe(key, sizeof key);
    free(text);
    return status;
}

/* ---- bodies ---- */

static void put_text(json_t *body, const char *name, const char *value)
{
    if (value)
        json_object_set_new(body, name, json_string(value));
}

static void put_number(json_t *body, const char *name, const char *value)
{
    /* What is no number goes as text: the API says what is wrong. */
    if (value && operator_number(value, 0, 1000000000))
        json_object_set_new(body, name, json_integer(strtol(value, NULL, 10)));
    else
        put_text(body, name, value);
}

static void put_list(json_t *body, const char *name, const char *value)
{
    if (!value)
        return;
    json_t *list = json_array();
    while (*value) {
        size_t n = strcspn(value, ",");
        if (n > 0)
            json_array_append_new(list, json_stringn(value, n));
        value += n + (value[n] == ',');
    }
    json_object_set_new(body, name, list);
}

static bool put_oidc(json_t *body, const struct operator_options *o)
{
    char secret[SECRET_MAX];
    if (!o->oidc_issuer)
        return true;
    if (strcmp(o->oidc_issuer, "none") == 0) {
        json_object_set_new(body, "oidc", json_null());
        return true;
    }
    json_t *oidc = json_pack("{ss}", "issuer", o->oidc_issuer);
    json_object_set_new(body, "oidc", oidc);
    put_text(oidc, "client_id", o->oidc_client_id);
    if (!o->oidc_secret_file)
        return true;
    if (!operator_read_file(o->oidc_secret_file, secret, sizeof secret))
        return false;
    put_text(oidc, "client_secret", secret);
    crypto_wipe(secret, sizeof secret);
    return true;
}

static json_t *company_body(const struct operator_options *o)
{
    json_t *body = json_object(), *limits = json_object();
    put_text(body, "name", o->name);
    put_text(body, "contact", o->contact);
    put_text(body, "plan", o->plan);
    put_list(body, "modules", o->modules);
    put_number(body, "seats", o->seats);
    put_number(limits, "company", o->limit_company);
    put_number(limits, "technician", o->limit_technician);
    if (json_object_size(limits) > 0)
        json_object_set(body, "limits", limits);
    json_decref(limits);
    if (put_oidc(body, o))
        return body;
    json_decref(body);
    return NULL;
}

/* ---- verbs ---- */

static int of_company(const struct operator_options *o, const char *method, const char *suffix, json_t *body)
{
    char path[160];
    if (!o->company || strlen(o->company) > 64 || strpbrk(o->company, "/?# ")) {
        json_decref(body);
        return operator_complain("--company is needed");
    }
    snprintf(path, sizeof path, "/operator/v1/companies/%s%s", o->company, suffix);
    return ask(o, method, path, body);
}

static int companies(const struct operator_options *o)
{
    char path[160] = "/operator/v1/companies?limit=100";
    if (o->cursor && strlen(o->cursor) < 80)
        snprintf(path, sizeof path, "/operator/v1/companies?limit=100&cursor=%s", o->cursor);
    return ask(o, "GET", path, NULL);
}

static int company(const struct operator_options *o)
{
    return of_company(o, "GET", "", NULL);
}

static int company_add(const struct operator_options *o)
{
    json_t *body = company_body(o);
    return body ? ask(o, "POST", "/operator/v1/companies", body) : operator_complain("--oidc-secret-file cannot be read");
}

static int company_set(const struct operator_options *o)
{
    json_t *body = company_body(o);
    return body ? of_company(o, "PATCH", "", body) : operator_complain("--oidc-secret-file cannot be read");
}

static int suspend(const struct operator_options *o)
{
    return of_company(o, "POST", "/suspend", NULL);
}

static int resume(const struct operator_options *o)
{
    return of_company(o, "POST", "/resume", NULL);
}

static int technician_add(const struct operator_options *o)
{
    json_t *body = json_object();
    put_text(body, "name", o->name);
    put_text(body, "email", o->email);
    put_text(body, "role", o->role);
    put_list(body, "permissions", o->permissions ? o->permissions : "adhoc_support,full_remote_control");
    return of_company(o, "POST", "/technicians", body);
}

static int session_end(const struct operator_options *o)
{
    char path[128];
    if (!o->session || strlen(o->session) > 64 || strpbrk(o->session, "/?# "))
        return operator_complain("--session is needed");
    snprintf(path, sizeof path, "/operator/v1/sessions/%s/end", o->session);
    return ask(o, "POST", path, NULL);
}

int operator_api(const struct operator_options *o, const char *verb)
{
    static const struct {
        const char *name;
        int (*run)(const struct operator_options *o);
    } verbs[] = {{"companies", companies},     {"company", company},   {"company-add", company_add},
                 {"company-set", company_set}, {"suspend", suspend},   {"resume", resume},
                 {"session-end", session_end}, {"technician-add", technician_add}};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, verb) == 0)
            return verbs[i].run(o);
    return -1;
}
