/* Once a day and bucket, a piece a second: see proto/lua/sweep_chores.lua. */
#include "sweeper.h"

#include "common/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 60000 };

static void on_piece(void *user, const redisReply *reply)
{
    struct bucket *b = user;
    const struct sweeper *s = b->sweeper;
    int64_t pause = s->settings.journal_again_ms < LOOK_MS ? s->settings.journal_again_ms : LOOK_MS;
    bool more = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    b->chores_running = false;
    b->chores_at = loop_now_ms(s->service.loop) + (more ? 0 : pause);
    if (more)
        metric_add("beistand_chores_total", "", 1);
}

/* As the records have it; "" for never. */
static void cut_time(const struct sweeper *s, char *out, size_t size)
{
    time_t at = (time_t)(wall_now_ms() / 1000 - s->settings.audit_days * 86400);
    struct tm tm;
    out[0] = '\0';
    gmtime_r(&at, &tm);
    if (s->settings.audit_days > 0)
        strftime(out, size, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
}

void bucket_chores(struct bucket *b)
{
    char before[40];
    if (b->chores_running || !bucket_owned(b) || !redis_ready(b->sweeper->redis) ||
        loop_now_ms(b->sweeper->service.loop) < b->chores_at)
        return;
    b->chores_running = true;
    cut_time(b->sweeper, before, sizeof before);
    store_chores(b, before, on_piece);
}
