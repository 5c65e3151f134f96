/* beistand-gateway: see gateway.h and README.md. */
#include "sign_in.h"

#include "common/fetch.h"
#include "common/log.h"
#include "common/seal.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MAX = 4096, IDLE_SECONDS = 60, DRAIN_POLL_MS = 50 };

static struct gateway gateway;
static struct loop_timer *drained;

#define S gateway.settings
static const struct setting settings[] = {
    COMMON_SETTINGS(S.common, "127.0.0.1:9101"),
    {"GATEWAY_LISTEN", SETTING_TEXT, &S.listen, "127.0.0.1:8081", 0, 0, "host:port of the API, behind the edge"},
    {"PUBLIC_ORIGIN", SETTING_TEXT, &S.origin, NULL, 0, 0, "https://host[:port] that people and programs see"},
    {"SECRET_KEYS", SETTING_FILE_SECRET, &S.secret_keys, NULL, 0, 0,
     "file of lines kid:hex32, the first is current"},
    {"DIRECTORY_KEY", SETTING_FILE_SECRET, &S.directory_key, NULL, 0, 0,
     "file of lines kid:hex32: seals secrets of people and companies, the first is current"},
    {"OPERATOR_KEY", SETTING_FILE_SECRET, &S.operator_key, "", 0, 0,
     "the operator's bearer key; without one the operator API answers nobody"},
    {"API_RATE", SETTING_NUMBER, &S.api_rate, "200", 0, 1000000,
     "requests per second of one API key or sign-in, five times as many at once; 0: any number"},
    {"OIDC_ALLOW_PRIVATE", SETTING_NUMBER, &S.oidc_allow_private, "0", 0, 1,
     "1: identity providers may be in private networks and speak plain http"},
    {"SIGNING_KEY_FILE", SETTING_TEXT, &S.signing_key_file, NULL, 0, 0, "Ed25519 private key (PEM) that signs offers"},
    {"CONSOLE_DIR", SETTING_TEXT, &S.console_dir, "services/console/dist", 0, 0, "the built console"},
    {"PAGES_DIR", SETTING_TEXT, &S.pages_dir, "services/gateway/pages", 0, 0, "the install page's files"},
    {"PROGRAM_FILE", SETTING_TEXT, &S.program_file, "var/program/beistand-support.exe", 0, 0,
     "the Windows program, stamped for this origin"},
    {"SESSION_TTL_MS", SETTING_NUMBER, &S.session_ms, "86400000", 1000, 604800000, "life of a session from its activation"},
    {"INVITATION_TTL_MS", SETTING_NUMBER, &S.invitation_ms, "86400000", 1000, 604800000,
     "life of an invitation"},
    {"REMOVAL_TTL_MS", SETTING_NUMBER, &S.removal_ms, "86400000", 1000, 604800000,
     "wait for the program's removal receipt after the end of a session"},
    {"COMMAND_TIMEOUT_MS", SETTING_NUMBER, &S.command_timeout_ms, "10000", 100, 60000,
     "wait for a command's outcome, and the command's deadline"},
    {"WEBHOOK_ALLOW_HTTP", SETTING_NUMBER, &S.webhook_allow_http, "0", 0, 1, "1: webhooks may be plain http"},
    {"WEBHOOK_ALLOW_PRIVATE", SETTING_NUMBER, &S.webhook_allow_private, "0", 0, 1,
     "1: webhooks may point into private networks"},
    {"WEBHOOK_OVERLAP_MS", SETTING_NUMBER, &S.webhook_overlap_ms, "86400000", 0, 2592000000,
     "how long a webhook's former secret still signs after a rotation"},
    {"EVENTS_HEARTBEAT_MS", SETTING_NUMBER, &S.heartbeat_ms, "15000", 100, 60000,
     "between two signs of life on an event stream"},
};
#undef S

static const char *not_ready(void *user)
{
    struct gateway *g = user;
    const char *why = redis_not_ready(g->redis) ? redis_not_ready(g->redis) : redis_not_ready(g->notices);
    if (why)
        return why;
    return kafka_ready(g->kafka) ? NULL : "kafka is not reachable or the journal is not at its end yet";
}

static void check_drained(void *user)
{
    struct gateway *g = user;
    if (http_server_pending(g->http) == 0)
        service_stopped(&g->service);
    else
        loop_timer_set(drained, DRAIN_POLL_MS);
}

/* Open requests are answered, event streams are ended (browsers come back by themselves, elsewhere). */
static void drain(void *user)
{
    struct gateway *g = user;
    http_server_quiesce(g->http);
    events_stop(g);
    revocation_stop();
    loop_timer_set(drained, DRAIN_POLL_MS);
}

static EVP_PKEY *load_signing_key(const char *path)
{
    FILE *f = fopen(path, "re");
    EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
    if (f)
        fclose(f);
    if (key && EVP_PKEY_id(key) == EVP_PKEY_ED25519)
        return key;
    log_event(LOG_ERROR, "signing_key_unreadable", "file", path, NULL);
    EVP_PKEY_free(key);
    return NULL;
}

static int start(struct gateway *g)
{
    struct http_options http = {.listen = g->settings.listen,
                                .body_max = BODY_MAX,
                                .connections = CONNECTIONS_MAX,
                                .idle_seconds = IDLE_SECONDS,
                                .handler = route_request,
                                .too_large = route_too_large,
                                .user = g};
    struct loop *l = g->service.loop = loop_new();
    if (!l || strncmp(g->settings.origin, "http", 4) != 0)
        return -1;
    g->keys = secret_keys_new(g->settings.secret_keys);
    g->seal_keys = seal_keys_new(g->settings.directory_key);
    g->signing_key = load_signing_key(g->settings.signing_key_file);
    g->pages = pages_load(g->settings.pages_dir);
    if (!g->keys || !g->seal_keys || !g->signing_key || !g->pages)
        return -1;
    drained = loop_timer_new(l, check_drained, g);
    g->passwords = passwords_new(l);
    g->fetcher = fetcher_new(l, g->settings.oidc_allow_private != 0);
    g->redis = redis_new(l, g->settings.common.redis_url);
    g->notices = redis_new(l, g->settings.common.redis_url);
    g->kafka = bus_new(g);
    if (!g->passwords || !g->fetcher || !g->redis || !g->notices || !g->kafka)
        return -1;
    g->http = http_server_new(l, &http);
    if (!g->http) {
        log_event(LOG_ERROR, "listener_failed", "listen", g->settings.listen, NULL);
        return -1;
    }
    events_start(g);
    revocation_start(g);
    return service_start(&g->service, g->settings.common.health_listen);
}

int main(int argc, char **argv)
{
    struct gateway *g = &gateway;
    g->service = (struct service){.name = "gateway", .not_ready = not_ready, .drain = drain, .user = g,
                                  .drain_ms = 12000};
    if (settings_load(settings, sizeof settings / sizeof *settings, argc, argv) != 0)
        return 2;
    log_init("gateway", log_level_named(g->settings.common.log_level));
    int status = start(g);
    if (status == 0)
        loop_run(g->service.loop);
    http_server_free(g->http);
    fetcher_free(g->fetcher);
    api_limits_free();
    passwords_free(g->passwords);
    kafka_free(g->kafka, 2000);
    redis_free(g->notices);
    redis_free(g->redis);
    loop_timer_free(drained);
    service_cleanup(&g->service);
    EVP_PKEY_free(g->signing_key);
    seal_keys_free(g->seal_keys);
    secret_keys_free(g->keys);
    return status == 0 ? 0 : 1;
}
