/* Remote control of one viewer: the RFB engine between the screen channel and the PC's screen and input. Frames are
 * captured only when the engine could send one, at most every FRAME_MS; sooner after a key or a click until its echo
 * is on the way; seldom while nothing changes. Capturing and encoding never take more than half of a core. */
#include "program_internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    FRAME_MS = 33,
    ECHO_MS = 10,
    ECHO_WITHIN_MS = 150, /* after an input: what changes then is likely its echo */
    CALM_MS = 100,
    CALM_AFTER_MS = 2000
};

/* ---- input ---- */

static void on_key(void *user, bool down, uint32_t keysym, uint32_t scancode)
{
    struct viewer *v = user;
    struct program *p = v->program;
    v->screen.input_at = v->screen.echo_at = clock_monotonic_ms();
    p->seams.key(p->seams.user, down, keysym, scancode);
}

static void on_pointer(void *user, unsigned x, unsigned y, unsigned buttons)
{
    struct viewer *v = user;
    struct program *p = v->program;
    v->screen.input_at = clock_monotonic_ms();
    if (buttons || v->screen.buttons) /* hovering seldom changes anything */
        v->screen.echo_at = v->screen.input_at;
    v->screen.buttons = buttons;
    p->seams.pointer(p->seams.user, x, y, buttons);
}

static void on_cut_text(void *user, const char *text, size_t n)
{
    struct program *p = ((struct viewer *)user)->program;
    if (p->take_clipboard)
        p->take_clipboard(p->seams.user, text, n);
}

/* ---- frames ---- */

static int64_t frame_due(const struct viewer *v, int64_t now)
{
    const struct viewer_screen *s = &v->screen;
    int64_t active = s->changed_at > s->input_at ? s->changed_at : s->input_at, wait = FRAME_MS;
    if (now - s->echo_at < ECHO_WITHIN_MS)
        wait = ECHO_MS;
    else if (now - active > CALM_AFTER_MS)
        wait = CALM_MS;
    return s->frame_at + (wait > 2 * s->cost_ms ? wait : 2 * s->cost_ms);
}

/* What the channel has no room for stays in the engine, which then makes nothing new. */
static void move_output(struct viewer *v)
{
    size_t room = mux_room(v->mux, MUX_SCREEN), n;
    const uint8_t *bytes = rfb_output(v->rfb, &n);
    n = n < room ? n : room;
    if (n > 0 && mux_send(v->mux, MUX_SCREEN, bytes, n) == 0)
        rfb_output_taken(v->rfb, n);
}

/* The system tells a new shape once; every viewer, also one that comes later, gets it. */
static void keep_cursor(struct program *p)
{
    struct rfb_cursor c;
    if (!p->seams.cursor(p->seams.user, &c) || c.width > RFB_CURSOR_MAX || c.height > RFB_CURSOR_MAX)
        return;
    size_t n = (size_t)c.width * c.height * 4;
    uint8_t *copy = malloc(n + 1);
    if (!copy)
        return;
    if (n > 0)
        memcpy(copy, c.pixels, n);
    free(p->cursor_pixels);
    p->cursor = c;
    p->cursor.pixels = p->cursor_pixels = copy;
    p->cursor_shapes++;
}

static void show_cursor(struct viewer *v)
{
    const struct program *p = v->program;
    if (v->screen.cursor_shape == p->cursor_shapes)
        return;
    v->screen.cursor_shape = p->cursor_shapes;
    (void)rfb_set_cursor(v->rfb, &p->cursor); /* one beyond the limits leaves the last shape */
}

bool remote_start(struct viewer *v)
{
    struct program *p = v->program;
    struct rfb_frame frame;
    struct rfb_options options = {.name = "Beistand",
                                  .view_only = v->offer.view_only,
                                  .on = {v, on_key, on_pointer, on_cut_text}};
    if (!p->seams.grab(p->seams.user, &frame))
        return false;
    options.width = frame.width;
    options.height = frame.height;
    v->screen = (struct viewer_screen){.echo_at = -ECHO_WITHIN_MS, .changed_at = clock_monotonic_ms()};
    v->rfb = rfb_new(&options);
    if (v->rfb)
        show_cursor(v);
    return v->rfb != NULL;
}

static enum rfb_result send_frame(struct viewer *v, int64_t now, int64_t due)
{
    struct program *p = v->program;
    struct viewer_screen *s = &v->screen;
    struct rfb_frame frame;
    bool sent = false;
    /* The beat is kept when the loop is a little late, so that 33 ms are thirty frames a second. */
    s->frame_at = now - due < FRAME_MS ? due : now;
    keep_cursor(p);
    show_cursor(v);
    (void)rfb_set_screens(v->rfb, p->screens, p->n_screens); /* refused while the frame has another size */
    bool grabbed = p->seams.grab(p->seams.user, &frame);
    enum rfb_result e = rfb_update(v->rfb, grabbed ? &frame : NULL, NULL, 0, now, &sent);
    s->cost_ms = clock_monotonic_ms() - now;
    if (sent) {
        s->changed_at = now;
        s->echo_at = now - ECHO_WITHIN_MS;
    }
    return e == RFB_ERR_ARGUMENT ? RFB_OK : e;
}

bool remote_step(struct viewer *v, int64_t now)
{
    enum rfb_result e = RFB_OK;
    move_output(v);
    int64_t due = frame_due(v, now);
    if (rfb_wants_frame(v->rfb, now) && now >= due)
        e = send_frame(v, now, due);
    else if (rfb_next_ms(v->rfb, now) == 0)
        e = rfb_update(v->rfb, NULL, NULL, 0, now, NULL);
    move_output(v);
    return e == RFB_OK;
}

int remote_wait_ms(const struct viewer *v, int64_t now)
{
    int next = rfb_next_ms(v->rfb, now);
    if (!rfb_wants_frame(v->rfb, now))
        return next;
    int64_t left = frame_due(v, now) - now;
    int frame = left > 0 ? (int)left : 0;
    return next >= 0 && next < frame ? next : frame;
}

/* ---- what the PC tells ---- */

void program_screens(struct program *p, const struct rfb_screen *screens, size_t n)
{
    p->n_screens = n < RFB_SCREENS_MAX ? n : RFB_SCREENS_MAX;
    for (size_t i = 0; i < p->n_screens; i++)
        p->screens[i] = screens[i];
}

void program_clipboard(struct program *p, const char *text, size_t n)
{
    for (int i = 0; i < PROGRAM_VIEWERS; i++)
        if (p->viewers[i].rfb)
            (void)rfb_set_clipboard(p->viewers[i].rfb, text, n); /* too long or no text: not shared */
}

void program_on_clipboard(struct program *p, void (*take)(void *user, const char *text, size_t n))
{
    p->take_clipboard = take;
}
