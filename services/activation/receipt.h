/* The program's removal receipt (proto/channel.md section 5). Pure. */
#ifndef BEISTAND_RECEIPT_H
#define BEISTAND_RECEIPT_H

#include <stdbool.h>

enum { RECEIPT_MAX = 8192 };

/* receipt: b64u text of its JSON; signature, key: b64u (Ed25519). Does the key's owner say it of this session, and not
 * of another one of the same PC? */
bool receipt_holds(const char *receipt, const char *signature, const char *key, const char *session);

#endif
