/* The install page's template: {{t:key}} is a text of proto/texts/install_page.json, {{v:name}} a value; both are
 * escaped for HTML. Pure. */
#ifndef BEISTAND_TEMPLATE_H
#define BEISTAND_TEMPLATE_H

#include "generated/reasons.h"

#include <stdbool.h>
#include <stddef.h>

/* A page in the making in the caller's buffer; full is set instead of overflowing. Not NUL-terminated. */
struct page_out {
    char *text;
    size_t n, size;
    bool full;
};

void page_put(struct page_out *o, const char *text, size_t n);
/* & < > " as entities. */
void page_put_escaped(struct page_out *o, const char *text);
/* values: name, value, …, NULL; they fill the placeholders of the texts too. A name that is not there gives nothing. */
void template_render(struct page_out *o, const char *template, enum language language, const char *const *values);

#endif
