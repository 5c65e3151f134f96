/* See credentials.h. */
#include "credentials.h"

#include <string.h>

bool permission_listed(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *at = list; n > 0 && (at = strstr(at, name)); at += n)
        if ((at == list || at[-1] == ',') && (at[n] == ',' || at[n] == '\0'))
            return true;
    return false;
}

bool cookie_value(const char *header, const char *name, char *out, size_t size)
{
    size_t wanted = strlen(name);
    for (const char *at = header; at && *at; at += strcspn(at, ";")) {
        at += strspn(at, "; ");
        if (strncmp(at, name, wanted) != 0 || at[wanted] != '=')
            continue;
        at += wanted + 1;
        size_t n = strcspn(at, "; ");
        if (n >= size)
            return false;
        memcpy(out, at, n);
        out[n] = '\0';
        return true;
    }
    return false;
}
