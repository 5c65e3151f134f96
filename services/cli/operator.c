/* See operator.h. */
#include "operator.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int operator_complain(const char *what)
{
    json_t *e = json_pack("{ss ss}", "reason", "invalid_request", "detail", what);
    char *text = json_dumps(e, JSON_COMPACT);
    fprintf(stderr, "%s\n", text);
    free(text);
    json_decref(e);
    return 1;
}

int operator_print(json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    puts(text);
    free(text);
    json_decref(value);
    return 0;
}

bool operator_read_file(const char *path, char *out, size_t size)
{
    FILE *f = path ? fopen(path, "re") : NULL;
    size_t n = f ? fread(out, 1, size, f) : size;
    if (f)
        fclose(f);
    if (n == size)
        n = 0;
    while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r'))
        n--;
    out[n] = '\0';
    return n > 0;
}

bool operator_number(const char *text, long min, long max)
{
    char *end;
    long n = strtol(text, &end, 10);
    return *text && !*end && n >= min && n <= max;
}

static int usage(void)
{
    fputs("usage: beistand-cli operator COMMAND\n"
          "  through the operator API: --origin URL --ca FILE --key-file FILE\n"
          "  companies [--cursor C]                         company --company ID\n"
          "  company-add --name N [licence]                 company-set --company ID [--name N] [--contact T] [licence] [oidc]\n"
          "      licence: [--plan P] [--modules a,b] [--seats N] [--limit-company N] [--limit-technician N]\n"
          "      oidc:    [--oidc-issuer URL|none --oidc-client-id C [--oidc-secret-file FILE]]\n"
          "  suspend --company ID | resume --company ID     session-end --session ID\n"
          "  technician-add --company ID --name N --email A [--role R] [--permissions a,b]   prints a one-time link\n"
          "  straight into Redis: [--redis URL] [--directory-key-file FILE]\n"
          "  company-create --name N [--contact T] [licence]\n"
          "  company-show --company ID\n"
          "  technician-create --company ID --name N --email A [--role technician|administrator] [--permissions a,b]\n"
          "                    [--password-file FILE]       without it: a one-time activate_token is printed\n"
          "  key-create --company ID --technician ID [--name N] [--scopes all] [--days N]\n",
          stderr);
    return 2;
}

#define OPTION(text, member) {text, offsetof(struct operator_options, member)}
static const struct {
    const char *name;
    size_t at;
} named[] = {OPTION("--redis", redis_url),
             OPTION("--company", company),
             OPTION("--technician", technician),
             OPTION("--session", session),
             OPTION("--name", name),
             OPTION("--contact", contact),
             OPTION("--plan", plan),
             OPTION("--modules", modules),
             OPTION("--seats", seats),
             OPTION("--limit-company", limit_company),
             OPTION("--limit-technician", limit_technician),
             OPTION("--email", email),
             OPTION("--role", role),
             OPTION("--permissions", permissions),
             OPTION("--password-file", password_file),
             OPTION("--days", days),
             OPTION("--scopes", scopes),
             OPTION("--directory-key-file", directory_key_file),
             OPTION("--origin", origin),
             OPTION("--ca", ca_file),
             OPTION("--key-file", key_file),
             OPTION("--oidc-issuer", oidc_issuer),
             OPTION("--oidc-client-id", oidc_client_id),
             OPTION("--oidc-secret-file", oidc_secret_file),
             OPTION("--cursor", cursor)};
#undef OPTION

static bool parse(struct operator_options *o)
{
    for (int i = 2; i < o->argc; i += 2) {
        size_t k = 0;
        while (k < sizeof named / sizeof *named && strcmp(named[k].name, o->argv[i]) != 0)
            k++;
        if (k == sizeof named / sizeof *named || i + 1 == o->argc)
            return false;
        memcpy((char *)o + named[k].at, &o->argv[i + 1], sizeof(char *));
    }
    return true;
}

int operator_main(int argc, char **argv)
{
    struct operator_options o = {.argc = argc, .argv = argv};
    if (argc < 2 || !parse(&o))
        return usage();
    int status = operator_bootstrap(&o, argv[1]);
    if (status < 0)
        status = operator_api(&o, argv[1]);
    return status < 0 ? usage() : status;
}
