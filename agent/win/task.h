/* The scheduled task that looks after the deadline when the service cannot (S-10): at every start of Windows and each
 * quarter of an hour it runs the program with --check. Task Scheduler 2.0 (taskschd.h). */
#ifndef BEISTAND_WIN_TASK_H
#define BEISTAND_WIN_TASK_H

#include "win.h"

bool task_make(const wchar_t *program);
/* true when there is none any more. */
bool task_remove(void);

#endif
