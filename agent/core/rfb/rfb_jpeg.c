/* JPEG through libjpeg's API (libjpeg-turbo: it takes BGRX as it is). The library ends a failure by
 * calling error_exit, which must not return: it jumps back here, and the area goes as zlib instead. */
#include "rfb_internal.h"

#include <setjmp.h>
#include <stdio.h>
/* after stdio.h, which jpeglib.h needs */
#include <jpeglib.h>

enum { CHUNK = 16384 };

struct sink {
    struct jpeg_destination_mgr mgr;
    struct rfb_out *to;
    uint8_t chunk[CHUNK];
};

struct trap {
    struct jpeg_error_mgr mgr;
    jmp_buf back;
};

static void sink_init(j_compress_ptr c)
{
    struct sink *s = (struct sink *)c->dest;
    s->mgr.next_output_byte = s->chunk;
    s->mgr.free_in_buffer = sizeof s->chunk;
}

static boolean sink_full(j_compress_ptr c)
{
    struct sink *s = (struct sink *)c->dest;
    rfb_out_put(s->to, s->chunk, sizeof s->chunk);
    sink_init(c);
    return TRUE;
}

static void sink_end(j_compress_ptr c)
{
    struct sink *s = (struct sink *)c->dest;
    rfb_out_put(s->to, s->chunk, sizeof s->chunk - s->mgr.free_in_buffer);
}

static void fatal(j_common_ptr c)
{
    longjmp(((struct trap *)c->err)->back, 1);
}

static void silent(j_common_ptr c)
{
    (void)c;
}

/* Quality levels 0..9 of the viewer. Colour resolution is halved where detail is given up anyway. */
static void set_quality(struct jpeg_compress_struct *c, int level)
{
    static const int quality[10] = {15, 25, 35, 45, 55, 65, 75, 83, 90, 96};
    jpeg_set_quality(c, quality[level], TRUE);
    int halved = level < 8 ? 2 : 1;
    c->comp_info[0].h_samp_factor = halved;
    c->comp_info[0].v_samp_factor = level < 6 ? 2 : 1;
}

static void compress_rows(struct jpeg_compress_struct *c, const struct rfb *r, struct rfb_rect a)
{
    jpeg_start_compress(c, TRUE);
    while (c->next_scanline < a.h) {
        JSAMPROW row = (JSAMPROW)rfb_copy_at(r, a.x, a.y + c->next_scanline);
        (void)jpeg_write_scanlines(c, &row, 1);
    }
    jpeg_finish_compress(c);
}

bool rfb_jpeg(struct rfb *r, struct rfb_rect a)
{
    struct jpeg_compress_struct c;
    struct trap trap;
    struct sink sink;

    rfb_out_clear(&r->packed);
    c.err = jpeg_std_error(&trap.mgr);
    trap.mgr.error_exit = fatal;
    trap.mgr.output_message = silent;
    if (setjmp(trap.back) != 0) {
        jpeg_destroy_compress(&c);
        return false;
    }
    jpeg_create_compress(&c);
    sink.to = &r->packed;
    sink.mgr.init_destination = sink_init;
    sink.mgr.empty_output_buffer = sink_full;
    sink.mgr.term_destination = sink_end;
    c.dest = &sink.mgr;
    c.image_width = a.w;
    c.image_height = a.h;
    c.input_components = 4;
    c.in_color_space = JCS_EXT_BGRX;
    jpeg_set_defaults(&c);
    set_quality(&c, r->viewer.quality);
    compress_rows(&c, r, a);
    jpeg_destroy_compress(&c);
    return !r->packed.failed;
}
