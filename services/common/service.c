/* See service.h. */
#include "service.h"

#include "http.h"
#include "log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { METRICS_MAX = 256, METRICS_TEXT_MAX = 65536, LEAVE_SECONDS = 4 };

struct metric {
    char name[64];
    char labels[96];
    double value;
};

static struct metric metrics[METRICS_MAX];
static size_t n_metrics;
static struct http_server *health_server;
static struct loop_timer *drain_timer;

static struct metric *find_metric(const char *name, const char *labels)
{
    for (size_t i = 0; i < n_metrics; i++)
        if (strcmp(metrics[i].name, name) == 0 && strcmp(metrics[i].labels, labels) == 0)
            return &metrics[i];
    if (n_metrics == METRICS_MAX)
        return NULL;
    struct metric *m = &metrics[n_metrics++];
    snprintf(m->name, sizeof m->name, "%s", name);
    snprintf(m->labels, sizeof m->labels, "%s", labels);
    return m;
}

void metric_add(const char *name, const char *labels, double delta)
{
    struct metric *m = find_metric(name, labels);
    if (m)
        m->value += delta;
}

void metric_set(const char *name, const char *labels, double value)
{
    struct metric *m = find_metric(name, labels);
    if (m)
        m->value = value;
}

static void respond_metrics(struct http_request *r)
{
    char *text = malloc(METRICS_TEXT_MAX);
    size_t n = 0;
    for (size_t i = 0; text && i < n_metrics && n < METRICS_TEXT_MAX - 256; i++) {
        const struct metric *m = &metrics[i];
        n += (size_t)snprintf(text + n, METRICS_TEXT_MAX - n, m->labels[0] ? "%s{%s} %.17g\n"
                                                                           : "%s%s %.17g\n",
                              m->name, m->labels, m->value);
    }
    http_respond(r, 200, "text/plain; version=0.0.4", text ? text : "", n);
    free(text);
}

static void respond_ready(struct service *s, struct http_request *r)
{
    const char *why = s->draining ? "draining" : s->not_ready ? s->not_ready(s->user) : NULL;
    char text[256];
    if (http_query(r, "verbose"))
        snprintf(text, sizeof text, "{\"service\":\"%s\",\"ready\":%s,\"why\":\"%s\"}\n", s->name,
                 why ? "false" : "true", why ? why : "");
    else
        snprintf(text, sizeof text, "%s\n", why ? why : "ready");
    http_respond(r, why ? 503 : 200, http_query(r, "verbose") ? "application/json" : "text/plain",
                 text, strlen(text));
}

static void on_health(void *user, struct http_request *r)
{
    struct service *s = user;
    if (strcmp(r->path, "/livez") == 0)
        http_respond(r, 200, "text/plain", "live\n", 5);
    else if (strcmp(r->path, "/readyz") == 0 || strcmp(r->path, "/healthz") == 0)
        respond_ready(s, r);
    else if (strcmp(r->path, "/metrics") == 0)
        respond_metrics(r);
    else
        http_respond(r, 404, "text/plain", "not found\n", 10);
}

static void give_up(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

/* What comes now may wait for a broker that is gone (leaving a consumer group does): not for ever. */
static void stop_loop(struct service *s)
{
    signal(SIGALRM, give_up);
    alarm(LEAVE_SECONDS);
    loop_stop(s->loop);
}

static void force_stop(void *user)
{
    struct service *s = user;
    log_event(LOG_WARN, "drain_timed_out", NULL);
    stop_loop(s);
}

static void on_terminate(void *user)
{
    struct service *s = user;
    if (s->draining)
        return;
    s->draining = true;
    log_event(LOG_INFO, "draining", NULL);
    loop_timer_set(drain_timer, s->drain_ms ? s->drain_ms : 5000);
    if (s->drain)
        s->drain(s->user);
    else
        service_stopped(s);
}

int service_start(struct service *s, const char *health_listen)
{
    struct http_options o = {.listen = health_listen,
                             .body_max = 1024,
                             .connections = 64,
                             .idle_seconds = 10,
                             .handler = on_health,
                             .too_large = on_health,
                             .user = s};
    drain_timer = loop_timer_new(s->loop, force_stop, s);
    health_server = http_server_new(s->loop, &o);
    if (!health_server || loop_on_terminate(s->loop, on_terminate, s) != 0) {
        log_event(LOG_ERROR, "health_listener_failed", "listen", health_listen, NULL);
        return -1;
    }
    return 0;
}

void service_stopped(struct service *s)
{
    log_event(LOG_INFO, "stopped", NULL);
    stop_loop(s);
}

void service_cleanup(struct service *s)
{
    http_server_free(health_server);
    health_server = NULL;
    loop_timer_free(drain_timer);
    drain_timer = NULL;
    loop_free(s->loop);
    s->loop = NULL;
}
