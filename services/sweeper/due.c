/* Due times: the owners are commanded, and asked again until they have moved the due time away. */
#include "sweeper.h"

#include "common/failpoint.h"

#include <stdlib.h>
#include <string.h>

static void on_members(void *user, const redisReply *reply)
{
    struct bucket *b = user;
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0)
        failpoint("sweeper.due");
    for (size_t i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const char *member = reply->element[i]->str;
        char kind[16] = "";
        const char *colon = strchr(member, ':');
        if (!colon || (size_t)(colon - member) >= sizeof kind)
            continue;
        memcpy(kind, member, (size_t)(colon - member));
        bus_due(b, kind, colon + 1);
        failpoint("sweeper.commanded");
    }
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == BATCH_MAX && bucket_owned(b))
        store_take_due(b, on_members); /* there is more */
}

static void on_peeked(void *user, const redisReply *reply)
{
    struct bucket *b = user;
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0)
        store_take_due(b, on_members);
}

/* Time is the bucket's, which our lease moves on every second; ours only saves waiting for that. */
static void on_clock(void *user, const redisReply *reply)
{
    struct bucket *b = user;
    int64_t mark = reply && reply->type == REDIS_REPLY_STRING ? strtoll(reply->str, NULL, 10) : 0;
    int64_t now = wall_now_ms();
    if (reply)
        store_peek_due(b, mark > now ? mark : now, on_peeked);
}

void bucket_due(struct bucket *b)
{
    if (bucket_owned(b) && redis_ready(b->sweeper->redis) && kafka_ready(b->sweeper->kafka))
        store_clock(b, on_clock);
}
