/* Text sealed at rest: AES-256-GCM under a key-encryption key. The form is `s1.{kid}.{b64url of 12-byte nonce, ciphertext,
 * tag}`; what it was sealed for (a place, as text) is authenticated with it, so that it cannot be moved elsewhere. */
#ifndef BEISTAND_SEAL_H
#define BEISTAND_SEAL_H

#include <stddef.h>

struct seal_keys;

enum { SEAL_TEXT_MAX = 65536 };

/* text: lines `kid:hex32`, the first seals, all open; at most 4. NULL after one clear line in the log. */
struct seal_keys *seal_keys_new(const char *text);
void seal_keys_free(struct seal_keys *k);

/* malloc'ed, or NULL when plain is longer than SEAL_TEXT_MAX. */
char *seal_text(const struct seal_keys *k, const char *place, const char *plain);
/* malloc'ed (wipe it), or NULL: an unknown key, another place, changed. */
char *seal_open(const struct seal_keys *k, const char *place, const char *sealed);

#endif
