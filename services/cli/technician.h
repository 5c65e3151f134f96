/* The technician's commands: everything a browser does, for scripts and for whoever does not trust the server's
 * JavaScript. */
#ifndef BEISTAND_CLI_TECHNICIAN_H
#define BEISTAND_CLI_TECHNICIAN_H

/* argv without the program's name. Exit status. */
int technician_main(int argc, char **argv);

#endif
