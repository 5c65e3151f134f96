/* See csv.h. */
#include "csv.h"

#include <stdbool.h>
#include <string.h>

void csv_init(struct csv *c, char *text, size_t n)
{
    *c = (struct csv){.at = text, .end = text + n, .next_line = 1};
    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        c->at += 3;
}

static enum csv_result bad(struct csv *c, const char *error)
{
    c->error = error;
    c->at = c->end;
    return CSV_BAD;
}

/* At the end of a line: passes over it. */
static bool line_end(struct csv *c)
{
    if (c->at == c->end)
        return true;
    if (c->end - c->at >= 2 && c->at[0] == '\r' && c->at[1] == '\n')
        c->at++;
    if (*c->at != '\n')
        return false;
    c->at++;
    c->next_line++;
    return true;
}

/* The text between quotes moves together in place, since doubled quotes become one. NULL, or what is wrong. */
static const char *quoted(struct csv *c, char **field, char **field_end)
{
    char *to = ++c->at;
    *field = to;
    for (; c->at < c->end; c->at++) {
        if (*c->at == '\0')
            return "a NUL byte";
        if (*c->at == '"' && (++c->at == c->end || *c->at != '"')) {
            *field_end = to;
            return NULL;
        }
        if (*c->at == '\n')
            c->next_line++;
        *to++ = *c->at;
    }
    return "a quoted field does not end";
}

static const char *plain(struct csv *c, char **field, char **field_end)
{
    *field = c->at;
    while (c->at < c->end && *c->at != ',' && *c->at != '\r' && *c->at != '\n') {
        if (*c->at == '"')
            return "a quote within a field that does not begin with one";
        if (*c->at == '\0')
            return "a NUL byte";
        c->at++;
    }
    *field_end = c->at;
    return NULL;
}

enum csv_result csv_read(struct csv *c)
{
    while (c->at < c->end && line_end(c))
        ;
    if (c->at >= c->end)
        return CSV_END;
    c->line = c->next_line;
    for (c->n = 0; c->n < CSV_FIELDS_MAX; c->n++) {
        char *end = NULL;
        const char *error = *c->at == '"' ? quoted(c, &c->fields[c->n], &end) : plain(c, &c->fields[c->n], &end);
        if (error)
            return bad(c, error);
        bool more = c->at < c->end && *c->at == ',';
        if (more)
            c->at++;
        else if (!line_end(c))
            return bad(c, "a field is followed by neither a comma nor the end of the line");
        *end = '\0'; /* on the quote, comma or line end that was read already */
        if (!more) {
            c->n++;
            return CSV_RECORD;
        }
    }
    return bad(c, "too many fields");
}
