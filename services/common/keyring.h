/* Keys with a name, from a file of lines `kid:hex32` (64 hexadecimal digits): the first is for what is made now, all are for
 * what was made before. */
#ifndef BEISTAND_KEYRING_H
#define BEISTAND_KEYRING_H

#include <stddef.h>
#include <stdint.h>

enum { KEYRING_MAX = 4, KEYRING_KEY_BYTES = 32, KEYRING_KID_MAX = 16 };

struct keyring {
    size_t n;
    struct {
        char kid[KEYRING_KID_MAX + 1];
        uint8_t key[KEYRING_KEY_BYTES];
    } keys[KEYRING_MAX];
};

/* How many there are (0: only empty lines), or -1: a line is malformed, or they are too many. */
int keyring_read(struct keyring *r, const char *text);
/* The key of that name (size characters), NULL when it is not there. */
const uint8_t *keyring_find(const struct keyring *r, const char *kid, size_t size);

#endif
