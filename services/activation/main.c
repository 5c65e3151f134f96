/* beistand-activation: see activation.h and README.md. */
#include "activation.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_MAX = 4096, IDLE_SECONDS = 30, DRAIN_POLL_MS = 50 };

static struct activation activation;
static struct loop_timer *drained;

#define S activation.settings
static const struct setting settings[] = {
    {"REDIS_URL", SETTING_TEXT, &S.redis_url, "redis://127.0.0.1:6379", 0, 0, "state"},
    {"HEALTH_LISTEN", SETTING_TEXT, &S.health_listen, "127.0.0.1:9103", 0, 0, "host:port of the health endpoints"},
    {"LOG_LEVEL", SETTING_TEXT, &S.log_level, "info", 0, 0, "debug, info, warn or error"},
    {"ACTIVATION_LISTEN", SETTING_TEXT, &S.listen, "127.0.0.1:8082", 0, 0,
     "host:port of the program's API, behind the edge"},
    {"SECRET_KEYS", SETTING_FILE_SECRET, &S.secret_keys, NULL, 0, 0,
     "file of lines kid:hex32, the first is current"},
};
#undef S

static const char *not_ready(void *user)
{
    struct activation *a = user;
    return redis_not_ready(a->redis);
}

static void check_drained(void *user)
{
    struct activation *a = user;
    if (http_server_pending(a->http) == 0)
        service_stopped(&a->service);
    else
        loop_timer_set(drained, DRAIN_POLL_MS);
}

static void drain(void *user)
{
    struct activation *a = user;
    http_server_quiesce(a->http);
    loop_timer_set(drained, DRAIN_POLL_MS);
}

static int start(struct activation *a)
{
    struct http_options http = {.listen = a->settings.listen,
                                .body_max = BODY_MAX,
                                .connections = CONNECTIONS_MAX,
                                .idle_seconds = IDLE_SECONDS,
                                .handler = route_request,
                                .too_large = route_too_large,
                                .user = a};
    struct loop *l = a->service.loop = loop_new();
    a->keys = secret_keys_new(a->settings.secret_keys);
    if (!l || !a->keys)
        return -1;
    drained = loop_timer_new(l, check_drained, a);
    a->redis = redis_new(l, a->settings.redis_url);
    a->http = a->redis ? http_server_new(l, &http) : NULL;
    if (!a->http) {
        log_event(LOG_ERROR, "listener_failed", "listen", a->settings.listen, NULL);
        return -1;
    }
    return service_start(&a->service, a->settings.health_listen);
}

int main(int argc, char **argv)
{
    struct activation *a = &activation;
    a->service = (struct service){.name = "activation", .not_ready = not_ready, .drain = drain, .user = a};
    if (settings_load(settings, sizeof settings / sizeof *settings, argc, argv) != 0)
        return 2;
    log_init("activation", log_level_named(a->settings.log_level));
    int status = start(a);
    if (status == 0)
        loop_run(a->service.loop);
    http_server_free(a->http);
    redis_free(a->redis);
    loop_timer_free(drained);
    service_cleanup(&a->service);
    secret_keys_free(a->keys);
    return status == 0 ? 0 : 1;
}
