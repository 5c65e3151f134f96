/* Which events a webhook is for: "*", "session.*", "session.ended". */
#include "webhooks.h"

#include <stdlib.h>
#include <string.h>

static bool good_type(const char *type)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_";
    if (strcmp(type, "*") == 0)
        return true;
    size_t group = strspn(type, letters), rest = group && type[group] == '.' ? strlen(type + group + 1) : 0;
    const char *name = type + group + 1;
    return rest > 0 && group + rest < 64 && (strcmp(name, "*") == 0 || strspn(name, letters) == rest);
}

char *webhook_types_text(const json_t *array)
{
    size_t n = json_array_size(array);
    struct {
        char text[WEBHOOK_TYPES_MAX * 66];
        size_t used;
    } list = {.used = 0};
    if (!json_is_array(array) || n < 1 || n > WEBHOOK_TYPES_MAX)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        const char *type = json_string_value(json_array_get(array, i));
        size_t size = type ? strlen(type) : 0;
        if (!type || !good_type(type))
            return NULL;
        if (i > 0)
            list.text[list.used++] = ',';
        memcpy(list.text + list.used, type, size);
        list.used += size;
    }
    list.text[list.used] = '\0';
    return strdup(list.text);
}
