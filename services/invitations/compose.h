/* The invitation's message (RFC 5322, multipart/alternative of RFC 2046). Pure: values in, text out. */
#ifndef BEISTAND_COMPOSE_H
#define BEISTAND_COMPOSE_H

#include "generated/reasons.h"

#include <stdint.h>

struct invitation_mail {
    const char *from; /* "Name <address>" or an address */
    const char *to;   /* a plain address */
    const char *customer_name; /* "" when unknown */
    const char *technician, *company, *contact;
    const char *link, *typed_token;
    const char *message_id; /* without the angle brackets; the same for every try */
    int64_t now_ms, expires_ms;
    enum language language;
};

/* malloc'ed, lines end with CRLF; NULL without memory. Values never break out of their place: control characters are
 * dropped from headers, the HTML part is escaped. */
char *compose_invitation(const struct invitation_mail *m);
/* The plain address of "Name <address>". out: size bytes. */
void compose_address(char *out, size_t size, const char *from);

#endif
