/* One lease per bucket, renewed each second for three. */
#include "sweeper.h"

#include "common/log.h"

#include <stdio.h>

bool bucket_owned(const struct bucket *b)
{
    return b->epoch > 0 && loop_now_ms(b->sweeper->service.loop) < b->lease_until;
}

static void on_lease(void *user, const redisReply *reply)
{
    struct bucket *b = user;
    if (!reply || reply->type != REDIS_REPLY_INTEGER)
        return; /* the lease runs out by itself */
    bool gained = reply->integer > 0 && (b->epoch != reply->integer || !bucket_owned(b));
    if ((reply->integer == 0) != (b->epoch == 0)) {
        char number[8];
        snprintf(number, sizeof number, "%d", b->number);
        log_event(LOG_DEBUG, gained ? "bucket_taken" : "bucket_lost", "bucket", number, NULL);
    }
    b->epoch = reply->integer;
    /* Counted from the answer less the renewal's distance, so ours ends before Redis thinks so. */
    b->lease_until = loop_now_ms(b->sweeper->service.loop) + LEASE_MS - RENEW_MS / 2;
    if (gained)
        bucket_drain(b);
}

void leases_renew(void *user)
{
    struct sweeper *s = user;
    loop_timer_set(s->renew, RENEW_MS);
    if (!redis_ready(s->redis) || s->service.draining)
        return;
    for (int i = 0; i < BUCKETS; i++)
        store_lease(&s->buckets[i], on_lease);
}
