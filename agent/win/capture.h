/* The screen of the customer's session, all monitors, with whatever desktop has the input (the user's, UAC's, the sign-in
 * screen's): a thread of the worker that draws into a shared section when asked. GDI. */
#ifndef BEISTAND_WIN_CAPTURE_H
#define BEISTAND_WIN_CAPTURE_H

#include "win.h"

/* Run on the capture thread. */
struct capture_hooks {
    void *user;
    /* The screen has this size, and its pictures are in the section (a handle of this process) from now on. The handle
     * stays valid until the second call after this one. */
    void (*screen)(void *user, unsigned width, unsigned height, HANDLE section);
    void (*frame)(void *user);
};

/* Starts the thread, which sleeps until capture_grab(). Once per process. */
bool capture_start(const struct capture_hooks *hooks);
/* One more picture. Any thread. */
void capture_grab(void);
/* Joins the calling thread to the desktop that has the input; true when it is another than before. For threads
 * without windows. *current: the caller's, NULL at first. */
bool desktop_follow(HDESK *current);

#endif
