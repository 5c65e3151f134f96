/* Which e-mail addresses are taken. Pure. */
#ifndef BEISTAND_EMAIL_H
#define BEISTAND_EMAIL_H

#include <stdbool.h>

enum { EMAIL_MAX = 254 }; /* RFC 5321 section 4.5.3.1.3 without the angle brackets */

/* An RFC 5321 mailbox in the plain form everybody has: one @, no quoting, no blanks or controls, a dot in the domain.
 */
bool email_valid(const char *email);

#endif
