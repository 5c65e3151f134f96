/* What the files of the RFB engine share. Nobody outside this folder and its tests includes it.
 *
 * rfb.c           life, public calls, output           rfb_input.c   handshake and messages of the viewer
 * rfb_frame.c     our copy of the picture, tile compare rfb_scroll.c  finds moved areas (CopyRect)
 * rfb_update.c    what goes into an update              rfb_group.c   tiles that go as one rectangle
 * rfb_flow.c      fences, congestion window             rfb_pixel.c   pixel formats
 * rfb_palette.c   colour counting                       rfb_pseudo.c  cursor, size, name rectangles
 * rfb_tight.c, rfb_jpeg.c, rfb_zrle.c encodings         rfb_stream.c  zlib for the whole connection
 * rfb_clipboard.c plain and extended clipboard          rfb_out.c     bounded buffer */
#ifndef BEISTAND_RFB_INTERNAL_H
#define BEISTAND_RFB_INTERNAL_H

#include "rfb.h"

#include <string.h>
#include <zlib.h>

/* ---- bounded growing buffer: a failed put makes every later put a no-op (ask failed once) ---- */
struct rfb_out {
    uint8_t *data;
    size_t start, size, cap; /* live bytes are data[start .. start + size) */
    size_t max;
    bool failed, overflow; /* overflow: max was the reason, else memory */
};
void rfb_out_init(struct rfb_out *o, size_t max);
void rfb_out_cleanup(struct rfb_out *o);
/* Room for n more bytes; NULL when failed. rfb_out_add() says how many were written there. */
uint8_t *rfb_out_reserve(struct rfb_out *o, size_t n);
void rfb_out_add(struct rfb_out *o, size_t n);
void rfb_out_put(struct rfb_out *o, const void *bytes, size_t n);
void rfb_out_u8(struct rfb_out *o, uint8_t v);
void rfb_out_u16(struct rfb_out *o, uint16_t v);
void rfb_out_u32(struct rfb_out *o, uint32_t v);
void rfb_out_take(struct rfb_out *o, size_t n); /* a large buffer that got empty is given back */
void rfb_out_clear(struct rfb_out *o);
static inline const uint8_t *rfb_out_bytes(const struct rfb_out *o)
{
    return o->data == NULL ? NULL : o->data + o->start;
}

static inline uint16_t rfb_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t rfb_get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The colour of a BGRX pixel as 0x00RRGGBB; the fourth byte of captures is noise. */
static inline uint32_t rfb_colour(const uint8_t *p)
{
    return (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* ---- pixel formats ---- */
enum rfb_packing {
    RFB_PACK_PIXEL,  /* PIXEL of RFC 6143 */
    RFB_PACK_TPIXEL, /* Tight: three bytes R, G, B for 24-bit formats */
    RFB_PACK_CPIXEL  /* ZRLE: the unused byte left out */
};

struct rfb_pixels {
    uint8_t bytes;       /* per PIXEL: 1, 2 or 4 */
    bool big_endian;
    bool rgb24;          /* TPIXEL is R, G, B */
    bool native;         /* PIXEL is exactly our BGRX */
    uint8_t cpixel_skip; /* CPIXEL: 4 = same as PIXEL, else the byte of PIXEL left out: 0 or 3 */
    uint32_t red[256], green[256], blue[256];
};
void rfb_pixels_init(struct rfb_pixels *p); /* the format ServerInit names */
/* wire: the 16 bytes of PIXEL_FORMAT. False: a colour map or nonsense; p is unchanged. */
bool rfb_pixels_set(struct rfb_pixels *p, const uint8_t wire[16]);
size_t rfb_pixels_size(const struct rfb_pixels *p, enum rfb_packing k);
/* n pixels BGRX → dst, n × rfb_pixels_size() bytes. */
void rfb_pixels_pack(const struct rfb_pixels *p, enum rfb_packing k, const uint8_t *bgrx, size_t n,
                     uint8_t *dst);
void rfb_pixels_pack_colour(const struct rfb_pixels *p, enum rfb_packing k, uint32_t colour,
                            uint8_t *dst);
extern const uint8_t rfb_pixels_server_format[16];

/* ---- colour counting ---- */
#define RFB_PALETTE_SLOTS 1024
struct rfb_palette {
    unsigned n;              /* colours found, ≤ 256 */
    uint32_t colour[256];    /* in order of appearance */
    uint16_t slot[RFB_PALETTE_SLOTS]; /* open hash: index + 1, 0 = free */
};
void rfb_palette_clear(struct rfb_palette *p);
/* Adds the colours of an area. False: more than max (≤ 256); p then holds max of them. */
bool rfb_palette_add(struct rfb_palette *p, const uint8_t *bgrx, size_t stride, unsigned w,
                     unsigned h, unsigned max);
/* Index of a colour that is in p. */
unsigned rfb_palette_index(const struct rfb_palette *p, uint32_t colour);
/* Forgets all but the first n. */
void rfb_palette_cut(struct rfb_palette *p, unsigned n);

/* ---- zlib streams that live as long as the connection ---- */
struct rfb_stream {
    z_stream z;
    bool on;
    int level;
};
void rfb_stream_cleanup(struct rfb_stream *s);
/* Appends in, compressed up to a sync flush, to to. On failure to->failed is set. */
void rfb_stream_put(struct rfb_stream *s, int level, const struct rfb_out *in, struct rfb_out *to);

/* ---- tiles: the unit of comparing, classifying and remembering what the viewer has ---- */
enum { RFB_TILE = 64, RFB_JOIN_AREA = 65536 /* pixels in one compressed rectangle: bounds every buffer */ };
struct rfb_tile {
    bool dirty;         /* the viewer has something else than our copy */
    bool lossy;         /* what the viewer has went as JPEG */
    bool changed;       /* differs in the frame being compared */
    bool moved;         /* rfb_scroll.c: what is new in it was elsewhere before */
    uint8_t kind;       /* enum rfb_kind, of our copy; forgotten when the copy changes */
    uint8_t x0, y0, x1, y1; /* what is dirty of it: pixels from its corner, ends exclusive */
    uint32_t colour;    /* of RFB_KIND_SOLID */
    int64_t changed_ms;
};
enum rfb_kind { RFB_KIND_UNKNOWN, RFB_KIND_SOLID, RFB_KIND_FEW, RFB_KIND_MANY };

enum rfb_phase { RFB_PHASE_VERSION, RFB_PHASE_SECURITY, RFB_PHASE_INIT, RFB_PHASE_NORMAL };
enum rfb_encoding { RFB_RAW = 0, RFB_COPYRECT = 1, RFB_TIGHT = 7, RFB_ZRLE = 16 };

/* Encoding numbers of the pseudo-encodings (rfbproto registry). */
enum {
    RFB_ENC_QUALITY_0 = -32,
    RFB_ENC_QUALITY_9 = -23,
    RFB_ENC_DESKTOP_SIZE = -223,
    RFB_ENC_LAST_RECT = -224,
    RFB_ENC_CURSOR = -239,
    RFB_ENC_COMPRESS_0 = -256,
    RFB_ENC_COMPRESS_9 = -247,
    RFB_ENC_QEMU_KEY = -258,
    RFB_ENC_DESKTOP_NAME = -307,
    RFB_ENC_EXT_DESKTOP_SIZE = -308,
    RFB_ENC_FENCE = -312,
    RFB_ENC_CONTINUOUS = -313,
    RFB_ENC_CURSOR_ALPHA = -314,
    RFB_ENC_EXT_MOUSE = -316,
    RFB_ENC_VMWARE_CURSOR = 0x574d5664,
    RFB_ENC_EXT_CLIPBOARD = (int32_t)0xc0a1e5ce
};

struct rfb_viewer { /* what SetEncodings said */
    enum rfb_encoding encoding;
    int quality;  /* 0..9; -1: no JPEG */
    int compress; /* 0..9 */
    bool copy_rect, desktop_size, ext_desktop_size, desktop_name, qemu_key, ext_mouse;
    bool cursor, cursor_alpha, vmware_cursor, fence, continuous, ext_clipboard;
};

enum { RFB_FENCES = 16 };
struct rfb_flow {
    struct {
        uint32_t number;
        uint64_t offset; /* of the output after the fence */
        int64_t sent_ms;
    } fence[RFB_FENCES]; /* a ring, oldest at first */
    unsigned first, count;
    uint32_t next_number;
    uint64_t acked;         /* output offset the viewer has worked off */
    size_t window;          /* bytes that may be on the way */
    unsigned rtt_ms;        /* last */
    unsigned base_ms;       /* smallest of the last two periods: the path without queues */
    unsigned period_min_ms; /* smallest of this period */
    int64_t period_ms;      /* start of this period */
    int64_t shrunk_ms;      /* the window shrinks at most once per round trip */
    bool measured;          /* base_ms holds something */
    bool limited;           /* the window held an update back since the last answer */
};

struct rfb {
    struct rfb_callbacks on;
    enum rfb_result failed;
    const char *error;
    bool view_only;
    char name[RFB_NAME_MAX + 1];

    enum rfb_phase phase;
    unsigned minor; /* 3, 7 or 8 of the agreed protocol version */
    struct rfb_out in, out;
    uint64_t taken;    /* bytes that left the output */
    uint64_t skipping; /* bytes of an over-long clipboard text still to drop */
    struct rfb_viewer viewer;
    struct rfb_pixels pixels;

    /* The picture as the viewer sees it or will: size, copy, tiles. */
    uint16_t width, height;
    uint16_t frame_w, frame_h; /* of the last frame; differs when the viewer cannot resize */
    uint8_t *copy; /* BGRX, stride width × 4 */
    bool framed;   /* there has been a frame: the copy is a picture */
    unsigned tiles_x, tiles_y;
    struct rfb_tile *tiles;
    unsigned next_row; /* tile row where the last update ran out of budget */
    int64_t changed_ms;
    unsigned scroll_misses, scroll_skip; /* looking for moved areas in vain: less often */

    /* What the viewer waits for. */
    bool requested, continuous;
    struct rfb_rect request, continuous_area;
    bool say_size, say_cursor, say_name, say_qemu_key, say_ext_mouse;
    bool ext_mouse_said; /* from now on bit 7 of a pointer mask means that one more byte follows */
    int size_reply; /* -1, or the status of a SetDesktopSize to be answered */

    struct rfb_screen screens[RFB_SCREENS_MAX];
    size_t screen_count;
    uint8_t *cursor; /* BGRA */
    uint16_t cursor_w, cursor_h, cursor_hot_x, cursor_hot_y;

    char *clipboard; /* the PC's; NULL: none yet */
    size_t clipboard_size;
    uint32_t clipboard_caps; /* actions the viewer knows; 0 before it said */
    bool say_clipboard, say_text; /* ours changed; the viewer asked for it */

    struct rfb_flow flow;
    struct rfb_stream tight[3]; /* 0 full colour, 1 two colours, 2 indexed */
    struct rfb_stream zrle;
    struct rfb_out scratch; /* one rectangle before compression */
    struct rfb_out packed;  /* one JPEG or zlib piece before its length is known */
    struct rfb_palette palette; /* of the rectangle in the making */
    struct rfb_palette probe;   /* of one tile being looked at */
    uint64_t updates, rects[5];
};
enum { RFB_COUNT_COPY, RFB_COUNT_SOLID, RFB_COUNT_PALETTE, RFB_COUNT_JPEG, RFB_COUNT_LOSSLESS };

static inline const uint8_t *rfb_copy_at(const struct rfb *r, unsigned x, unsigned y)
{
    return r->copy + ((size_t)y * r->width + x) * 4;
}

/* Makes the failure sticky and returns it. why is a literal. */
enum rfb_result rfb_fail(struct rfb *r, enum rfb_result code, const char *why);
/* Bytes ever put in the output. */
static inline uint64_t rfb_offset(const struct rfb *r)
{
    return r->taken + r->out.size;
}

/* rfb_frame.c */
enum rfb_result rfb_frame_resize(struct rfb *r, uint16_t w, uint16_t h);
/* The pixels of tile (tx, ty); nx × ny of them. */
struct rfb_rect rfb_tile_area(const struct rfb *r, unsigned tx, unsigned ty, unsigned nx,
                              unsigned ny);
static inline struct rfb_tile *rfb_tile(const struct rfb *r, unsigned tx, unsigned ty)
{
    return &r->tiles[ty * r->tiles_x + tx];
}
/* Marks changed tiles; nothing is copied yet. Returns their number. */
unsigned rfb_frame_compare(struct rfb *r, const struct rfb_frame *f, const struct rfb_rect *hints,
                           size_t hint_count);
/* Takes what differs in the changed tiles into the copy and makes it dirty. */
void rfb_frame_accept(struct rfb *r, const struct rfb_frame *f, int64_t now_ms);
void rfb_frame_dirty(struct rfb *r, const struct rfb_rect *area);
/* Cuts a rectangle to the picture; false when nothing is left. */
bool rfb_clip(const struct rfb *r, struct rfb_rect *area);

/* rfb_scroll.c: writes CopyRects for moved areas of the frame being compared, applies them to the
 * copy, and leaves as changed only what still differs. Returns the number of rectangles. */
unsigned rfb_scroll(struct rfb *r, const struct rfb_frame *f, int64_t now_ms);

/* rfb_group.c: sends the tile and neighbours that go well with it as one rectangle; returns the
 * number of rectangles. sharpen: settled tiles that went as JPEG, exactly; else dirty ones. */
struct rfb_pick {
    bool sharpen;
    unsigned area_max; /* pixels of one rectangle, ≤ RFB_JOIN_AREA */
    int64_t now_ms;
};
bool rfb_group_due(const struct rfb_tile *t, const struct rfb_pick *p);
unsigned rfb_group_send(struct rfb *r, unsigned tx, unsigned ty, const struct rfb_pick *p);
/* When a tile that went as JPEG is sent again exactly. */
int64_t rfb_group_sharpen_ms(const struct rfb_tile *t);

/* rfb_input.c */
enum rfb_result rfb_input(struct rfb *r, const uint8_t *bytes, size_t size, int64_t now_ms);

/* rfb_update.c */
/* True when an update was put in the output; see r->out.failed. */
bool rfb_update_encode(struct rfb *r, const struct rfb_frame *f, int64_t now_ms);
bool rfb_update_allowed(const struct rfb *r, int64_t now_ms);
int rfb_update_next_ms(const struct rfb *r, int64_t now_ms); /* as rfb_next_ms() */
void rfb_rect_header(struct rfb *r, struct rfb_rect a, int32_t encoding);

/* rfb_pseudo.c: rectangles without pixels. rfb_pseudo_size() is true when the size must be said (in
 * an update of its own). The writers return the number of rectangles. */
bool rfb_pseudo_size(const struct rfb *r);
unsigned rfb_pseudo_write_size(struct rfb *r);
unsigned rfb_pseudo_write(struct rfb *r);
bool rfb_pseudo_waiting(const struct rfb *r);

/* Encodings: append one rectangle, header included. pal: the colours of the area, at least two; NULL
 * when there are too many. Failures show in r->out. */
void rfb_raw(struct rfb *r, struct rfb_rect a);
void rfb_tight_solid(struct rfb *r, struct rfb_rect a, uint32_t colour);
void rfb_tight(struct rfb *r, struct rfb_rect a, const struct rfb_palette *pal, bool lossless,
               bool *was_lossy);
void rfb_zrle(struct rfb *r, struct rfb_rect a);
/* JPEG of an area of the copy into r->packed; false: could not (encode it otherwise). */
bool rfb_jpeg(struct rfb *r, struct rfb_rect a);
/* The pixels of an area of the copy into r->scratch. */
void rfb_fill_scratch(struct rfb *r, struct rfb_rect a, enum rfb_packing k);

/* rfb_flow.c */
void rfb_flow_init(struct rfb_flow *f);
bool rfb_flow_open(const struct rfb *r, int64_t now_ms);
bool rfb_flow_idle(const struct rfb *r, int64_t now_ms); /* nothing is on the way */
size_t rfb_flow_budget(const struct rfb *r);
void rfb_flow_fence(struct rfb *r, int64_t now_ms);
void rfb_flow_answer(struct rfb *r, const uint8_t *payload, size_t size, int64_t now_ms);

/* rfb_clipboard.c */
void rfb_clipboard_hello(struct rfb *r);
bool rfb_clipboard_waiting(const struct rfb *r);
void rfb_clipboard_send(struct rfb *r); /* what waits, if it may go now */
void rfb_clipboard_plain(struct rfb *r, const uint8_t *text, size_t size);
enum rfb_result rfb_clipboard_extended(struct rfb *r, const uint8_t *body, size_t size);

#endif
