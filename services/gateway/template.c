/* See template.h. */
#include "template.h"

#include "common/log.h"
#include "generated/texts_install_page.h"

#include <string.h>

enum { VALUE_MAX = 2048, NAME_MAX_BYTES = 64 };

void page_put(struct page_out *o, const char *text, size_t n)
{
    if (n > o->size - o->n) {
        o->full = true;
        return;
    }
    memcpy(o->text + o->n, text, n);
    o->n += n;
}

void page_put_escaped(struct page_out *o, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            page_put(o, "&amp;", 5);
            break;
        case '<':
            page_put(o, "&lt;", 4);
            break;
        case '>':
            page_put(o, "&gt;", 4);
            break;
        case '"':
            page_put(o, "&quot;", 6);
            break;
        default:
            page_put(o, text, 1);
        }
    }
}

static const char *find_value(const char *const *values, const char *name)
{
    for (; values[0]; values += 2)
        if (strcmp(values[0], name) == 0)
            return values[1];
    return "";
}

static void put_placeholder(struct page_out *o, const char *name, enum language language, const char *const *values)
{
    char filled[VALUE_MAX];
    if (strncmp(name, "v:", 2) == 0) {
        page_put_escaped(o, find_value(values, name + 2));
        return;
    }
    const char *text = strncmp(name, "t:", 2) == 0 ? text_install_page_named(name + 2, language) : NULL;
    if (!text) {
        log_event(LOG_ERROR, "page_text_missing", "name", name, NULL);
        return;
    }
    text_fill(filled, sizeof filled, text, values);
    page_put_escaped(o, filled);
}

void template_render(struct page_out *o, const char *template, enum language language, const char *const *values)
{
    for (const char *at = template; *at;) {
        const char *open = strstr(at, "{{");
        const char *close = open ? strstr(open, "}}") : NULL;
        char name[NAME_MAX_BYTES];
        if (!close || (size_t)(close - open) - 2 >= sizeof name) {
            page_put(o, at, strlen(at));
            return;
        }
        page_put(o, at, (size_t)(open - at));
        memcpy(name, open + 2, (size_t)(close - open) - 2);
        name[close - open - 2] = '\0';
        put_placeholder(o, name, language, values);
        at = close + 2;
    }
}
