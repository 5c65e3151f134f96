/* GET /v1/events: server-sent events (WHATWG HTML, section 9.2). Each company has one feed in Redis, written by the
 * transitions in the order of the changes; every stream has its own place in it and tells what follows (feed.c).
 * An event's id is "{bucket epoch}-{feed id}": any gateway resumes it, or says `reset` when something may be missing. */
#include "events.h"

#include "common/log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 1000 };

static struct loop_timer *tick;

static void pump_company(struct gateway *g, const char *company)
{
    for (struct stream *s = g->streams; s; s = s->next)
        if (!company || strcmp(s->call->who.company, company) == 0)
            feed_pump(s);
}

/* The heartbeat carries the id too (an event without data is not dispatched, but its id is remembered): whoever may
 * see little of what happens would else fall behind the feed. */
static void beat(struct stream *s)
{
    char text[EVENT_ID_SIZE + 32];
    int n = snprintf(text, sizeof text, "id: %s-%s\n: alive\n\n", s->epoch, s->place);
    http_stream_write(s->http, text, (size_t)n);
}

/* The net below the notices: after Redis was away, or a notice was lost, everybody looks again. */
static void on_tick(void *user)
{
    struct gateway *g = user;
    static bool was_ready;
    bool ready = redis_ready(g->redis) && redis_ready(g->notices);
    int64_t now = loop_now_ms(g->service.loop);
    bool heartbeat = now - g->beaten >= g->settings.heartbeat_ms;
    loop_timer_set(tick, TICK_MS < g->settings.heartbeat_ms ? TICK_MS : g->settings.heartbeat_ms);
    for (struct stream *s = g->streams; heartbeat && s; s = s->next)
        if (!s->reading)
            beat(s);
    if (heartbeat)
        g->beaten = now;
    if (ready && (heartbeat || !was_ready))
        pump_company(g, NULL);
    was_ready = ready;
}

static void on_closed(void *user)
{
    struct stream *s = user;
    struct gateway *g = s->gateway;
    struct stream **at = &g->streams;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    g->n_streams--;
    metric_set("beistand_event_streams", "", (double)g->n_streams);
    s->http = NULL;
    s->call = NULL; /* went with the request */
    if (!s->reading)
        free(s);
}

static bool start_stream(struct call *c, const char *epoch, const char *how, const char *place)
{
    struct gateway *g = c->gateway;
    struct stream *s = g->n_streams < STREAMS_MAX ? calloc(1, sizeof *s) : NULL;
    char hello[EVENT_ID_SIZE + 128];
    if (!s)
        return false;
    http_add_header(c->request, "Cache-Control", "no-store");
    http_add_header(c->request, "X-Accel-Buffering", "no");
    *s = (struct stream){.gateway = g, .call = c, .next = g->streams};
    snprintf(s->epoch, sizeof s->epoch, "%s", epoch);
    snprintf(s->place, sizeof s->place, "%s", place);
    s->http = http_stream_start(c->request, "text/event-stream", on_closed, s);
    if (!s->http) {
        free(s);
        return false;
    }
    http_stream_on_drained(s->http, feed_drained);
    g->streams = s;
    g->n_streams++;
    metric_set("beistand_event_streams", "", (double)g->n_streams);
    int n = snprintf(hello, sizeof hello, "retry: 2000\nid: %s-%s\nevent: %s\ndata: {\"resumed\":%s}\n\n", epoch, place,
                     strcmp(how, "reset") == 0 ? "reset" : "ready", strcmp(how, "resumed") == 0 ? "true" : "false");
    http_stream_write(s->http, hello, (size_t)n);
    feed_pump(s);
    return true;
}

static void on_opened(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
        call_refuse(c, "unavailable", NULL);
    else if (!start_stream(c, reply->element[0]->str, reply->element[1]->str, reply->element[2]->str))
        call_refuse(c, "rate_limited", NULL);
}

static size_t digits(const char *text, size_t max)
{
    size_t n = strspn(text, "0123456789");
    return n <= max ? n : 0;
}

/* "epoch-milliseconds-sequence"; what is not that is an id we do not know. */
static void read_last_id(const char *text, char epoch[EPOCH_SIZE], char place[PLACE_SIZE])
{
    size_t a = digits(text, EPOCH_SIZE - 1);
    size_t b = a && text[a] == '-' ? digits(text + a + 1, 19) : 0;
    const char *sequence = b ? text + a + 1 + b : "";
    size_t n = *sequence == '-' ? digits(sequence + 1, 19) : 0;
    snprintf(epoch, EPOCH_SIZE, "0");
    snprintf(place, PLACE_SIZE, "0-0");
    if (n > 0 && !sequence[1 + n]) {
        snprintf(epoch, EPOCH_SIZE, "%.*s", (int)a, text);
        snprintf(place, PLACE_SIZE, "%s", text + a + 1);
    }
}

void handle_events(struct call *c)
{
    char epoch[EPOCH_SIZE] = "", place[PLACE_SIZE] = "";
    const char *last = http_header(c->request, "Last-Event-ID");
    if (last && *last)
        read_last_id(last, epoch, place);
    store_open_feed(c, epoch, place, on_opened);
}

/* Payload of beistand.changed: "{cid} {sid}". */
static void on_notice(void *user, const redisReply *reply)
{
    char company[ID_SIZE];
    if (reply && sscanf(reply->str, "%26s", company) == 1)
        pump_company(user, company);
}

static bool concerns(const struct principal *p, const char *id)
{
    return strcmp(p->credential, id) == 0 || strcmp(p->technician, id) == 0 || strcmp(p->company, id) == 0;
}

void events_revoked(struct gateway *g, const char *id)
{
    for (struct stream *s = g->streams; s; s = s->next)
        if (!id || concerns(&s->call->who, id))
            http_stream_end(s->http);
}

void events_start(struct gateway *g)
{
    store_subscribe(g, on_notice);
    tick = loop_timer_new(g->service.loop, on_tick, g);
    loop_timer_set(tick, TICK_MS);
}

void events_stop(struct gateway *g)
{
    for (struct stream *s = g->streams; s; s = s->next)
        http_stream_finish(s->http);
    loop_timer_free(tick);
    tick = NULL;
}
