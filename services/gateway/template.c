/* See template.h. */
#include "template.h"

#include "common/log.h"
#include "generated/texts_install_page.h"

#include <string.h>

enum { VALUE_MAX = 2048, NAME_MAX_BYTES = 64 };

static const char *find_value(const char *const *values, const char *name)
{
    for (; values[0]; values += 2)
        if (strcmp(values[0], name) == 0)
            return values[1];
    return "";
}

static void put_placeholder(struct text *o, const char *name, enum language language, const char *const *values)
{
    char filled[VALUE_MAX];
    if (strncmp(name, "v:", 2) == 0) {
        text_html(o, find_value(values, name + 2));
        return;
    }
    const char *text = strncmp(name, "t:", 2) == 0 ? text_install_page_named(name + 2, language) : NULL;
    if (!text) {
        log_event(LOG_ERROR, "page_text_missing", "name", name, NULL);
        return;
    }
    text_fill(filled, sizeof filled, text, values);
    text_html(o, filled);
}

void template_render(struct text *o, const char *template, enum language language, const char *const *values)
{
    for (const char *at = template; *at;) {
        const char *open = strstr(at, "{{");
        const char *close = open ? strstr(open, "}}") : NULL;
        char name[NAME_MAX_BYTES];
        if (!close || (size_t)(close - open) - 2 >= sizeof name) {
            text_put(o, at, strlen(at));
            return;
        }
        text_put(o, at, (size_t)(open - at));
        memcpy(name, open + 2, (size_t)(close - open) - 2);
        name[close - open - 2] = '\0';
        put_placeholder(o, name, language, values);
        at = close + 2;
    }
}
