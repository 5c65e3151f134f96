/* See json.h. One cursor walks the text; `left` is what it may still read. */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 32, INTEGER_DIGITS = 18 };

struct cursor {
    const char *at;
    size_t left;
    int depth;
};

static void blank(struct cursor *c)
{
    while (c->left > 0 && strchr(" \t\r\n", *c->at) && *c->at) {
        c->at++;
        c->left--;
    }
}

static bool take(struct cursor *c, char wanted)
{
    if (c->left == 0 || *c->at != wanted)
        return false;
    c->at++;
    c->left--;
    return true;
}

/* ---- strings ---- */

struct text_out {
    char *out; /* NULL: only check */
    size_t size, n;
    bool full;
};

static void emit(struct text_out *o, unsigned char byte)
{
    if (!o->out)
        return;
    if (o->n + 1 >= o->size)
        o->full = true;
    else
        o->out[o->n++] = (char)byte;
}

static void emit_code(struct text_out *o, uint32_t code)
{
    if (code < 0x80) {
        emit(o, (unsigned char)code);
    } else if (code < 0x800) {
        emit(o, (unsigned char)(0xC0 | code >> 6));
        emit(o, 0x80 | (code & 63));
    } else if (code < 0x10000) {
        emit(o, (unsigned char)(0xE0 | code >> 12));
        emit(o, 0x80 | (code >> 6 & 63));
        emit(o, 0x80 | (code & 63));
    } else {
        emit(o, (unsigned char)(0xF0 | code >> 18));
        emit(o, 0x80 | (code >> 12 & 63));
        emit(o, 0x80 | (code >> 6 & 63));
        emit(o, 0x80 | (code & 63));
    }
}

static bool hex4(struct cursor *c, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        if (c->left == 0)
            return false;
        char d = *c->at;
        int v = d >= '0' && d <= '9' ? d - '0' : (d | 32) >= 'a' && (d | 32) <= 'f' ? (d | 32) - 'a' + 10 : -1;
        if (v < 0)
            return false;
        *out = *out << 4 | (uint32_t)v;
        c->at++;
        c->left--;
    }
    return true;
}

static bool unicode_escape(struct cursor *c, struct text_out *o)
{
    uint32_t high, low;
    if (!hex4(c, &high) || high == 0 || (high >= 0xDC00 && high <= 0xDFFF))
        return false;
    if (high >= 0xD800 && high <= 0xDBFF) {
        if (!take(c, '\\') || !take(c, 'u') || !hex4(c, &low) || low < 0xDC00 || low > 0xDFFF)
            return false;
        high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    }
    emit_code(o, high);
    return true;
}

static bool escape(struct cursor *c, struct text_out *o)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (take(c, 'u'))
        return unicode_escape(c, o);
    const char *at = c->left > 0 && *c->at ? strchr(from, *c->at) : NULL;
    if (!at)
        return false;
    emit(o, (unsigned char)to[at - from]);
    c->at++;
    c->left--;
    return true;
}

/* The rest of a character that begins with b, in its shortest form and no surrogate (RFC 3629 section 4). */
static bool utf8_rest(struct cursor *c, unsigned char b, struct text_out *o)
{
    size_t n = b >= 0xC2 && b <= 0xDF ? 1 : (b & 0xF0) == 0xE0 ? 2 : b >= 0xF0 && b <= 0xF4 ? 3 : 0;
    if (n == 0 || c->left < n)
        return false;
    unsigned char second = (unsigned char)*c->at;
    unsigned char low = b == 0xE0 ? 0xA0 : b == 0xF0 ? 0x90 : 0x80, high = b == 0xED ? 0x9F : b == 0xF4 ? 0x8F : 0xBF;
    if (second < low || second > high)
        return false;
    emit(o, b);
    for (; n > 0; n--, c->at++, c->left--) {
        if (((unsigned char)*c->at & 0xC0) != 0x80)
            return false;
        emit(o, (unsigned char)*c->at);
    }
    return true;
}

static bool string(struct cursor *c, struct text_out *o)
{
    if (!take(c, '"'))
        return false;
    while (c->left > 0) {
        unsigned char b = (unsigned char)*c->at++;
        c->left--;
        if (b == '"') {
            if (o->out)
                o->out[o->n] = '\0';
            return true;
        }
        if (b < 0x20 || (b >= 0x80 && !utf8_rest(c, b, o)) || (b == '\\' && !escape(c, o)))
            return false;
        if (b < 0x80 && b != '\\')
            emit(o, b);
    }
    return false;
}

/* ---- values ---- */

static bool value(struct cursor *c);

static size_t digits(struct cursor *c)
{
    size_t n = 0;
    while (n < c->left && c->at[n] >= '0' && c->at[n] <= '9')
        n++;
    c->at += n;
    c->left -= n;
    return n;
}

/* The grammar of RFC 8259 section 6, and no endless numbers. */
static bool number(struct cursor *c)
{
    const char *start = c->at;
    take(c, '-');
    if (!take(c, '0') && digits(c) == 0)
        return false;
    if (take(c, '.') && digits(c) == 0)
        return false;
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            take(c, '-');
        if (digits(c) == 0)
            return false;
    }
    return c->at - start <= NUMBER_MAX;
}

static bool literal(struct cursor *c, const char *text)
{
    size_t n = strlen(text);
    if (c->left < n || memcmp(c->at, text, n) != 0)
        return false;
    c->at += n;
    c->left -= n;
    return true;
}

static bool array(struct cursor *c)
{
    blank(c);
    if (take(c, ']'))
        return true;
    do {
        if (!value(c))
            return false;
        blank(c);
    } while (take(c, ','));
    return take(c, ']');
}

static bool member(struct cursor *c, struct text_out *name)
{
    blank(c);
    if (!string(c, name))
        return false;
    blank(c);
    return take(c, ':');
}

static bool object(struct cursor *c)
{
    char names[AGENT_JSON_MEMBERS][AGENT_JSON_NAME];
    size_t n = 0;
    blank(c);
    if (take(c, '}'))
        return true;
    do {
        struct text_out name = {.out = names[n], .size = sizeof names[n]};
        if (!member(c, &name) || name.full || !value(c))
            return false;
        for (size_t i = 0; i < n; i++)
            if (strcmp(names[i], names[n]) == 0)
                return false;
        blank(c);
    } while (take(c, ',') && ++n < AGENT_JSON_MEMBERS);
    return take(c, '}');
}

static bool value(struct cursor *c)
{
    struct text_out none = {0};
    blank(c);
    if (c->left == 0)
        return false;
    switch (*c->at) {
    case '"': return string(c, &none);
    case 't': return literal(c, "true");
    case 'f': return literal(c, "false");
    case 'n': return literal(c, "null");
    case '{':
    case '[': {
        bool is_object = *c->at == '{';
        if (++c->depth > AGENT_JSON_DEPTH)
            return false;
        take(c, is_object ? '{' : '[');
        bool ok = is_object ? object(c) : array(c);
        c->depth--;
        return ok;
    }
    default: return number(c);
    }
}

/* Cursor at the value of the member. */
static bool find(const char *text, const char *name, struct cursor *out)
{
    char key[AGENT_JSON_NAME];
    struct cursor c = {text, strlen(text), 0};
    blank(&c);
    if (!take(&c, '{'))
        return false;
    do {
        struct text_out o = {.out = key, .size = sizeof key};
        if (!member(&c, &o))
            return false;
        blank(&c);
        if (strcmp(key, name) == 0) {
            *out = c;
            return true;
        }
        if (!value(&c))
            return false;
        blank(&c);
    } while (take(&c, ','));
    return false;
}

bool json_valid(const char *text, size_t n)
{
    struct cursor c = {text, n, 0};
    if (n > AGENT_JSON_MAX || memchr(text, 0, n))
        return false;
    blank(&c);
    if (c.left == 0 || *c.at != '{' || !value(&c))
        return false;
    blank(&c);
    return c.left == 0;
}

bool json_get_text(const char *text, const char *name, char *out, size_t size)
{
    struct cursor c;
    struct text_out o = {.out = out, .size = size};
    out[0] = '\0';
    return find(text, name, &c) && string(&c, &o) && !o.full;
}

bool json_get_integer(const char *text, const char *name, int64_t *out)
{
    struct cursor c;
    if (!find(text, name, &c))
        return false;
    const char *start = c.at;
    take(&c, '-');
    size_t n = digits(&c);
    /* So many digits always fit; a fraction or an exponent makes no integer. */
    if (n == 0 || n > INTEGER_DIGITS || (c.left > 0 && strchr(".eE", *c.at)))
        return false;
    *out = strtoll(start, NULL, 10);
    return true;
}

bool json_get_bool(const char *text, const char *name, bool *out)
{
    struct cursor c;
    if (!find(text, name, &c))
        return false;
    *out = literal(&c, "true");
    return *out || literal(&c, "false");
}

bool json_array_text(const char *text, const char *name, size_t i, char *out, size_t size)
{
    struct cursor c;
    if (!find(text, name, &c) || !take(&c, '['))
        return false;
    for (;; i--) {
        struct text_out o = {.out = out, .size = size};
        blank(&c);
        if (!string(&c, &o))
            return false;
        if (i == 0)
            return !o.full;
        blank(&c);
        if (!take(&c, ','))
            return false;
    }
}

bool json_array_has(const char *text, const char *name, const char *wanted)
{
    char one[64];
    for (size_t i = 0; json_array_text(text, name, i, one, sizeof one); i++)
        if (strcmp(one, wanted) == 0)
            return true;
    return false;
}

/* ---- the writer ---- */

void json_out_init(struct json_out *o, char *buffer, size_t size)
{
    *o = (struct json_out){.text = buffer, .size = size};
    buffer[0] = '\0';
}

static void put(struct json_out *o, const char *text, size_t n)
{
    if (o->n + n >= o->size) {
        o->full = true;
        return;
    }
    memcpy(o->text + o->n, text, n);
    o->n += n;
    o->text[o->n] = '\0';
}

static void put_quoted(struct json_out *o, const char *text)
{
    put(o, "\"", 1);
    for (; *text; text++) {
        unsigned char b = (unsigned char)*text;
        char escaped[8];
        if (b == '"' || b == '\\') {
            put(o, "\\", 1);
            put(o, text, 1);
        } else if (b < 0x20) {
            snprintf(escaped, sizeof escaped, "\\u%04x", b);
            put(o, escaped, 6);
        } else {
            put(o, text, 1);
        }
    }
    put(o, "\"", 1);
}

static void begin(struct json_out *o, const char *name)
{
    if (o->comma)
        put(o, ",", 1);
    o->comma = true;
    if (name) {
        put_quoted(o, name);
        put(o, ":", 1);
    }
}

void json_open(struct json_out *o, const char *name)
{
    begin(o, name);
    put(o, "{", 1);
    o->comma = false;
}

void json_close(struct json_out *o)
{
    put(o, "}", 1);
    o->comma = true;
}

void json_put_text(struct json_out *o, const char *name, const char *text)
{
    begin(o, name);
    put_quoted(o, text);
}

void json_put_integer(struct json_out *o, const char *name, int64_t v)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)v);
    begin(o, name);
    put(o, digits, (size_t)n);
}

void json_put_bool(struct json_out *o, const char *name, bool v)
{
    json_put_raw(o, name, v ? "true" : "false");
}

void json_put_raw(struct json_out *o, const char *name, const char *text)
{
    begin(o, name);
    put(o, text, strlen(text));
}
