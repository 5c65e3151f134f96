/* See screen.h. */
#include "screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum {
    BACKGROUND = 0x203040,
    LIGHT = 0xF0F0F0,
    DARK = 0x101010,
    MOVER = 0xC03020,
    BACKSPACE = 0xFF08,
    LINE_HEIGHT = 200,
    PLAY = LINE_HEIGHT + 8 * SQUARE, /* the first row below the texts */
    SCROLLED = 40,
    ARROW = 12
};

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

/* Another size; the texts stay. */
static bool resize(struct sim_screen *s, unsigned width, unsigned height)
{
    uint32_t *pixels = malloc((size_t)width * height * 4);
    if (!pixels)
        return false;
    free(s->pixels);
    s->pixels = pixels;
    s->width = width;
    s->height = height;
    fill(s, 0, 0, width, height, BACKGROUND);
    draw_line(s, 0);
    draw_line(s, 1);
    return true;
}

struct sim_screen *sim_screen_new(unsigned width, unsigned height)
{
    struct sim_screen *s = calloc(1, sizeof *s);
    if (!s || !resize(s, width, height)) {
        free(s);
        return NULL;
    }
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

/* Smooth colours with grain: too many for a palette. */
static void draw_photo(struct sim_screen *s)
{
    uint32_t grain = ++s->turn;
    for (unsigned y = PLAY; y < s->height && y < PLAY + 300; y++)
        for (unsigned x = 100; x < s->width && x < 700; x++) {
            grain = grain * 1664525 + 1013904223;
            fill(s, x, y, 1, 1, (x / 3 & 255) << 16 | (y & 255) << 8 | ((x + y) / 5 + (grain >> 28)) % 256);
        }
}

static void scroll(struct sim_screen *s)
{
    unsigned rows = s->height > PLAY + SCROLLED ? s->height - PLAY - SCROLLED : 0;
    memmove(s->pixels + (size_t)PLAY * s->width, s->pixels + (size_t)(PLAY + SCROLLED) * s->width,
            (size_t)rows * s->width * 4);
    for (unsigned i = 0; rows > 0 && i < s->width; i += 8) /* something new comes from below */
        fill(s, i, s->height - SCROLLED, 4, i * 7 % SCROLLED, i * 0x9E3779B1 >> 8);
}

bool sim_screen_command(struct sim_screen *s, const char *command, const char *argument)
{
    unsigned width, height;
    if (strcmp(command, "photo") == 0)
        draw_photo(s);
    else if (strcmp(command, "scroll") == 0)
        scroll(s);
    else if (strcmp(command, "size") == 0 && argument && sscanf(argument, "%ux%u", &width, &height) == 2 && width > 0 &&
             height > 0 && width <= SCREEN_SIZE_MAX && height <= SCREEN_SIZE_MAX)
        return resize(s, width, height);
    else
        return false;
    return true;
}

uint32_t sim_screen_sum(const struct sim_screen *s)
{
    uLong sum = crc32(0, NULL, 0);
    for (size_t i = 0; i < (size_t)s->width * s->height; i++) {
        uint32_t c = s->pixels[i];
        uint8_t rgb[3] = {(uint8_t)(c >> 16), (uint8_t)(c >> 8), (uint8_t)c};
        sum = crc32(sum, rgb, sizeof rgb);
    }
    return (uint32_t)sum;
}

void sim_screen_cursor(struct rfb_cursor *out)
{
    static uint8_t pixels[ARROW * ARROW * 4];
    for (unsigned y = 0; y < ARROW; y++)
        for (unsigned x = 0; x <= y; x++)
            memset(pixels + (y * ARROW + x) * 4, x == 0 || x == y || y == ARROW - 1 ? 0xFF : 0x20, 3),
                pixels[(y * ARROW + x) * 4 + 3] = 0xFF;
    *out = (struct rfb_cursor){pixels, ARROW, ARROW, 0, 0};
}
