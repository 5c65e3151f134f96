/* Finds what moved (scrolled text, dragged windows), so that a CopyRect of 16 bytes does what would
 * cost the whole area. From each changed tile of the new frame one distinctive row segment is taken as
 * an anchor; a rolling hash over the changed rows of the old picture finds where the anchors were, and
 * the displacement most of them agree on is tried. Nothing is believed without comparing the pixels:
 * each rectangle is checked against our copy, as it is then, right before it is written. */
#include "rfb_internal.h"

enum {
    SEGMENT = 32,    /* pixels of an anchor */
    DISTINCT = 5,    /* changes of colour that make a segment distinctive */
    ANCHORS_MAX = 768,
    SLOTS = 2048,    /* of the anchors' hash table: 11 bits */
    SEEN_BITS = 16384, /* filter in front of it: 14 bits */
    VOTES = 256,
    VOTES_MIN = 3,
    CHANGED_MIN = 6, /* tiles; less is cheap to send */
    MOVED_MIN = 3,   /* tiles; less is not worth it */
    RECTS_MAX = 64,
    MISSES = 4,      /* in vain so often (video): then every fourth frame */
    SKIPPED = 3
};
#define MULTIPLIER 0x9e3779b1u

struct anchor {
    uint32_t hash;
    uint16_t x, y;
    bool used, twice; /* twice: says nothing */
};

struct vote {
    int dx, dy;
    unsigned n;
};

struct search {
    const struct rfb *r;
    const struct rfb_frame *f;
    unsigned right, bottom; /* of the part that frame and copy share */
    struct anchor slots[SLOTS];
    unsigned anchors;
    uint64_t seen[SEEN_BITS / 64];
    struct vote votes[VOTES];
};

static const uint8_t *frame_at(const struct rfb_frame *f, unsigned x, unsigned y)
{
    return f->pixels + (size_t)y * f->stride + (size_t)x * 4;
}

/* ---- anchors ---- */

static uint32_t mix(uint32_t hash)
{
    return hash * MULTIPLIER;
}

static uint32_t hash_of(const uint8_t *p)
{
    uint32_t h = 0;
    for (unsigned i = 0; i < SEGMENT; i++)
        h = h * MULTIPLIER + rfb_colour(p + (size_t)i * 4);
    return h;
}

static bool distinctive(const uint8_t *p)
{
    unsigned n = 0;
    for (unsigned i = 1; i < SEGMENT; i++)
        n += rfb_colour(p + (size_t)i * 4) != rfb_colour(p + (size_t)(i - 1) * 4);
    return n >= DISTINCT;
}

static struct anchor *find(struct search *s, uint32_t hash)
{
    unsigned i = mix(hash) >> 21;
    while (s->slots[i].used && s->slots[i].hash != hash)
        i = (i + 1) % SLOTS;
    return &s->slots[i];
}

static void add_anchor(struct search *s, unsigned x, unsigned y)
{
    uint32_t hash = hash_of(frame_at(s->f, x, y));
    struct anchor *a = find(s, hash);
    if (a->used) {
        a->twice = true;
        return;
    }
    *a = (struct anchor){hash, (uint16_t)x, (uint16_t)y, true, false};
    s->anchors++;
    uint32_t bit = mix(hash) >> 18;
    s->seen[bit / 64] |= 1ull << bit % 64;
}

/* The first distinctive segment in the middle of a tile. */
static void anchor_tile(struct search *s, unsigned tx, unsigned ty)
{
    unsigned x = tx * RFB_TILE + (RFB_TILE - SEGMENT) / 2, y = ty * RFB_TILE;
    if (x + SEGMENT > s->right)
        return;
    for (unsigned i = 0; i < RFB_TILE && y + i < s->bottom; i += 3) {
        if (distinctive(frame_at(s->f, x, y + i))) {
            add_anchor(s, x, y + i);
            return;
        }
    }
}

/* False: too little changed, or nothing to recognise. */
static bool set_anchors(struct search *s)
{
    const struct rfb *r = s->r;
    unsigned changed = 0, total = r->tiles_x * r->tiles_y;
    for (unsigned i = 0; i < total; i++)
        changed += r->tiles[i].changed;
    if (changed < CHANGED_MIN)
        return false;
    unsigned step = changed / ANCHORS_MAX + 1, n = 0;
    for (unsigned i = 0; i < total; i++)
        if (r->tiles[i].changed && n++ % step == 0)
            anchor_tile(s, i % r->tiles_x, i / r->tiles_x);
    return s->anchors >= VOTES_MIN;
}

/* ---- where they were ---- */

static void vote(struct search *s, int dx, int dy)
{
    unsigned i = mix((uint32_t)dx * 65599u + (uint32_t)dy) >> 24;
    for (unsigned tries = 0; tries < 8; tries++, i = (i + 1) % VOTES) {
        struct vote *v = &s->votes[i];
        if (v->n == 0)
            *v = (struct vote){dx, dy, 0};
        if (v->dx == dx && v->dy == dy) {
            v->n++;
            return;
        }
    }
}

static void look_up(struct search *s, uint32_t hash, const uint8_t *p, unsigned x, unsigned y)
{
    const struct anchor *a = find(s, hash);
    if (!a->used || a->twice || (a->x == x && a->y == y) ||
        memcmp(p, frame_at(s->f, a->x, a->y), SEGMENT * 4) != 0)
        return;
    vote(s, (int)a->x - (int)x, (int)a->y - (int)y);
}

static void scan_row(struct search *s, unsigned x0, unsigned x1, unsigned y)
{
    const uint8_t *p = rfb_copy_at(s->r, x0, y);
    uint32_t leaving = 1, h = hash_of(p);
    for (unsigned i = 1; i < SEGMENT; i++)
        leaving *= MULTIPLIER; /* weight of the oldest pixel */
    for (unsigned x = x0;; x++, p += 4) {
        uint32_t bit = mix(h) >> 18;
        if (s->seen[bit / 64] >> bit % 64 & 1)
            look_up(s, h, p, x, y);
        if (x + SEGMENT >= x1)
            return;
        h = (h - rfb_colour(p) * leaving) * MULTIPLIER + rfb_colour(p + SEGMENT * 4);
    }
}

static void scan(struct search *s)
{
    const struct rfb *r = s->r;
    for (unsigned ty = 0; ty < r->tiles_y; ty++) {
        for (unsigned tx = 0, end; tx < r->tiles_x; tx = end + 1) {
            for (end = tx; end < r->tiles_x && rfb_tile(r, end, ty)->changed; end++)
                ;
            unsigned x0 = tx * RFB_TILE, x1 = end * RFB_TILE < s->right ? end * RFB_TILE : s->right;
            if (x1 < x0 + SEGMENT)
                continue;
            for (unsigned y = ty * RFB_TILE; y < (ty + 1) * RFB_TILE && y < s->bottom; y++)
                scan_row(s, x0, x1, y);
        }
    }
}

static struct vote winner(const struct search *s)
{
    struct vote best = {0, 0, 0};
    for (unsigned i = 0; i < VOTES; i++)
        if (s->votes[i].n > best.n)
            best = s->votes[i];
    return best;
}

/* ---- what moved by that ---- */

static bool source_inside(const struct search *s, struct rfb_rect a, const struct vote *m)
{
    int x = a.x - m->dx, y = a.y - m->dy;
    return x >= 0 && y >= 0 && x + a.w <= (int)s->right && y + a.h <= (int)s->bottom;
}

/* What the viewer has there is what our copy says. */
static bool source_clean(const struct rfb *r, struct rfb_rect a, const struct vote *m)
{
    unsigned x = (unsigned)(a.x - m->dx), y = (unsigned)(a.y - m->dy);
    for (unsigned ty = y / RFB_TILE; ty <= (y + a.h - 1) / RFB_TILE; ty++) {
        for (unsigned tx = x / RFB_TILE; tx <= (x + a.w - 1) / RFB_TILE; tx++) {
            const struct rfb_tile *t = rfb_tile(r, tx, ty);
            unsigned left = tx * RFB_TILE, top = ty * RFB_TILE;
            if (t->dirty && left + t->x0 < x + a.w && x < left + t->x1 && top + t->y0 < y + a.h &&
                y < top + t->y1)
                return false;
        }
    }
    return true;
}

static bool matches(const struct search *s, struct rfb_rect a, const struct vote *m)
{
    if (!source_inside(s, a, m))
        return false;
    for (unsigned y = a.y; y < (unsigned)a.y + a.h; y++)
        if (memcmp(rfb_copy_at(s->r, (unsigned)(a.x - m->dx), (unsigned)((int)y - m->dy)),
                   frame_at(s->f, a.x, y), (size_t)a.w * 4) != 0)
            return false;
    return true;
}

static unsigned mark_moved(const struct search *s, const struct vote *m)
{
    const struct rfb *r = s->r;
    unsigned n = 0;
    for (unsigned ty = 0; ty < r->tiles_y; ty++) {
        for (unsigned tx = 0; tx < r->tiles_x; tx++) {
            struct rfb_tile *t = rfb_tile(r, tx, ty);
            struct rfb_rect a = rfb_tile_area(r, tx, ty, 1, 1);
            t->moved = t->changed && a.x + a.w <= (int)s->right && a.y + a.h <= (int)s->bottom &&
                       matches(s, a, m) && source_clean(r, a, m);
            n += t->moved;
        }
    }
    return n;
}

/* Tiles cut what moved at their borders: take what belongs to it beyond them. */
static void grow(const struct search *s, struct rfb_rect *a, const struct vote *m)
{
    for (unsigned i = 1; i < RFB_TILE && a->y > 0; i++) {
        if (!matches(s, (struct rfb_rect){a->x, (uint16_t)(a->y - 1), a->w, 1}, m))
            break;
        a->y--, a->h++;
    }
    for (unsigned i = 1; i < RFB_TILE && a->y + a->h < (int)s->bottom; i++) {
        if (!matches(s, (struct rfb_rect){a->x, (uint16_t)(a->y + a->h), a->w, 1}, m))
            break;
        a->h++;
    }
    for (unsigned i = 1; i < RFB_TILE && a->x > 0; i++) {
        if (!matches(s, (struct rfb_rect){(uint16_t)(a->x - 1), a->y, 1, a->h}, m))
            break;
        a->x--, a->w++;
    }
    for (unsigned i = 1; i < RFB_TILE && a->x + a->w < (int)s->right; i++) {
        if (!matches(s, (struct rfb_rect){(uint16_t)(a->x + a->w), a->y, 1, a->h}, m))
            break;
        a->w++;
    }
}

/* ---- CopyRects ---- */

/* Our copy moves as the viewer's picture will: rows in the order that does not overwrite a source. */
static void move_copy(struct rfb *r, struct rfb_rect a, const struct vote *m)
{
    for (unsigned i = 0; i < a.h; i++) {
        unsigned y = m->dy > 0 ? a.y + a.h - 1u - i : a.y + i;
        uint8_t *to = r->copy + ((size_t)y * r->width + a.x) * 4;
        memmove(to, rfb_copy_at(r, (unsigned)(a.x - m->dx), (unsigned)((int)y - m->dy)),
                (size_t)a.w * 4);
    }
}

static bool source_lossy(const struct rfb *r, struct rfb_rect a, const struct vote *m)
{
    unsigned x = (unsigned)(a.x - m->dx), y = (unsigned)(a.y - m->dy);
    for (unsigned ty = y / RFB_TILE; ty <= (y + a.h - 1) / RFB_TILE; ty++)
        for (unsigned tx = x / RFB_TILE; tx <= (x + a.w - 1) / RFB_TILE; tx++)
            if (rfb_tile(r, tx, ty)->lossy)
                return true;
    return false;
}

/* A tile of area a: loss moves with the pixels. */
static void move_marks_of(struct rfb *r, unsigned tx, unsigned ty, struct rfb_rect a,
                          const struct vote *m, int64_t now_ms)
{
    struct rfb_tile *t = rfb_tile(r, tx, ty);
    struct rfb_rect all = rfb_tile_area(r, tx, ty, 1, 1), part = all;
    if (part.x < a.x)
        part.w = (uint16_t)(part.w - (a.x - part.x)), part.x = a.x;
    if (part.y < a.y)
        part.h = (uint16_t)(part.h - (a.y - part.y)), part.y = a.y;
    if (part.x + part.w > a.x + a.w)
        part.w = (uint16_t)(a.x + a.w - part.x);
    if (part.y + part.h > a.y + a.h)
        part.h = (uint16_t)(a.y + a.h - part.y);
    bool covered = part.w == all.w && part.h == all.h;
    t->lossy = source_lossy(r, part, m) || (t->lossy && !covered);
    t->kind = RFB_KIND_UNKNOWN;
    t->changed_ms = now_ms;
}

/* In the order in which no source has been marked yet. */
static void move_marks(struct rfb *r, struct rfb_rect a, const struct vote *m, int64_t now_ms)
{
    unsigned x0 = a.x / RFB_TILE, x1 = (a.x + a.w - 1u) / RFB_TILE;
    unsigned y0 = a.y / RFB_TILE, y1 = (a.y + a.h - 1u) / RFB_TILE;
    for (unsigned j = 0; j <= y1 - y0; j++)
        for (unsigned i = 0; i <= x1 - x0; i++)
            move_marks_of(r, m->dx > 0 ? x1 - i : x0 + i, m->dy > 0 ? y1 - j : y0 + j, a, m,
                          now_ms);
    r->changed_ms = now_ms;
}

static bool write_copy(struct rfb *r, const struct search *s, struct rfb_rect a,
                       const struct vote *m, int64_t now_ms)
{
    if (!matches(s, a, m) || !source_clean(r, a, m))
        return false; /* an earlier one overwrote its source, or it grew into what is on the way */
    rfb_rect_header(r, a, RFB_COPYRECT);
    rfb_out_u16(&r->out, (uint16_t)(a.x - m->dx));
    rfb_out_u16(&r->out, (uint16_t)(a.y - m->dy));
    move_copy(r, a, m);
    move_marks(r, a, m, now_ms);
    r->rects[RFB_COUNT_COPY]++;
    return true;
}

static bool row_moved(const struct rfb *r, unsigned x0, unsigned x1, unsigned ty)
{
    for (unsigned tx = x0; tx < x1; tx++)
        if (!rfb_tile(r, tx, ty)->moved)
            return false;
    return true;
}

/* Takes the largest rectangle of moved tiles with the corner (tx, ty) that lies towards down and
 * right; their marks go. */
static struct rfb_rect take_moved(struct rfb *r, unsigned tx, unsigned ty, bool down, bool right)
{
    unsigned x0 = tx, x1 = tx + 1, y0 = ty, y1 = ty + 1;
    if (right)
        while (x1 < r->tiles_x && rfb_tile(r, x1, ty)->moved)
            x1++;
    else
        while (x0 > 0 && rfb_tile(r, x0 - 1, ty)->moved)
            x0--;
    if (down)
        while (y1 < r->tiles_y && row_moved(r, x0, x1, y1))
            y1++;
    else
        while (y0 > 0 && row_moved(r, x0, x1, y0 - 1))
            y0--;
    for (unsigned y = y0; y < y1; y++)
        for (unsigned x = x0; x < x1; x++)
            rfb_tile(r, x, y)->moved = false;
    return rfb_tile_area(r, x0, y0, x1 - x0, y1 - y0);
}

/* From the side that moved away, so that a rectangle's source is still there when its turn comes. */
static unsigned write_moved(struct rfb *r, const struct search *s, const struct vote *m,
                            int64_t now_ms)
{
    bool down = m->dy <= 0, right = m->dx <= 0;
    unsigned n = 0;
    for (unsigned j = 0; j < r->tiles_y; j++) {
        for (unsigned i = 0; i < r->tiles_x; i++) {
            unsigned ty = down ? j : r->tiles_y - 1 - j, tx = right ? i : r->tiles_x - 1 - i;
            if (!rfb_tile(r, tx, ty)->moved)
                continue;
            struct rfb_rect a = take_moved(r, tx, ty, down, right), large = a;
            if (n == RECTS_MAX)
                continue;
            grow(s, &large, m);
            n += write_copy(r, s, large, m, now_ms) || write_copy(r, s, a, m, now_ms);
        }
    }
    return n;
}

static unsigned search(struct rfb *r, const struct rfb_frame *f, int64_t now_ms)
{
    struct search s = {.r = r, .f = f};
    s.right = r->width < f->width ? r->width : f->width;
    s.bottom = r->height < f->height ? r->height : f->height;
    if (!set_anchors(&s))
        return 0;
    if (r->scroll_skip > 0) {
        r->scroll_skip--;
        return 0;
    }
    scan(&s);
    struct vote m = winner(&s);
    unsigned n = 0;
    if (m.n >= VOTES_MIN && mark_moved(&s, &m) >= MOVED_MIN)
        n = write_moved(r, &s, &m, now_ms);
    r->scroll_misses = n > 0 ? 0 : r->scroll_misses + 1;
    if (r->scroll_misses >= MISSES)
        r->scroll_skip = SKIPPED;
    return n;
}

unsigned rfb_scroll(struct rfb *r, const struct rfb_frame *f, int64_t now_ms)
{
    enum { CALM_MS = 500 };
    if (now_ms - r->changed_ms > CALM_MS)
        r->scroll_misses = r->scroll_skip = 0; /* something new begins */
    return search(r, f, now_ms);
}
