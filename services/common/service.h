/* What every service process has: loop, log, health endpoints, drain on SIGTERM. */
#ifndef BEISTAND_SERVICE_H
#define BEISTAND_SERVICE_H

#include "loop.h"

#include <stdbool.h>
#include <stdint.h>

struct service {
    const char *name;
    struct loop *loop;
    bool draining;
    /* Why not ready, or NULL; called at each /readyz. Must not block. */
    const char *(*not_ready)(void *user);
    /* Called once on SIGTERM; the service calls service_stopped() when it has drained, and is
     * stopped anyhow after drain_ms. */
    void (*drain)(void *user);
    void *user;
    int64_t drain_ms;
};

/* Opens the health listener (host:port, HTTP: /livez /readyz /healthz /metrics) and signals.
 * 0 or -1 after logging. */
int service_start(struct service *s, const char *health_listen);
void service_stopped(struct service *s);
void service_cleanup(struct service *s);

/* Counters and gauges of /metrics. name and labels ("reason=\"x\"" or "") are copied. */
void metric_add(const char *name, const char *labels, double delta);
void metric_set(const char *name, const char *labels, double value);

#endif
