/* beistand-sweeper: see sweeper.h and README.md. */
#include "sweeper.h"

#include "common/log.h"
#include "common/random.h"
#include "common/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct sweeper sweeper;

#define S sweeper.settings
static const struct setting settings[] = {
    COMMON_SETTINGS(S.common, "127.0.0.1:9105"),
    {"JOURNAL_AGAIN_MS", SETTING_NUMBER, &S.journal_again_ms, "86400000", 1000, 259200000,
     "what lives is journaled again so often; the journal must keep more than twice that"},
    {"AUDIT_DAYS", SETTING_NUMBER, &S.audit_days, "400", 0, 3650, "days the audit log is kept; 0: for ever"},
};
#undef S

static const char *not_ready(void *user)
{
    struct sweeper *s = user;
    const char *why = redis_not_ready(s->redis) ? redis_not_ready(s->redis) : redis_not_ready(s->notices);
    if (why)
        return why;
    return kafka_ready(s->kafka) ? NULL : "kafka is not reachable";
}

static void on_notice(void *user, const redisReply *reply)
{
    struct sweeper *s = user;
    int number = reply ? atoi(reply->str) : -1;
    if (number >= 0 && number < BUCKETS)
        bucket_drain(&s->buckets[number]);
}

/* The net below the notices, and the clock of what is due. */
static void on_scan(void *user)
{
    struct sweeper *s = user;
    static unsigned turn;
    loop_timer_set(s->scan, SCAN_MS);
    turn++;
    for (int i = 0; i < BUCKETS; i++) {
        bucket_due(&s->buckets[i]);
        bucket_chores(&s->buckets[i]);
        if (turn % 2 == 0)
            bucket_drain(&s->buckets[i]);
    }
}

/* A fresh name per process: a restarted sweeper must not inherit the fence of its dead self. */
static void name_holder(char *out, size_t size)
{
    char host[32] = "", suffix[17];
    gethostname(host, sizeof host - 1);
    random_hex(suffix, 8);
    snprintf(out, size, "%s-%s", host, suffix);
}

int main(int argc, char **argv)
{
    struct sweeper *s = &sweeper;
    s->service = (struct service){.name = "sweeper", .not_ready = not_ready, .user = s};
    if (settings_load(settings, sizeof settings / sizeof *settings, argc, argv) != 0)
        return 2;
    log_init("sweeper", log_level_named(s->settings.common.log_level));
    int status = 1;
    s->service.loop = loop_new();
    if (!s->service.loop)
        return 1;
    name_holder(s->holder, sizeof s->holder);
    for (int i = 0; i < BUCKETS; i++)
        s->buckets[i] = (struct bucket){.sweeper = s, .number = i};
    s->renew = loop_timer_new(s->service.loop, leases_renew, s);
    s->scan = loop_timer_new(s->service.loop, on_scan, s);
    s->redis = redis_new(s->service.loop, s->settings.common.redis_url);
    s->notices = redis_new(s->service.loop, s->settings.common.redis_url);
    s->kafka = bus_new(s);
    if (!s->redis || !s->notices || !s->kafka || guard_start(s) != 0 || service_start(&s->service, s->settings.common.health_listen) != 0)
        goto out;
    store_subscribe(s, on_notice);
    loop_timer_set(s->renew, 50);
    loop_timer_set(s->scan, SCAN_MS);
    loop_run(s->service.loop);
    status = 0;
out:
    guard_stop(s);
    kafka_free(s->kafka, 2000);
    redis_free(s->notices);
    redis_free(s->redis);
    loop_timer_free(s->renew);
    loop_timer_free(s->scan);
    service_cleanup(&s->service);
    return status;
}
