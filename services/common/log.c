/* See log.h. */
#include "log.h"

#include "loop.h"
#include "rfc3339.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static const char *log_service = "beistand";
static enum log_level log_lowest = LOG_INFO;

void log_init(const char *service, enum log_level lowest)
{
    log_service = service;
    log_lowest = lowest;
}

enum log_level log_level_named(const char *name)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0)
            return (enum log_level)i;
    return LOG_INFO;
}

struct line {
    char text[LINE_MAX_BYTES];
    size_t n;
};

static void put(struct line *l, char c)
{
    if (l->n < sizeof l->text - 4)
        l->text[l->n++] = c;
}

static void put_text(struct line *l, const char *s)
{
    while (*s)
        put(l, *s++);
}

static void put_quoted(struct line *l, const char *s)
{
    static const char hex[] = "0123456789abcdef";
    put(l, '"');
    for (; s && *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            put(l, '\\');
            put(l, (char)c);
        } else if (c < 0x20) {
            put_text(l, "\\u00");
            put(l, hex[c >> 4]);
            put(l, hex[c & 15]);
        } else {
            put(l, (char)c);
        }
    }
    put(l, '"');
}

void log_event(enum log_level level, const char *event, ...)
{
    static const char *names[] = {"debug", "info", "warn", "error"};
    if (level < log_lowest)
        return;
    char now[RFC3339_SIZE];
    struct line l = {.n = 0};
    put_text(&l, "{\"time\":");
    put_quoted(&l, rfc3339(now, wall_now_ms()));
    put_text(&l, ",\"level\":");
    put_quoted(&l, names[level]);
    put_text(&l, ",\"service\":");
    put_quoted(&l, log_service);
    put_text(&l, ",\"event\":");
    put_quoted(&l, event);
    va_list ap;
    va_start(ap, event);
    for (const char *key = va_arg(ap, const char *); key; key = va_arg(ap, const char *)) {
        const char *value = va_arg(ap, const char *);
        put(&l, ',');
        put_quoted(&l, key);
        put(&l, ':');
        put_quoted(&l, value ? value : "");
    }
    va_end(ap);
    l.text[l.n++] = '}';
    l.text[l.n++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, l.text, l.n);
    (void)ignored;
}
