/* Texts in the making, and what is escaped in them. Pure. */
#ifndef BEISTAND_GATEWAY_TEXT_H
#define BEISTAND_GATEWAY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Grows up to max bytes; then full is set and nothing more is taken. */
struct text {
    char *data; /* NUL-terminated; NULL while it is empty */
    size_t n, capacity, max;
    bool full;
};
void text_put(struct text *t, const char *data, size_t n);
void text_puts(struct text *t, const char *string);
/* & < > " ' as entities. */
void text_html(struct text *t, const char *string);
/* The text, or NULL (and freed) when it did not fit. */
char *text_take(struct text *t);

/* Percent-encodes into out, always with a NUL. */
void url_encode(char *out, size_t size, const char *text);

#endif
