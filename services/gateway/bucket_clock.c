/* The time of a bucket (proto/lua/common.lua), which our own may differ from by any amount. Asked for when it was learned
 * more than LEARNED_MS ago or from another connection; in between our steady clock tells how much has gone by. So for LEARNED_MS
 * after Redis' clock was set forward by more than a command may take, commands come too late and are asked for again. */
#include "gateway.h"

#include "common/derive.h"

#include <stdlib.h>

enum { LEARNED_MS = 1000 };

static struct clock {
    int64_t ahead;   /* of our loop's time */
    int64_t learned; /* loop time, 0: never */
    unsigned connection;
} clocks[BUCKETS];

static void on_mark(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->now = reply && reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : 0;
}

static void on_time(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    int64_t now = strtoll(reply->element[0]->str, NULL, 10) * 1000 + strtoll(reply->element[1]->str, NULL, 10) / 1000;
    int64_t ours = loop_now_ms(c->gateway->service.loop);
    c->now = c->now > now ? c->now : now;
    clocks[c->who.bucket] = (struct clock){.ahead = c->now - ours, .learned = ours, .connection = redis_connections(c->gateway->redis)};
    c->then(c);
}

void bucket_now(struct call *c, void (*then)(struct call *c))
{
    const struct clock *k = &clocks[c->who.bucket];
    int64_t ours = loop_now_ms(c->gateway->service.loop);
    if (k->learned > 0 && ours - k->learned < LEARNED_MS && k->connection == redis_connections(c->gateway->redis)) {
        c->now = ours + k->ahead;
        then(c);
        return;
    }
    c->then = then;
    store_now(c, on_mark, on_time);
}
