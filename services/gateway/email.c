/* See email.h. */
#include "email.h"

#include <string.h>

enum { LOCAL_MAX = 64, LABEL_MAX = 63 };

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* RFC 5321 section 4.1.2: atoms joined by dots. */
static bool local_valid(const char *local, size_t n)
{
    return n > 0 && n <= LOCAL_MAX && strspn(local, LETTERS ".!#$%&'*+-/=?^_`{|}~") >= n && local[0] != '.' &&
           local[n - 1] != '.' && !memmem(local, n, "..", 2);
}

/* RFC 1035 section 2.3.1, with digits first allowed (RFC 1123). */
static bool label_valid(const char *label, size_t n)
{
    return n > 0 && n <= LABEL_MAX && strspn(label, LETTERS "-") >= n && label[0] != '-' && label[n - 1] != '-';
}

bool email_valid(const char *email)
{
    const char *at = strchr(email, '@');
    if (!at || strlen(email) > EMAIL_MAX || !local_valid(email, (size_t)(at - email)))
        return false;
    const char *label = at + 1;
    size_t labels = 0, n;
    for (;; label += n + 1, labels++) {
        n = strcspn(label, ".");
        if (!label_valid(label, n))
            return false;
        if (!label[n])
            return labels > 0;
    }
}
