/* The service's side of the customer's desk: it keeps a worker running in the active session, tells it what to show, and
 * is the screen, the keys and the questions of the program's core. Loop thread, but for desk_wake(). */
#ifndef BEISTAND_WIN_DESK_H
#define BEISTAND_WIN_DESK_H

#include "win.h"

#include "agent/core/program.h"

/* All of the program's seams: those of this file and of store.h, pc.h, install.h, account.h. */
void desk_seams(struct program_seams *out);
void desk_begin(struct program *program, const struct program_config *config, enum language language);
/* Worker alive, in the right session, its messages done. */
void desk_step(void);
/* over: the last words stay on the screen for a while. The worker has ended when this returns. */
void desk_end(bool over);
/* What program_step() waits for as extra; set by desk_wake() and by the worker's messages. */
int desk_wake_handle(void);
void desk_wake(void);

#endif
