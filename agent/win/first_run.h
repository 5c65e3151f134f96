/* The program as the customer starts it: rights, link, pre-flight, temporary installation. From then on the service has
 * the session. */
#ifndef BEISTAND_WIN_FIRST_RUN_H
#define BEISTAND_WIN_FIRST_RUN_H

#include "win.h"

/* link: from the command line, or NULL: the token is in the program's own file name, else it is asked for. */
int first_run_main(const char *link);

#endif
