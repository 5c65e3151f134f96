/* Bearer API keys and cookie sessions. A credential names company and technician; both are looked at again for
 * every request (known.c), so a disabled person or a suspended company is out at once. */
#include "sign_in.h"

#include "common/random.h"

#include "credentials.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool has_permission(const struct principal *p, const char *name)
{
    return permission_listed(json_text(p->person, "permissions", ""), name);
}

static bool refused_origin(const struct call *c)
{
    const char *origin = http_header(c->request, "Origin");
    return origin && strcmp(origin, c->gateway->settings.origin) != 0;
}

/* Unsafe methods of a cookie session need the token that only our own page can read. */
static bool csrf_fails(const struct call *c)
{
    const char *token = http_header(c->request, "X-CSRF-Token");
    if (!c->who.csrf[0] || strcmp(c->route->method, "GET") == 0)
        return false;
    return refused_origin(c) || !token || strlen(token) != strlen(c->who.csrf) ||
           CRYPTO_memcmp(token, c->who.csrf, strlen(token)) != 0;
}

static void admit(struct call *c)
{
    struct principal *p = &c->who;
    if (p->lost) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    if (!p->person || !p->firm || strcmp(json_text(p->person, "company", ""), p->company) != 0 ||
        strcmp(json_text(p->person, "disabled", "0"), "1") == 0) {
        call_refuse(c, "unauthenticated", NULL);
        return;
    }
    p->administrator = strcmp(json_text(p->person, "role", ""), "administrator") == 0;
    if (strcmp(json_text(p->firm, "suspended", "0"), "1") == 0)
        call_refuse(c, "company_suspended", NULL);
    else if (!scopes_allow(p->scopes, c->route->method, c->route->pattern))
        call_refuse(c, "permission_missing", "The API key has no scope for this.");
    else if (csrf_fails(c))
        call_refuse(c, "unauthenticated", "The X-CSRF-Token header of this sign-in is missing or wrong.");
    else
        call_authenticated(c);
}

/* Person and company come in any order: one may be known, the other not. */
static void part_read(struct call *c, bool lost)
{
    c->who.lost = c->who.lost || lost;
    if (--c->waiting == 0)
        admit(c);
}

static void on_firm(void *user, json_t *hash, bool lost)
{
    struct call *c = user;
    c->who.firm = json_incref(hash);
    part_read(c, lost);
}

static void on_person(void *user, json_t *hash, bool lost)
{
    struct call *c = user;
    c->who.person = json_incref(hash);
    part_read(c, lost);
}

static bool key_expired(const json_t *credential)
{
    const char *at = json_text(credential, "expires_at", "");
    return *at && strtoll(at, NULL, 10) > 0 && strtoll(at, NULL, 10) < wall_now_ms();
}

static void read_person(struct call *c)
{
    c->waiting = 2;
    store_known_person(c, on_person, on_firm);
}

static void on_credential(void *user, json_t *credential, bool lost)
{
    struct call *c = user;
    struct principal *p = &c->who;
    if (!credential || key_expired(credential)) {
        call_refuse(c, lost ? "unavailable" : "unauthenticated", NULL);
        return;
    }
    snprintf(p->company, sizeof p->company, "%s", json_text(credential, "company", ""));
    snprintf(p->technician, sizeof p->technician, "%s", json_text(credential, "technician", ""));
    snprintf(p->csrf, sizeof p->csrf, "%s", json_text(credential, "csrf", ""));
    snprintf(p->credential, sizeof p->credential, "%s", json_text(credential, "id", ""));
    /* A key without scopes is of an older release's CLI: it could do everything. */
    snprintf(p->scopes, sizeof p->scopes, "%s", p->csrf[0] ? "all" : json_text(credential, "scopes", "all"));
    p->until = strtoll(json_text(credential, "expires_at", "0"), NULL, 10);
    limit_api(c, read_person);
}

/* Cookies run out by themselves, of which Redis may tell late: they are read each time. */
static void on_cookie(void *user, const redisReply *reply)
{
    json_t *credential = hash_object(reply);
    on_credential(user, credential, !reply);
    json_decref(credential);
}

void authenticate(struct call *c)
{
    const char *header = http_header(c->request, "Authorization");
    char secret[SECRET_SIZE];
    if (header) {
        bool bearer = strncmp(header, "Bearer bk_", 10) == 0;
        c->who.bucket = bearer ? bucket_of_secret(header + 10) : -1;
        if (c->who.bucket >= 0) {
            store_known_key(c, header + 7, on_credential);
            return;
        }
    } else if (cookie_value(http_header(c->request, "Cookie"), "beistand_session", secret, sizeof secret)) {
        c->who.bucket = bucket_of_secret(secret);
        if (c->who.bucket >= 0) {
            store_credential(c, "cookie", secret, on_cookie);
            return;
        }
    }
    call_refuse(c, "unauthenticated", NULL);
}

void authenticate_operator(struct call *c)
{
    const char *header = http_header(c->request, "Authorization");
    const char *key = header && strncmp(header, "Bearer ", 7) == 0 ? header + 7 : "";
    const char *right = c->gateway->settings.operator_key;
    char given[65], wanted[65];
    /* Digests, so that neither length nor prefix shows in the time. */
    sha256_hex(given, key, strlen(key));
    sha256_hex(wanted, right, strlen(right));
    if (!*right || CRYPTO_memcmp(given, wanted, sizeof given) != 0) {
        call_refuse(c, "unauthenticated", NULL);
        return;
    }
    c->who.is_operator = true;
    call_authenticated(c);
}
