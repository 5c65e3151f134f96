/* The operator's commands: the directory (companies, people, API keys) straight in Redis (proto/OWNERS.md). The first
 * administrator comes from here, never from an open web page. */
#ifndef BEISTAND_CLI_OPERATOR_H
#define BEISTAND_CLI_OPERATOR_H

/* argv[0] is "operator". Exit status. */
int operator_main(int argc, char **argv);

#endif
