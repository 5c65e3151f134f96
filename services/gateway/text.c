/* See text.h. */
#include "text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_put(struct text *t, const char *data, size_t n)
{
    if (t->full || n > t->max - t->n) {
        t->full = true;
        return;
    }
    if (t->n + n + 1 > t->capacity) {
        size_t capacity = (t->n + n + 1) * 2;
        char *grown = realloc(t->data, capacity);
        if (!grown) {
            t->full = true;
            return;
        }
        t->data = grown;
        t->capacity = capacity;
    }
    memcpy(t->data + t->n, data, n);
    t->n += n;
    t->data[t->n] = '\0';
}

void text_puts(struct text *t, const char *string)
{
    text_put(t, string, strlen(string));
}

void text_html(struct text *t, const char *string)
{
    for (; *string; string++) {
        switch (*string) {
        case '&': text_puts(t, "&amp;"); break;
        case '<': text_puts(t, "&lt;"); break;
        case '>': text_puts(t, "&gt;"); break;
        case '"': text_puts(t, "&quot;"); break;
        case '\'': text_puts(t, "&#39;"); break;
        default: text_put(t, string, 1);
        }
    }
}

char *text_take(struct text *t)
{
    char *data = t->data;
    t->data = NULL;
    if (!t->full)
        return data;
    free(data);
    return NULL;
}

void url_encode(char *out, size_t size, const char *text)
{
    size_t n = 0;
    for (; *text && n + 4 < size; text++) {
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            out[n++] = *text;
        else
            n += (size_t)snprintf(out + n, size - n, "%%%02X", (unsigned char)*text);
    }
    out[n] = '\0';
}
