/* Open event streams: events.c opens and closes them, feed.c reads the company's feed and tells it. */
#ifndef BEISTAND_GATEWAY_EVENTS_H
#define BEISTAND_GATEWAY_EVENTS_H

#include "gateway.h"

enum { EPOCH_SIZE = 24, PLACE_SIZE = 44, EVENT_ID_SIZE = EPOCH_SIZE + PLACE_SIZE };

struct stream {
    struct stream *next;
    struct gateway *gateway;
    struct http_stream *http; /* NULL once the client has left (then it waits for feed.c only) */
    struct call *call;        /* who is asking; gone together with http */
    char epoch[EPOCH_SIZE];   /* of the bucket when the stream was opened */
    char place[PLACE_SIZE];   /* feed id of the last entry told or skipped */
    bool reading, again;
    bool held;                /* until the client has taken what is written */
};

/* Tells what follows place, unless that is being done. Frees s when its client has left meanwhile. */
void feed_pump(struct stream *s);
/* http_stream_on_drained(): a slow client has taken everything. user: struct stream. */
void feed_drained(void *user);

#endif
