/* What the program makes on the PC beside the account, and how all of it goes again: its folder, the service, the
 * scheduled task. Every undo is fine with what is not there, so an interrupted set-up or removal is finished by doing
 * it again. */
#ifndef BEISTAND_WIN_INSTALL_H
#define BEISTAND_WIN_INSTALL_H

#include "win.h"

/* Copies this program into its folder, makes task and service (not started). As struct program_seams has it. */
bool install_make(void *user);
/* Starts the service and waits until it runs, at most ms. */
bool install_start_service(DWORD ms);
bool install_service_runs(void);
/* Is something of an earlier session here? */
bool install_found(void);

/* First half of the removal, while the receipt is still to be delivered: the account and its profile. left: JSON array of
 * what could not be removed. As struct program_seams has it. */
void install_remove(void *user, char *left, size_t size);
/* Second half, the last thing a process does: service, task, files, folder. From the installed file itself the rest is
 * left to a shell that waits until this process has ended. */
void install_finish(void);
/* Both halves for left-overs of an earlier session (S-35): stops its service first. */
void install_clear(void);

#endif
