/* The customer's session, seen from the service in session 0. */
#ifndef BEISTAND_WIN_SESSION_H
#define BEISTAND_WIN_SESSION_H

#include "win.h"

/* The session at the screen, or the remote desktop session somebody is active in. 0xFFFFFFFF: none at the moment. */
DWORD session_active(void);
/* Starts this program with --worker in that session as SYSTEM, so that it also sees UAC and the sign-in screen. in
 * and out are inherited. NULL after a log line. */
HANDLE session_start_worker(DWORD session, HANDLE in, HANDLE out, enum language language);

#endif
