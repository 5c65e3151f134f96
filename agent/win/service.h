/* The program's Windows service: it holds the session from the set-up to the removal. */
#ifndef BEISTAND_WIN_SERVICE_H
#define BEISTAND_WIN_SERVICE_H

#include "win.h"

/* --service: called by the service control manager. */
int service_main(void);
/* --check, by the scheduled task: starts the service; where that is not possible, does its work in this process, so that
 * a session that is over is removed whatever became of the service. */
int service_check(void);
/* Reads the language that the first run kept. */
enum language service_language(void);
void service_keep_language(enum language language);

#endif
