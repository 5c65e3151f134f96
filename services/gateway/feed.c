/* From the feed to an event stream. One batch at a time: its entries are read, then the sessions they are about, then
 * all is written in order. A session is told as it is now, which may be later than the entry: the same session then
 * comes again with the entry of that change. A client that does not take its events is not read for. */
#include "events.h"

#include "common/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH_MAX = 20, WAITING_MAX = 262144 };

struct entry {
    char place[PLACE_SIZE], type[64], session[ID_SIZE];
    json_t *record, *presence;
};

struct batch {
    struct stream *stream;
    size_t n, waiting;
    bool full, lost;
    char epoch[EPOCH_SIZE];
    struct entry entries[BATCH_MAX];
};

/* One hash that was asked for. */
struct read {
    struct batch *batch;
    json_t **target;
};

static void batch_free(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        json_decref(b->entries[i].record);
        json_decref(b->entries[i].presence);
    }
    free(b);
}

static void write_event(struct stream *s, const struct entry *e, const char *event, json_t *data)
{
    char *json = json_compact(data);
    size_t size = json ? strlen(json) + EVENT_ID_SIZE + 64 : 0;
    char *text = json ? malloc(size) : NULL;
    if (text) {
        int n = snprintf(text, size, "id: %s-%s\nevent: %s\ndata: %s\n\n", s->epoch, e->place, event, json);
        http_stream_write(s->http, text, (size_t)n);
    }
    free(text);
    free(json);
    json_decref(data);
}

static void tell(struct stream *s, const struct entry *e)
{
    const struct principal *who = &s->call->who;
    if (e->record && may_see(who, e->record))
        write_event(s, e, "session", session_view(s->gateway, e->record, e->presence));
    else if (!e->session[0] && who->administrator)
        write_event(s, e, "change", json_pack("{ss}", "type", e->type));
}

/* The bucket was folded anew since the stream began: what its client knows may never have been. */
static void tell_reset(struct stream *s, const struct batch *b)
{
    struct entry e = {.session = ""};
    snprintf(s->epoch, sizeof s->epoch, "%s", b->epoch);
    snprintf(e.place, sizeof e.place, "%s", s->place);
    write_event(s, &e, "reset", json_pack("{sb}", "resumed", false));
}

static void batch_done(struct batch *b)
{
    struct stream *s = b->stream;
    bool more = b->full || s->again;
    s->reading = s->again = false;
    if (!s->http) {
        batch_free(b);
        free(s);
        return;
    }
    if (!b->lost && strcmp(b->epoch, s->epoch) != 0)
        tell_reset(s, b);
    for (size_t i = 0; i < b->n && !b->lost; i++) {
        tell(s, &b->entries[i]);
        snprintf(s->place, sizeof s->place, "%s", b->entries[i].place);
    }
    more = more && !b->lost; /* without Redis the tick comes back */
    batch_free(b);
    if (more)
        feed_pump(s);
}

static void read_done(struct batch *b, const redisReply *reply)
{
    if (!reply)
        b->lost = true;
    if (--b->waiting == 0)
        batch_done(b);
}

static void on_hash(void *user, const redisReply *reply)
{
    struct read *read = user;
    struct batch *b = read->batch;
    *read->target = hash_object(reply);
    free(read);
    read_done(b, reply);
}

static void read_hash(struct batch *b, const char *session, json_t **target,
                      void (*ask)(struct gateway *g, const char *sid, redis_fn fn, void *user))
{
    struct read *read = malloc(sizeof *read);
    if (!read)
        abort();
    *read = (struct read){b, target};
    b->waiting++;
    ask(b->stream->gateway, session, on_hash, read);
}

/* An entry is [id, [field, value, …]] with the fields t and s. */
static void take_entry(struct batch *b, const redisReply *reply)
{
    const redisReply *fields = reply->elements == 2 ? reply->element[1] : NULL;
    struct entry *e = &b->entries[b->n++];
    snprintf(e->place, sizeof e->place, "%s", reply->element[0]->str);
    if (!fields || fields->elements < 4)
        return;
    snprintf(e->type, sizeof e->type, "%s", fields->element[1]->str);
    snprintf(e->session, sizeof e->session, "%s", fields->element[3]->str);
    if (bucket_of_id(e->session) < 0)
        return;
    read_hash(b, e->session, &e->record, store_session);
    read_hash(b, e->session, &e->presence, store_presence);
}

static void on_entries(void *user, const redisReply *reply)
{
    struct batch *b = user;
    size_t n = reply && reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    for (size_t i = 0; i < n && i < BATCH_MAX; i++)
        take_entry(b, reply->element[i]);
    b->full = n == BATCH_MAX;
    read_done(b, reply);
}

static void on_epoch(void *user, const redisReply *reply)
{
    struct batch *b = user;
    snprintf(b->epoch, sizeof b->epoch, "%s", reply && reply->type == REDIS_REPLY_STRING ? reply->str : "1");
    read_done(b, reply);
}

void feed_pump(struct stream *s)
{
    char count[16];
    if (s->reading) {
        s->again = true;
        return;
    }
    if (!s->http || !redis_ready(s->gateway->redis))
        return;
    s->held = http_stream_waiting(s->http) > WAITING_MAX;
    if (s->held)
        return;
    struct batch *b = calloc(1, sizeof *b);
    if (!b)
        return;
    b->stream = s;
    b->waiting = 2;
    s->reading = true;
    snprintf(count, sizeof count, "%d", BATCH_MAX);
    store_feed(s->gateway, s->call->who.company, s->place, count, on_epoch, on_entries, b);
}

void feed_drained(void *user)
{
    struct stream *s = user;
    if (s->held)
        feed_pump(s);
}
