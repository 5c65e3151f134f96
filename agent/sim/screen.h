/* The simulator's screen: each byte of a text is a row of eight squares, light for 1 and dark for 0, so that a test
 * reads from a screenshot exactly what was drawn. Line 0 is what --say gives, line 1 echoes what was typed. */
#ifndef BEISTAND_SIM_SCREEN_H
#define BEISTAND_SIM_SCREEN_H

#include "agent/core/rfb/rfb.h"

enum { SQUARE = 10, SCREEN_TEXT_MAX = 128 };

struct sim_screen;
struct sim_screen *sim_screen_new(unsigned width, unsigned height);
void sim_screen_free(struct sim_screen *s);
/* line 0 or 1. */
void sim_screen_write(struct sim_screen *s, int line, const char *text);
/* A printable character (X11 keysym) is appended to line 1; BackSpace takes one away. */
void sim_screen_type(struct sim_screen *s, uint32_t keysym);
/* moving: a square that is elsewhere on every call, to measure updates. */
struct rfb_frame sim_screen_frame(struct sim_screen *s, bool moving);

#endif
