/* The section that the worker draws the screen into and the service reads: three pictures of which one belongs to each
 * side and one is on its way (a mailbox: neither waits for the other), and the pointer's shape. */
#ifndef BEISTAND_WIN_SHARE_H
#define BEISTAND_WIN_SHARE_H

#include "win.h"

enum { SHARE_FRAMES = 3, SHARE_FRESH = 0x100, SHARE_CURSOR_MAX = 128, SHARE_CURSOR_AT = 4096, SHARE_FRAMES_AT = 131072 };

struct share {
    volatile LONG mailbox; /* index of the picture on its way; SHARE_FRESH: nobody has taken it yet */
    volatile LONG64 taken_ms[SHARE_FRAMES]; /* GetTickCount64() of each picture */
    volatile LONG cursor_turn; /* odd while the shape is being written */
    LONG cursor_width, cursor_height, cursor_hot_x, cursor_hot_y;
};

static inline size_t share_frame_size(unsigned width, unsigned height)
{
    /* A view's offset in a section must fall on a DWORD; pages make the copies quicker. */
    return ((size_t)width * height * 4 + 4095) & ~(size_t)4095;
}

static inline size_t share_size(unsigned width, unsigned height)
{
    return SHARE_FRAMES_AT + SHARE_FRAMES * share_frame_size(width, height);
}

static inline uint8_t *share_frame(struct share *s, unsigned width, unsigned height, int index)
{
    return (uint8_t *)s + SHARE_FRAMES_AT + (size_t)index * share_frame_size(width, height);
}

static inline uint8_t *share_cursor(struct share *s)
{
    return (uint8_t *)s + SHARE_CURSOR_AT;
}

#endif
