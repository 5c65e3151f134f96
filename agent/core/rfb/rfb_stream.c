/* zlib streams of Tight and ZRLE: one per kind of data for the whole connection, so that what was said
 * before makes what comes shorter. Each piece ends with a sync flush: the viewer can draw it at once. */
#include "rfb_internal.h"

enum { STEP = 16384 };

void rfb_stream_cleanup(struct rfb_stream *s)
{
    if (s->on)
        deflateEnd(&s->z);
    memset(s, 0, sizeof *s);
}

/* Viewers say 0..9; level 0 of zlib only copies, which helps nobody here. */
static bool ready(struct rfb_stream *s, int level)
{
    level = level > 0 ? level : 1;
    if (!s->on) {
        memset(&s->z, 0, sizeof s->z);
        s->on = deflateInit(&s->z, level) == Z_OK;
        s->level = level;
        return s->on;
    }
    if (s->level == level)
        return true;
    uint8_t none[64]; /* after a sync flush there is nothing left to write out */
    s->z.next_in = NULL;
    s->z.avail_in = 0;
    s->z.next_out = none;
    s->z.avail_out = sizeof none;
    if (deflateParams(&s->z, level, Z_DEFAULT_STRATEGY) != Z_OK || s->z.avail_out != sizeof none)
        return false;
    s->level = level;
    return true;
}

void rfb_stream_put(struct rfb_stream *s, int level, const struct rfb_out *in, struct rfb_out *to)
{
    if (in->failed || !ready(s, level)) {
        to->failed = true;
        return;
    }
    s->z.next_in = (Bytef *)rfb_out_bytes(in);
    s->z.avail_in = (uInt)in->size;
    do {
        uint8_t *at = rfb_out_reserve(to, STEP);
        if (at == NULL)
            return;
        s->z.next_out = at;
        s->z.avail_out = STEP;
        if (deflate(&s->z, Z_SYNC_FLUSH) == Z_STREAM_ERROR) {
            to->failed = true;
            return;
        }
        rfb_out_add(to, STEP - s->z.avail_out);
    } while (s->z.avail_out == 0);
}
