/* Credentials that end: requests notice by themselves, since each reads its credential; event streams are ended here, on the
 * notice of the transition. A notice is lost when the subscription's connection is: then all streams are ended, and browsers
 * come back with their credential. */
#include "sign_in.h"

#include "common/log.h"

enum { LOOK_MS = 500 };

static struct loop_timer *look;
static unsigned connections;

/* Payload of beistand.revoked: the id of a sign-in, an API key, a person or a company. */
static void on_revoked(void *user, const redisReply *reply)
{
    if (reply && *reply->str)
        events_revoked(user, reply->str);
}

static void on_look(void *user)
{
    struct gateway *g = user;
    unsigned now = redis_connections(g->notices);
    loop_timer_set(look, LOOK_MS);
    if (now == connections)
        return;
    if (connections > 0) {
        log_event(LOG_INFO, "event_streams_ended", "why", "notices may have been lost", NULL);
        events_revoked(g, NULL);
    }
    connections = now;
}

void revocation_start(struct gateway *g)
{
    store_subscribe_revoked(g, on_revoked);
    look = loop_timer_new(g->service.loop, on_look, g);
    loop_timer_set(look, LOOK_MS);
}

void revocation_stop(void)
{
    loop_timer_free(look);
    look = NULL;
}
