/* The program's one window: what is going on, a question with a field, or the banner of a session that always says who
 * is connected and ends it (S-45). It lives on a thread of its own; every call may come from any thread. */
#ifndef BEISTAND_WIN_UI_H
#define BEISTAND_WIN_UI_H

#include "win.h"

enum ui_look {
    UI_BUSY,      /* text only */
    UI_SESSION,   /* small, in a corner: text and End */
    UI_CONNECTED, /* the same, on top of everything and in colour */
};
enum ui_question { UI_CODE, UI_DIGITS, UI_LINK };

/* Run on the window's thread. */
struct ui_hooks {
    void *user;
    void (*answered)(void *user, enum ui_question question, const char *text);
    /* End, Cancel, or the window was closed. */
    void (*ended)(void *user);
};

/* false: there can be no window here. */
bool ui_start(enum language language, const struct ui_hooks *hooks);
void ui_show(enum ui_look look, const char *text);
/* note: why it is asked again; "" the first time. */
void ui_ask(enum ui_question question, const char *text, const char *note);
/* Says it and returns when it was read (OK), or after ms. The window is gone then. */
void ui_final(const char *text, unsigned ms);
void ui_stop(void);

#endif
