/* The install page's template: {{t:key}} is a text of proto/texts/install_page.json, {{v:name}} a value; both are
 * escaped for HTML. Pure. */
#ifndef BEISTAND_TEMPLATE_H
#define BEISTAND_TEMPLATE_H

#include "generated/reasons.h"
#include "text.h"

/* values: name, value, …, NULL; they fill the placeholders of the texts too. A name that is not there gives nothing. */
void template_render(struct text *o, const char *template, enum language language, const char *const *values);

#endif
