/* The operator's commands. Companies, people and sessions are managed through the operator API over HTTP; the verbs with a
 * dash (company-create, technician-create, key-create) write the directory straight into Redis, so that a new suite gets
 * its first administrator without any open web page. */
#ifndef BEISTAND_CLI_OPERATOR_H
#define BEISTAND_CLI_OPERATOR_H

#include <jansson.h>
#include <stdbool.h>

struct operator_options {
    const char *redis_url, *company, *technician, *session, *name, *contact, *plan, *modules, *seats, *limit_company,
        *limit_technician, *email, *role, *permissions, *password_file, *days, *scopes, *directory_key_file;
    const char *origin, *ca_file, *key_file, *oidc_issuer, *oidc_client_id, *oidc_secret_file, *cursor;
    int argc; /* of operator_main(): the verb is argv[1] */
    char **argv;
};

/* argv[0] is "operator". Exit status. */
int operator_main(int argc, char **argv);
/* operator_bootstrap.c, operator_api.c: exit status, or -1 when verb is none of theirs. */
int operator_bootstrap(const struct operator_options *o, const char *verb);
int operator_api(const struct operator_options *o, const char *verb);

/* Prints a refusal (stderr) or a result (stdout; lets value go); the exit status. */
int operator_complain(const char *what);
int operator_print(json_t *value);
/* The file's first line into out; false when it cannot be read or does not fit. */
bool operator_read_file(const char *path, char *out, size_t size);
bool operator_number(const char *text, long min, long max);

#endif
