/* The hidden administrator account of the session (S-13): the seam behind which NetUser* lives, with the calls as
 * a table, so that a test records what is called in which order. */
#ifndef BEISTAND_WIN_ACCOUNT_H
#define BEISTAND_WIN_ACCOUNT_H

#include "win.h"

/* NULL when the account exists with this password, is in the local Administrators (S-1-5-32-544, whatever its name) and
 * hidden from the sign-in screen, or when this is a domain controller (skipped); else the reason (S-32), and nothing
 * of it is left. */
const char *account_make(void *user, const char *password);
/* Signs it off, deletes its profile, the account and its registry value. true when nothing of it is left. */
bool account_remove(void);

#endif
