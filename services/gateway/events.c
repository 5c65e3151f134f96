/* GET /v1/events: server-sent events (WHATWG HTML, section 9.2). The journal and presence notices say that a
 * session changed; it is read once and written to every open stream that may see it. */
#include "gateway.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEARTBEAT_MS = 15000 };

struct stream {
    struct stream *next;
    struct gateway *gateway;
    struct http_stream *http;
    struct call *call; /* lives as long as the stream: it holds who is asking */
};

struct change {
    struct gateway *gateway;
    char session[ID_SIZE];
    json_t *record;
};

static struct loop_timer *heartbeat;

static void on_heartbeat(void *user)
{
    struct gateway *g = user;
    for (struct stream *s = g->streams; s; s = s->next)
        http_stream_write(s->http, ": alive\n\n", 9);
    loop_timer_set(heartbeat, HEARTBEAT_MS);
}

static void on_closed(void *user)
{
    struct stream *s = user;
    struct stream **at = &s->gateway->streams;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at) {
        *at = s->next;
        s->gateway->n_streams--;
    }
    metric_set("beistand_event_streams", "", (double)s->gateway->n_streams);
    free(s);
}

void handle_events(struct call *c)
{
    struct gateway *g = c->gateway;
    static const char hello[] = "retry: 2000\nevent: ready\ndata: {}\n\n";
    struct stream *s = g->n_streams < STREAMS_MAX ? calloc(1, sizeof *s) : NULL;
    if (!s) {
        call_refuse(c, "rate_limited", NULL);
        return;
    }
    http_add_header(c->request, "Cache-Control", "no-store");
    http_add_header(c->request, "X-Accel-Buffering", "no");
    *s = (struct stream){.gateway = g, .call = c, .next = g->streams};
    s->http = http_stream_start(c->request, "text/event-stream", on_closed, s);
    if (!s->http) {
        free(s);
        call_refuse(c, "unavailable", NULL);
        return;
    }
    g->streams = s;
    g->n_streams++;
    metric_set("beistand_event_streams", "", (double)g->n_streams);
    http_stream_write(s->http, hello, sizeof hello - 1);
}

static void broadcast(struct gateway *g, const json_t *record, const json_t *presence)
{
    json_t *view = session_view(g, record, presence);
    char *data = json_dumps(view, JSON_COMPACT);
    size_t size = data ? strlen(data) + 256 : 0;
    char *text = data ? malloc(size) : NULL;
    if (text) {
        int n = snprintf(text, size, "id: %s/%s\nevent: session\ndata: %s\n\n",
                         json_text(record, "id", ""), json_text(view, "version", ""), data);
        for (struct stream *s = g->streams; s; s = s->next)
            if (may_see(&s->call->who, record))
                http_stream_write(s->http, text, (size_t)n);
    }
    free(text);
    free(data);
    json_decref(view);
}

static void on_presence(void *user, const redisReply *reply)
{
    struct change *change = user;
    json_t *presence = hash_object(reply);
    if (change->record)
        broadcast(change->gateway, change->record, presence);
    json_decref(presence);
    json_decref(change->record);
    free(change);
}

static void on_record(void *user, const redisReply *reply)
{
    struct change *change = user;
    change->record = hash_object(reply);
}

void events_session_changed(struct gateway *g, const char *company, const char *session)
{
    struct stream *s = g->streams;
    while (s && strcmp(s->call->who.company, company) != 0)
        s = s->next;
    struct change *change = s ? calloc(1, sizeof *change) : NULL;
    if (!change)
        return;
    change->gateway = g;
    snprintf(change->session, sizeof change->session, "%s", session);
    store_session(g, change->session, on_record, change);
    store_presence(g, change->session, on_presence, change);
}

/* Payload of beistand.changed: "{cid} {sid}". */
static void on_notice(void *user, const redisReply *reply)
{
    struct gateway *g = user;
    char company[ID_SIZE], session[ID_SIZE];
    if (reply && sscanf(reply->str, "%26s %26s", company, session) == 2 &&
        bucket_of_id(session) >= 0)
        events_session_changed(g, company, session);
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
    heartbeat = loop_timer_new(g->service.loop, on_heartbeat, g);
    loop_timer_set(heartbeat, HEARTBEAT_MS);
}

void events_stop(struct gateway *g)
{
    for (struct stream *s = g->streams; s; s = s->next)
        http_stream_end(s->http);
    loop_timer_free(heartbeat);
    heartbeat = NULL;
}
