/* Pictures for tests: a screen that changes as screens do (typing, windows, photos, scrolling), the same for the same
 * seed. And the two ends of an RFB connection in one process. */
#ifndef TESTS_RFB_SCENE_H
#define TESTS_RFB_SCENE_H

#include "agent/core/rfb/rfb.h"
#include "rfb_client.h"

struct scene {
    unsigned width, height;
    uint8_t *pixels; /* BGRX; the fourth byte is noise */
    uint64_t seed;
};
void scene_start(struct scene *s, unsigned width, unsigned height, uint64_t seed);
void scene_free(struct scene *s);
/* 0..below-1 */
unsigned scene_random(struct scene *s, unsigned below);
void scene_fill(struct scene *s, unsigned x, unsigned y, unsigned w, unsigned h, uint32_t colour);
/* Dark letters of 8 × 16 with soft edges (colours beside black and white) on white; no two alike in a row. */
void scene_text(struct scene *s, unsigned x, unsigned y, unsigned w, unsigned h);
void scene_letter(struct scene *s, unsigned x, unsigned y, unsigned letter);
void scene_photo(struct scene *s, unsigned x, unsigned y, unsigned w, unsigned h);
/* What is in the area moves by dx, dy; what comes in from outside of it is left as it was. */
void scene_move(struct scene *s, unsigned x, unsigned y, unsigned w, unsigned h, int dx, int dy);
/* One of these at random. */
void scene_change(struct scene *s);
struct rfb_frame scene_frame(const struct scene *s);

struct ends {
    struct rfb *r;
    struct rfb_client c;
    struct scene s;
    int64_t now;
    size_t portion; /* bytes moved at once; 0: all */
    uint64_t bytes; /* from server to client */
};
/* encodings: n of them; the client's format and switches may be set before in e->c. */
void ends_start(struct ends *e, unsigned width, unsigned height, const int32_t *encodings, unsigned n,
                const struct rfb_options *options);
void ends_free(struct ends *e);
/* Moves bytes both ways until nothing more comes. */
void ends_pump(struct ends *e);
/* One frame of the scene, and its bytes to the client. Time goes on by 33 ms. */
void ends_frame(struct ends *e);
/* Frames until nothing more is due but sharpening; with sharpen also that. */
void ends_settle(struct ends *e, bool sharpen);
/* Largest difference of a colour part between the scene and the client's picture. */
unsigned ends_difference(const struct ends *e);
/* The mean one, in tenths. */
unsigned ends_mean_difference(const struct ends *e);

#endif
