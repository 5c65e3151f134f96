/* GET /v1/oidc/start and /v1/oidc/callback: authorization code with PKCE (RFC 7636, S256). The provider is the company's;
 * it only says who somebody is: the person must exist here, in that company, with the e-mail address the provider has
 * verified. */
#include "oidc.h"

#include "common/fetch.h"
#include "common/log.h"
#include "common/random.h"
#include "common/seal.h"
#include "jws.h"
#include "proto/c/b64url.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FORM_MAX = 8192, LOCATION_MAX = 6144, CODE_MAX = 2048 };

static const char cookie_name[] = "beistand_oidc=";

/* ---- answers: a browser is what comes here ---- */

static void redirect(struct call *c, const char *where)
{
    http_add_header(c->request, "Location", where);
    http_add_header(c->request, "Cache-Control", "no-store");
    http_add_header(c->request, "Referrer-Policy", "no-referrer");
    http_respond(c->request, 302, NULL, "", 0);
}

static void forget_cookie(struct call *c)
{
    http_add_header(c->request, "Set-Cookie",
                    "beistand_oidc=; Path=/v1/oidc; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
}

/* Back to the sign-in page, which has a text for the reason. */
static void fail(struct call *c, const char *reason)
{
    char where[640];
    if (strcmp(reason, "unavailable") != 0)
        sign_in_refused(c, reason);
    metric_add("beistand_oidc_failures_total", "", 1);
    snprintf(where, sizeof where, "%s/#/sign-in/%s", c->gateway->settings.origin, reason);
    forget_cookie(c);
    redirect(c, where);
}

static void fail_start(struct call *c, const char *reason)
{
    call_refuse(c, reason, NULL);
}

/* ---- the company's provider ---- */

static bool read_provider(struct call *c)
{
    struct oidc_flow *f = flow_of(c);
    char place[64];
    snprintf(f->issuer, sizeof f->issuer, "%s", json_text(c->who.firm, "oidc_issuer", ""));
    snprintf(f->client_id, sizeof f->client_id, "%s", json_text(c->who.firm, "oidc_client_id", ""));
    const char *sealed = json_text(c->who.firm, "oidc_secret", "");
    snprintf(place, sizeof place, "oidc:%s", c->who.company);
    free(f->secret);
    f->secret = *sealed ? seal_open(c->gateway->seal_keys, place, sealed) : NULL;
    return f->issuer[0] && f->client_id[0] && (!*sealed || f->secret);
}

/* ---- start ---- */

static void put_challenge(const char *verifier, char out[VERIFIER_SIZE])
{
    uint8_t digest[32];
    if (EVP_Digest(verifier, strlen(verifier), digest, NULL, EVP_sha256(), NULL) != 1)
        abort();
    b64url_encode(out, digest, sizeof digest);
}

static void on_state_stored(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_STATUS)
        call_refuse(c, "unavailable", NULL);
    else
        redirect(c, c->text);
}

static char *authorization_url(const struct call *c, const char *state)
{
    const struct oidc_flow *f = c->oidc;
    char client[3 * CLIENT_ID_MAX + 1], back[512], origin[512], challenge[VERIFIER_SIZE];
    const char *endpoint = json_text(f->metadata, "authorization_endpoint", "");
    char *url = malloc(LOCATION_MAX);
    if (!url)
        return NULL;
    snprintf(origin, sizeof origin, "%s/v1/oidc/callback", c->gateway->settings.origin);
    url_encode(back, sizeof back, origin);
    url_encode(client, sizeof client, f->client_id);
    put_challenge(f->verifier, challenge);
    snprintf(url, LOCATION_MAX,
             "%s%cresponse_type=code&scope=openid%%20email%%20profile&client_id=%s&redirect_uri=%s&state=%s&nonce=%s"
             "&code_challenge=%s&code_challenge_method=S256",
             endpoint, strchr(endpoint, '?') ? '&' : '?', client, back, state, f->nonce, challenge);
    return url;
}

static void begin(struct call *c)
{
    struct oidc_flow *f = c->oidc;
    char state[SECRET_SIZE], browser[SECRET_SIZE], browser_digest[DIGEST_SIZE], cookie[256];
    uint8_t raw[32];
    new_secret(state, c->who.bucket);
    new_secret(browser, c->who.bucket);
    sha256_hex(browser_digest, browser, strlen(browser));
    random_fill(raw, sizeof raw);
    b64url_encode(f->verifier, raw, sizeof raw);
    random_hex(f->nonce, 16);
    c->text = authorization_url(c, state);
    json_t *kept = json_pack("{ss ss ss ss ss ss}", "company", c->who.company, "issuer", f->issuer, "client_id", f->client_id,
                             "verifier", f->verifier, "nonce", f->nonce, "browser", browser_digest);
    char *text = json_compact(kept);
    json_decref(kept);
    /* Lax: the provider's redirect comes from another site. It ties the answer to the browser that asked. */
    snprintf(cookie, sizeof cookie, "%s%s; Path=/v1/oidc; Max-Age=%d; HttpOnly; Secure; SameSite=Lax", cookie_name, browser,
             OIDC_TTL_S);
    http_add_header(c->request, "Set-Cookie", cookie);
    if (text && c->text)
        store_oidc_state(c, state, text, on_state_stored);
    else
        call_refuse(c, "unavailable", NULL);
    free(text);
}

static void on_company(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->who.firm = hash_object(reply);
    if (!reply) {
        call_refuse(c, "unavailable", NULL);
    } else if (!c->who.firm || !read_provider(c)) {
        call_refuse(c, "not_found", "This company has no single sign-on.");
    } else {
        c->oidc->fail = fail_start;
        oidc_metadata(c, begin);
    }
}

static void start(struct call *c)
{
    store_entity(c->gateway, c->who.bucket, "company", c->who.company, on_company, c);
}

void handle_oidc_start(struct call *c)
{
    const char *company = http_query(c->request, "company");
    c->who.bucket = company ? bucket_of_id(company) : -1;
    if (!company) {
        call_refuse(c, "invalid_request", "company is needed.");
    } else if (c->who.bucket < 0) {
        call_refuse(c, "not_found", "This company has no single sign-on.");
    } else {
        memcpy(c->who.company, company, ID_SIZE);
        limit_public(c, start);
    }
}

/* ---- callback: who is it? ---- */

static void respond_home(struct call *c)
{
    char where[640];
    snprintf(where, sizeof where, "%s/", c->gateway->settings.origin);
    forget_cookie(c);
    redirect(c, where);
}

static void on_person_firm(void *user, const redisReply *reply)
{
    struct call *c = user;
    bool usable = c->who.person && strcmp(json_text(c->who.person, "company", ""), c->who.company) == 0 &&
                  strcasecmp(json_text(c->who.person, "email", ""), c->attempt->email) == 0;
    if (!reply)
        fail(c, "unavailable");
    else if (!usable)
        fail(c, "unauthenticated");
    else
        sign_in_start(c, respond_home);
}

static void on_person(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->who.person = hash_object(reply);
}

static void on_login(void *user, const redisReply *reply)
{
    struct call *c = user;
    char company[ID_SIZE];
    memcpy(company, c->who.company, sizeof company);
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        fail(c, "unavailable");
        return;
    }
    bool found = read_person_ids(c, reply->element[0]->str);
    bool ours = found && strcmp(c->who.company, company) == 0;
    memcpy(c->who.company, company, sizeof company);
    if (!ours) {
        /* Nobody, or somebody of another company: that is for neither to know. */
        c->who.technician[0] = '\0';
        fail(c, "unauthenticated");
        return;
    }
    store_person(c, on_person, on_person_firm);
}

static void refuse_token(struct call *c, const char *why)
{
    log_event(LOG_WARN, "oidc_token_refused", "why", why, "company", c->who.company, "request", c->request->id, NULL);
    fail(c, "unauthenticated");
}

static void look_up_person(struct call *c, const char *email)
{
    if (!*email || strlen(email) > EMAIL_BYTES_MAX) {
        refuse_token(c, "no verified e-mail address");
        return;
    }
    struct attempt *a = attempt_of(c);
    snprintf(a->email, sizeof a->email, "%s", email);
    snprintf(a->method, METHOD_SIZE, "oidc");
    a->refuse = fail;
    store_attempt(c, "look", on_login, c);
}

/* OpenID Connect Core 5.3: it speaks of the same person, or it is not to be used. */
static void on_userinfo(void *user, long status, const char *body, size_t size)
{
    struct call *c = user;
    char error[128];
    json_t *claims = status == 200 ? json_read(body, size, error) : NULL;
    bool same = claims && strcmp(json_text(claims, "sub", ""), json_text(c->oidc->claims, "sub", "-")) == 0;
    if (same)
        look_up_person(c, verified_email(claims));
    else
        refuse_token(c, "the user info endpoint gave nothing about this person");
    json_decref(claims);
}

/* Many providers say the address only there (Core 5.4), not in the token. */
static void ask_userinfo(struct call *c)
{
    struct oidc_flow *f = c->oidc;
    const char *url = json_text(f->metadata, "userinfo_endpoint", "");
    struct fetch_request r = {.url = url, .bearer = f->access_token};
    if (!f->access_token || !oidc_good_url(c->gateway, url))
        refuse_token(c, "no e-mail address");
    else if (!fetch(c->gateway->fetcher, &r, on_userinfo, c))
        fail(c, "unavailable");
}

static void check_token(struct call *c)
{
    struct oidc_flow *f = c->oidc;
    bool unknown;
    f->claims = jws_verify(f->id_token, f->keys, &unknown);
    if (!f->claims && unknown && !f->fresh_keys) {
        oidc_keys(c, true, check_token); /* the provider may have a new key */
        return;
    }
    const char *wrong = f->claims ? id_token_wrong(f->claims, f->issuer, f->client_id, f->nonce, wall_now_ms() / 1000)
                                  : "not signed by a key of the provider";
    if (wrong)
        refuse_token(c, wrong);
    else if (json_object_get(f->claims, "email"))
        look_up_person(c, verified_email(f->claims));
    else
        ask_userinfo(c);
}

/* ---- callback: the code for a token ---- */

static void on_token(void *user, long status, const char *body, size_t size)
{
    struct call *c = user;
    struct oidc_flow *f = c->oidc;
    char error[128] = "", code[16];
    json_t *answer = status == 200 ? json_read(body, size, error) : NULL;
    const char *token = json_text(answer, "id_token", NULL), *access = json_text(answer, "access_token", NULL);
    f->id_token = token ? strdup(token) : NULL;
    f->access_token = access ? strdup(access) : NULL;
    json_decref(answer);
    if (f->id_token) {
        oidc_keys(c, false, check_token);
        return;
    }
    snprintf(code, sizeof code, "%ld", status);
    log_event(LOG_WARN, "oidc_code_refused", "status", code, "company", c->who.company, "request", c->request->id, NULL);
    fail(c, status >= 400 && status < 500 ? "unauthenticated" : "unavailable");
}

static bool supports(const json_t *metadata, const char *method)
{
    const json_t *list = json_object_get(metadata, "token_endpoint_auth_methods_supported");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *one = json_string_value(json_array_get(list, i));
        if (one && strcmp(one, method) == 0)
            return true;
    }
    return false;
}

static void exchange(struct call *c)
{
    struct oidc_flow *f = c->oidc;
    char form[FORM_MAX], code[3 * CODE_MAX + 1], back[512], origin[512], client[3 * CLIENT_ID_MAX + 1], secret[3 * CLIENT_ID_MAX + 1];
    snprintf(origin, sizeof origin, "%s/v1/oidc/callback", c->gateway->settings.origin);
    url_encode(code, sizeof code, http_query(c->request, "code"));
    url_encode(back, sizeof back, origin);
    url_encode(client, sizeof client, f->client_id);
    url_encode(secret, sizeof secret, f->secret ? f->secret : "");
    /* client_secret_basic is the default (OpenID Connect Discovery 1.0); RFC 6749 section 2.3.1 form-encodes both halves. */
    bool post = f->secret && supports(f->metadata, "client_secret_post") && !supports(f->metadata, "client_secret_basic");
    snprintf(form, sizeof form, "grant_type=authorization_code&code=%s&redirect_uri=%s&code_verifier=%s&client_id=%s%s%s", code,
             back, f->verifier, client, post ? "&client_secret=" : "", post ? secret : "");
    struct fetch_request r = {.url = json_text(f->metadata, "token_endpoint", ""), .form = form};
    if (f->secret && !post) {
        r.user = client;
        r.password = secret;
    }
    if (!fetch(c->gateway->fetcher, &r, on_token, c))
        fail(c, "unavailable");
    explicit_bzero(form, sizeof form);
    explicit_bzero(secret, sizeof secret);
}

static void on_callback_company(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->who.firm = hash_object(reply);
    struct oidc_flow *f = flow_of(c);
    char issuer[ISSUER_MAX + 1], client_id[CLIENT_ID_MAX + 1];
    memcpy(issuer, f->issuer, sizeof issuer);
    memcpy(client_id, f->client_id, sizeof client_id);
    if (!reply)
        fail(c, "unavailable");
    else if (!read_provider(c) || strcmp(issuer, f->issuer) != 0 || strcmp(client_id, f->client_id) != 0)
        fail(c, "unauthenticated"); /* the company has changed its provider meanwhile */
    else
        oidc_metadata(c, exchange);
}

/* ---- callback: is it an answer to a question of ours, in this browser? ---- */

static bool same_browser(const struct call *c, const char *wanted)
{
    char browser[SECRET_SIZE], digest[DIGEST_SIZE];
    const char *header = http_header(c->request, "Cookie");
    const char *at = header ? strstr(header, cookie_name) : NULL;
    size_t n = at ? strcspn(at + sizeof cookie_name - 1, "; ") : 0;
    if (n == 0 || n >= sizeof browser)
        return false;
    memcpy(browser, at + sizeof cookie_name - 1, n);
    browser[n] = '\0';
    sha256_hex(digest, browser, n);
    return strcmp(digest, wanted) == 0;
}

static void on_state(void *user, const redisReply *reply)
{
    struct call *c = user;
    struct oidc_flow *f = flow_of(c);
    char error[128];
    json_t *kept = reply && reply->type == REDIS_REPLY_STRING ? json_read(reply->str, reply->len, error) : NULL;
    const char *issuer = http_query(c->request, "iss");
    f->fail = fail;
    snprintf(c->who.company, sizeof c->who.company, "%s", json_text(kept, "company", ""));
    snprintf(f->issuer, sizeof f->issuer, "%s", json_text(kept, "issuer", ""));
    snprintf(f->client_id, sizeof f->client_id, "%s", json_text(kept, "client_id", ""));
    snprintf(f->verifier, sizeof f->verifier, "%s", json_text(kept, "verifier", ""));
    snprintf(f->nonce, sizeof f->nonce, "%s", json_text(kept, "nonce", ""));
    bool ours = kept && same_browser(c, json_text(kept, "browser", ""));
    json_decref(kept);
    if (!reply)
        fail(c, "unavailable");
    else if (!ours || (issuer && strcmp(issuer, f->issuer) != 0) || !http_query(c->request, "code"))
        fail(c, "unauthenticated"); /* RFC 9207: iss tells mixed-up providers apart */
    else
        store_entity(c->gateway, c->who.bucket, "company", c->who.company, on_callback_company, c);
}

static void look_up_state(struct call *c)
{
    store_take_oidc_state(c, http_query(c->request, "state"), on_state);
}

void handle_oidc_callback(struct call *c)
{
    const char *state = http_query(c->request, "state"), *code = http_query(c->request, "code");
    c->who.bucket = state ? bucket_of_secret(state) : -1;
    if (c->who.bucket < 0 || (code && strlen(code) > CODE_MAX))
        call_refuse(c, "invalid_request", "This is where an identity provider sends browsers back to.");
    else
        limit_public(c, look_up_state);
}
