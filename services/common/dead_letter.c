/* See dead_letter.h. */
#include "dead_letter.h"

#include "json.h"

#include "proto/c/b64url.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *encoded(const char *value, size_t size)
{
    char *text = malloc(b64url_size(size) + 1);
    if (!text)
        return NULL;
    b64url_encode(text, value, size);
    json_t *json = json_string(text);
    free(text);
    return json;
}

/* Why may quote what the message said. */
static json_t *readable(const char *text)
{
    json_t *json = json_string(text);
    return json ? json : json_string("not readable");
}

char *dead_letter(const struct kafka_message *m, const char *by, const char *why)
{
    size_t kept = m->size < DEAD_LETTER_VALUE_MAX ? m->size : DEAD_LETTER_VALUE_MAX;
    /* Text with a NUL is legal JSON that half of its readers refuse. */
    json_t *value = memchr(m->value, '\0', kept) ? NULL : json_stringn(m->value, kept);
    const char *member = value ? "value" : "value_base64url";
    json_t *letter = json_pack("{so ss ss si sI sI so}", "why", readable(why), "by", by, "topic", m->topic, "partition",
                               (int)m->partition, "offset", (json_int_t)m->offset, "size", (json_int_t)m->size, member,
                               value ? value : encoded(m->value, kept));
    char *text = letter ? json_compact(letter) : NULL;
    json_decref(letter);
    return text;
}

const char *dead_letter_id(char out[DEAD_LETTER_ID_SIZE], const struct kafka_message *m)
{
    snprintf(out, DEAD_LETTER_ID_SIZE, "%.64s-%d-%" PRId64, m->topic, (int)m->partition, m->offset);
    return out;
}
