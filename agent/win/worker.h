/* The part of the program in the customer's session: window, screen, keys. It decides nothing; the service tells it
 * what to do through a pipe, and when the pipe breaks it ends. */
#ifndef BEISTAND_WIN_WORKER_H
#define BEISTAND_WIN_WORKER_H

#include "win.h"

/* Until the service is gone or says the last words. The exit status. */
int worker_main(HANDLE in, HANDLE out, enum language language);

#endif
