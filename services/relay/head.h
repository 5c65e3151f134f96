/* Reading a request's head: NUL-terminated, lines end with CRLF. Pure. */
#ifndef BEISTAND_HEAD_H
#define BEISTAND_HEAD_H

#include <stdbool.h>
#include <stddef.h>

/* Copies the value of a header without blanks around it. false: absent, twice, or longer than size - 1. */
bool head_value(const char *head, const char *name, char *out, size_t size);
/* The value of "prefixVALUE" in the comma separated list of Sec-WebSocket-Protocol. false: absent, empty or too long.
 */
bool head_protocol(const char *list, const char *prefix, char *out, size_t size);

#endif
