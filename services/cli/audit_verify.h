/* beistand-cli audit-verify FILE [--head HASH]: is this export of an audit log whole and unchanged? Needs nothing but the
 * file. Prints one line of JSON; exit status 0: yes, 1: no, 2: usage, or the file cannot be read. */
#ifndef BEISTAND_CLI_AUDIT_VERIFY_H
#define BEISTAND_CLI_AUDIT_VERIFY_H

/* argv[0] is "audit-verify". Exit status. */
int audit_verify_main(int argc, char **argv);

#endif
