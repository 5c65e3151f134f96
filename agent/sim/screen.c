/* See screen.h. */
#include "screen.h"

#include <stdlib.h>
#include <string.h>

enum { BACKGROUND = 0x203040, LIGHT = 0xF0F0F0, DARK = 0x101010, MOVER = 0xC03020, BACKSPACE = 0xFF08, LINE_HEIGHT = 200 };

struct sim_screen {
    uint32_t *pixels;
    unsigned width, height, turn;
    char text[2][SCREEN_TEXT_MAX + 1];
};

static void fill(struct sim_screen *s, unsigned x, unsigned y, unsigned w, unsigned h, uint32_t colour)
{
    for (unsigned j = y; j < y + h && j < s->height; j++)
        for (unsigned i = x; i < x + w && i < s->width; i++)
            s->pixels[(size_t)j * s->width + i] = colour;
}

static void draw_line(struct sim_screen *s, int line)
{
    unsigned top = (unsigned)line * LINE_HEIGHT;
    fill(s, 0, top, s->width, 8 * SQUARE, BACKGROUND);
    for (size_t i = 0; s->text[line][i]; i++)
        for (unsigned bit = 0; bit < 8; bit++)
            fill(s, (unsigned)i * SQUARE, top + bit * SQUARE, SQUARE, SQUARE,
                 (unsigned char)s->text[line][i] >> (7 - bit) & 1 ? LIGHT : DARK);
}

struct sim_screen *sim_screen_new(unsigned width, unsigned height)
{
    struct sim_screen *s = calloc(1, sizeof *s);
    if (!s || !(s->pixels = malloc((size_t)width * height * 4))) {
        free(s);
        return NULL;
    }
    s->width = width;
    s->height = height;
    fill(s, 0, 0, width, height, BACKGROUND);
    return s;
}

void sim_screen_free(struct sim_screen *s)
{
    if (s)
        free(s->pixels);
    free(s);
}

void sim_screen_write(struct sim_screen *s, int line, const char *text)
{
    strncpy(s->text[line], text, SCREEN_TEXT_MAX);
    draw_line(s, line);
}

void sim_screen_type(struct sim_screen *s, uint32_t keysym)
{
    size_t n = strlen(s->text[1]);
    if (keysym == BACKSPACE && n > 0)
        s->text[1][n - 1] = '\0';
    else if (keysym >= 0x20 && keysym < 0x7F && n < SCREEN_TEXT_MAX)
        s->text[1][n] = (char)keysym, s->text[1][n + 1] = '\0';
    draw_line(s, 1);
}

struct rfb_frame sim_screen_frame(struct sim_screen *s, bool moving)
{
    if (moving) {
        fill(s, s->turn * 16 % s->width, 2 * LINE_HEIGHT, 64, 64, BACKGROUND);
        s->turn++;
        fill(s, s->turn * 16 % s->width, 2 * LINE_HEIGHT, 64, 64, MOVER);
    }
    return (struct rfb_frame){(const uint8_t *)s->pixels, s->width, s->height, (size_t)s->width * 4};
}
