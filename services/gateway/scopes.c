/* Scopes of API keys. Pure: text in, verdict out. */
#include "gateway.h"

#include <string.h>

/* Every route of the API lies under one of these; what is not named here needs the scope "all". */
static const struct {
    const char *prefix, *scope;
} areas[] = {
    {"/v1/technicians/*/reset-link", "all"}, /* whoever has the link is that person, with everything */
    {"/v1/sessions", "sessions"},      {"/v1/events", "sessions"},   {"/v1/computers", "computers"},
    {"/v1/company", "company"},        {"/v1/technicians", "company"}, {"/v1/api-keys", "company"},
    {"/v1/sign-ins", "company"},       {"/v1/audit", "audit"},       {"/v1/webhooks", "webhooks"},
};

static const char *const names[] = {"all", "sessions", "computers", "company", "audit", "webhooks"};

static bool listed(const char *list, const char *name, const char *suffix)
{
    size_t n = strlen(name), m = strlen(suffix);
    for (const char *at = list; *at;) {
        size_t size = strcspn(at, ",");
        if (size == n + m && strncmp(at, name, n) == 0 && strncmp(at + n, suffix, m) == 0)
            return true;
        at += size + (at[size] == ',');
    }
    return false;
}

static bool known(const char *item, size_t size)
{
    static const char read[] = ":read";
    size_t plain = size > sizeof read - 1 && strncmp(item + size - (sizeof read - 1), read, sizeof read - 1) == 0
                       ? size - (sizeof read - 1)
                       : size;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == plain && strncmp(names[i], item, plain) == 0)
            return true;
    return false;
}

bool scopes_known(const char *text)
{
    if (!*text || strlen(text) >= SCOPES_SIZE)
        return false;
    while (*text) {
        size_t size = strcspn(text, ",");
        if (!known(text, size))
            return false;
        text += size + (text[size] == ',');
    }
    return true;
}

static bool covers(const char *scopes, const char *area, bool reads)
{
    return listed(scopes, "all", "") || listed(scopes, area, "") ||
           (reads && (listed(scopes, "all", ":read") || listed(scopes, area, ":read")));
}

static const char *area_of(const char *pattern)
{
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
        size_t n = strlen(areas[i].prefix);
        if (strncmp(pattern, areas[i].prefix, n) == 0 && (pattern[n] == '\0' || pattern[n] == '/'))
            return areas[i].scope;
    }
    return "all";
}

bool scopes_allow(const char *scopes, const char *method, const char *pattern)
{
    bool reads = strcmp(method, "GET") == 0;
    /* Who am I: every key may ask. */
    if (reads && strcmp(pattern, "/v1/me") == 0)
        return true;
    return covers(scopes, area_of(pattern), reads);
}

bool scopes_within(const char *inner, const char *outer)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (listed(inner, names[i], "") && !covers(outer, names[i], false))
            return false;
        if (listed(inner, names[i], ":read") && !covers(outer, names[i], true))
            return false;
    }
    return true;
}
