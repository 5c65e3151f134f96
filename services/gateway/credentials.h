/* Reading what a request brings along and what a person may do. Pure. */
#ifndef BEISTAND_CREDENTIALS_H
#define BEISTAND_CREDENTIALS_H

#include <stdbool.h>
#include <stddef.h>

/* Is the name in a comma separated list, whole? list may be "". */
bool permission_listed(const char *list, const char *name);
/* The value of a cookie in a Cookie header (RFC 6265 section 5.4). false: absent, or longer than size - 1. header may be
 * NULL. */
bool cookie_value(const char *header, const char *name, char *out, size_t size);

#endif
