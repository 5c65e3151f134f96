/* Facts about this PC. */
#ifndef BEISTAND_WIN_PC_H
#define BEISTAND_WIN_PC_H

#include "win.h"

bool pc_is_elevated(void);
/* Of the real system, whatever compatibility mode says. */
bool pc_windows_supported(void);
/* Service BeistandHost or its registry marker (S-26). */
bool pc_has_host(void);
bool pc_is_domain_controller(void);
/* Pre-flight (S-14, S-26 to S-28): the checks as JSON; NULL or the reason why it must not go on. */
const char *pc_preflight(bool set_up, char *checks, size_t size);
/* {"name","os","version","arch"}, as struct program_seams wants it. */
void pc_machine(void *user, char *json, size_t size);

#endif
