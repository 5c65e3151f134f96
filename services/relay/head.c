/* See head.h. */
#include "head.h"

#include <string.h>
#include <strings.h>

bool head_value(const char *head, const char *name, char *out, size_t size)
{
    size_t wanted = strlen(name);
    bool found = false;
    for (const char *line = strstr(head, "\r\n"); line && line[2] && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        if (strncasecmp(at, name, wanted) != 0 || at[wanted] != ':')
            continue;
        at += wanted + 1;
        at += strspn(at, " \t");
        size_t n = strcspn(at, "\r\n");
        while (n > 0 && (at[n - 1] == ' ' || at[n - 1] == '\t'))
            n--;
        if (found || n >= size)
            return false;
        memcpy(out, at, n);
        out[n] = '\0';
        found = true;
    }
    return found;
}

bool head_protocol(const char *list, const char *prefix, char *out, size_t size)
{
    size_t wanted = strlen(prefix);
    while (*list) {
        list += strspn(list, ", ");
        size_t n = strcspn(list, ", ");
        if (n > wanted && n - wanted < size && strncmp(list, prefix, wanted) == 0) {
            memcpy(out, list + wanted, n - wanted);
            out[n - wanted] = '\0';
            return true;
        }
        list += n;
    }
    return false;
}
