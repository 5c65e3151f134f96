/* The providers' documents: discovery (OpenID Connect Discovery 1.0) and key sets, kept for a while so that a sign-in does
 * not wait for them. The discovery document must name the very issuer it was asked for. */
#include "oidc.h"

#include "common/fetch.h"
#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROVIDERS_MAX = 256, METADATA_MS = 10 * 60 * 1000, KEYS_MS = 10 * 60 * 1000, KEYS_AGAIN_MS = 5000, URL_MAX = 1024 };

struct provider {
    char issuer[ISSUER_MAX + 1];
    json_t *metadata, *keys;
    int64_t metadata_at, keys_at; /* loop time */
    UT_hash_handle hh;
};

static struct provider *providers;

struct oidc_flow *flow_of(struct call *c)
{
    if (!c->oidc) {
        c->oidc = calloc(1, sizeof *c->oidc);
        if (!c->oidc)
            abort();
    }
    return c->oidc;
}

void flow_free(struct oidc_flow *f)
{
    if (!f)
        return;
    if (f->secret)
        explicit_bzero(f->secret, strlen(f->secret));
    free(f->secret);
    free(f->id_token);
    free(f->access_token);
    json_decref(f->claims);
    json_decref(f->metadata);
    json_decref(f->keys);
    free(f);
}

bool oidc_good_url(const struct gateway *g, const char *url)
{
    bool web = strncmp(url, "https://", 8) == 0 || (g->settings.oidc_allow_private && strncmp(url, "http://", 7) == 0);
    if (!web || strlen(url) >= URL_MAX)
        return false;
    for (const char *c = url; *c; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7F || strchr("\"<>\\^`{|}", *c))
            return false;
    return true;
}

/* ---- the cache ---- */

static struct provider *provider_of(const char *issuer)
{
    struct provider *p = NULL, *next;
    HASH_FIND_STR(providers, issuer, p);
    if (p)
        return p;
    if (HASH_COUNT(providers) >= PROVIDERS_MAX) {
        /* Whoever is still there asks again. */
        HASH_ITER(hh, providers, p, next) {
            HASH_DEL(providers, p);
            json_decref(p->metadata);
            json_decref(p->keys);
            free(p);
        }
    }
    p = calloc(1, sizeof *p);
    if (!p)
        abort();
    snprintf(p->issuer, sizeof p->issuer, "%s", issuer);
    HASH_ADD_STR(providers, issuer, p);
    return p;
}

static json_t *read_document(struct call *c, const char *what, long status, const char *body, size_t size)
{
    char error[128] = "", code[16];
    json_t *document = status == 200 ? json_read(body, size, error) : NULL;
    snprintf(code, sizeof code, "%ld", status);
    if (!document)
        log_event(LOG_WARN, "oidc_provider_failed", "what", what, "issuer", c->oidc->issuer, "status", code, "error",
                  status ? error : body, "request", c->request->id, NULL);
    return document;
}

/* ---- discovery ---- */

static void on_metadata(void *user, long status, const char *body, size_t size)
{
    struct call *c = user;
    struct oidc_flow *f = c->oidc;
    json_t *document = read_document(c, "discovery", status, body, size);
    if (document && (strcmp(json_text(document, "issuer", ""), f->issuer) != 0 ||
                     !oidc_good_url(c->gateway, json_text(document, "authorization_endpoint", "")) ||
                     !oidc_good_url(c->gateway, json_text(document, "token_endpoint", "")) ||
                     !oidc_good_url(c->gateway, json_text(document, "jwks_uri", "")))) {
        log_event(LOG_WARN, "oidc_provider_failed", "what", "the discovery document names another issuer or no usable addresses",
                  "issuer", f->issuer, NULL);
        json_decref(document);
        document = NULL;
    }
    if (!document) {
        f->fail(c, "unavailable");
        return;
    }
    struct provider *p = provider_of(f->issuer);
    json_decref(p->metadata);
    p->metadata = document;
    p->metadata_at = loop_now_ms(c->gateway->service.loop);
    f->metadata = json_incref(document);
    f->then(c);
}

void oidc_metadata(struct call *c, void (*then)(struct call *c))
{
    struct oidc_flow *f = c->oidc;
    const struct provider *p = provider_of(f->issuer);
    char url[ISSUER_MAX + 64];
    f->then = then;
    if (p->metadata && loop_now_ms(c->gateway->service.loop) - p->metadata_at < METADATA_MS) {
        f->metadata = json_incref(p->metadata);
        then(c);
        return;
    }
    size_t n = strlen(f->issuer);
    n -= n > 0 && f->issuer[n - 1] == '/';
    snprintf(url, sizeof url, "%.*s/.well-known/openid-configuration", (int)n, f->issuer);
    if (!fetch(c->gateway->fetcher, &(struct fetch_request){.url = url}, on_metadata, c))
        f->fail(c, "unavailable");
}

/* ---- keys ---- */

static void on_keys(void *user, long status, const char *body, size_t size)
{
    struct call *c = user;
    struct oidc_flow *f = c->oidc;
    json_t *document = read_document(c, "keys", status, body, size);
    if (!document) {
        f->fail(c, "unavailable");
        return;
    }
    struct provider *p = provider_of(f->issuer);
    json_decref(p->keys);
    p->keys = document;
    p->keys_at = loop_now_ms(c->gateway->service.loop);
    json_decref(f->keys);
    f->keys = json_incref(document);
    f->fresh_keys = true;
    f->then(c);
}

void oidc_keys(struct call *c, bool fresh, void (*then)(struct call *c))
{
    struct oidc_flow *f = c->oidc;
    const struct provider *p = provider_of(f->issuer);
    int64_t age = loop_now_ms(c->gateway->service.loop) - p->keys_at;
    f->then = then;
    if (p->keys && age < (fresh ? KEYS_AGAIN_MS : KEYS_MS)) {
        json_decref(f->keys);
        f->keys = json_incref(p->keys);
        f->fresh_keys = fresh;
        then(c);
        return;
    }
    struct fetch_request r = {.url = json_text(f->metadata, "jwks_uri", "")};
    if (!fetch(c->gateway->fetcher, &r, on_keys, c))
        f->fail(c, "unavailable");
}
