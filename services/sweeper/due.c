/* Due times: the owners are commanded, and asked again until they have moved the due time away. */
#include "sweeper.h"

#include "common/failpoint.h"

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
}

static void on_peeked(void *user, const redisReply *reply)
{
    struct bucket *b = user;
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements > 0)
        store_take_due(b, on_members);
}

void bucket_due(struct bucket *b)
{
    if (bucket_owned(b) && redis_ready(b->sweeper->redis) && kafka_ready(b->sweeper->kafka))
        store_peek_due(b, on_peeked);
}
