/* See compose.h. */
#include "compose.h"

#include "generated/texts_mail.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TEXT_MAX = 16384, MESSAGE_MAX = 131072, LINE_BYTES = 54, WORD_BYTES = 42 };

struct buffer {
    char *text;
    size_t n, size;
};

static void put(struct buffer *b, const char *text, size_t n)
{
    if (b->n + n + 1 > b->size)
        return;
    memcpy(b->text + b->n, text, n);
    b->n += n;
    b->text[b->n] = '\0';
}

static void puts_to(struct buffer *b, const char *text)
{
    put(b, text, strlen(text));
}

static void put_base64(struct buffer *b, const char *data, size_t n)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        const unsigned char *p = (const unsigned char *)data + i;
        size_t left = n - i;
        unsigned v = (unsigned)p[0] << 16 | (left > 1 ? (unsigned)p[1] << 8 : 0) | (left > 2 ? p[2] : 0);
        char quad[4] = {alphabet[v >> 18], alphabet[v >> 12 & 63], left > 1 ? alphabet[v >> 6 & 63] : '=',
                        left > 2 ? alphabet[v & 63] : '='};
        put(b, quad, 4);
    }
}

/* A header's text: as it is when it is printable ASCII, else RFC 2047 words that end between characters. */
static void put_header_text(struct buffer *b, const char *text)
{
    bool plain = true;
    for (const char *c = text; *c; c++)
        plain = plain && *c >= 0x20 && *c < 0x7F;
    if (plain && strlen(text) < 60) {
        puts_to(b, text);
        return;
    }
    while (*text) {
        size_t whole = strnlen(text, WORD_BYTES), n = whole;
        while (n > 0 && text[n] && ((unsigned char)text[n] & 0xC0) == 0x80)
            n--;
        n = n > 0 ? n : whole; /* what is no UTF-8 has no place to cut */
        puts_to(b, "=?UTF-8?B?");
        put_base64(b, text, n);
        puts_to(b, "?=");
        text += n;
        if (*text)
            puts_to(b, "\r\n ");
    }
}

static void drop_controls(char *text)
{
    char *to = text;
    for (; *text; text++)
        if ((unsigned char)*text >= 0x20 && *text != 0x7F)
            *to++ = *text;
    *to = '\0';
}

void compose_address(char *out, size_t size, const char *from)
{
    const char *open = strchr(from, '<');
    size_t n = open ? strcspn(open + 1, ">") : strlen(from);
    snprintf(out, size, "%.*s", (int)n, open ? open + 1 : from);
    drop_controls(out);
}

static void put_from(struct buffer *b, const char *from)
{
    char address[256], name[256];
    const char *open = strchr(from, '<');
    compose_address(address, sizeof address, from);
    puts_to(b, "From: ");
    if (open && open > from) {
        snprintf(name, sizeof name, "%.*s", (int)(open - from), from);
        drop_controls(name);
        while (*name && name[strlen(name) - 1] == ' ')
            name[strlen(name) - 1] = '\0';
        put_header_text(b, name);
        puts_to(b, " ");
    }
    puts_to(b, "<");
    puts_to(b, address);
    puts_to(b, ">\r\n");
}

static void put_date(struct buffer *b, int64_t ms)
{
    char text[64];
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S +0000\r\n", &tm);
    puts_to(b, text);
}

static void put_escaped(struct buffer *b, const char *text)
{
    for (; *text; text++) {
        if (*text == '&')
            puts_to(b, "&amp;");
        else if (*text == '<')
            puts_to(b, "&lt;");
        else if (*text == '>')
            puts_to(b, "&gt;");
        else if (*text == '"')
            puts_to(b, "&quot;");
        else
            put(b, text, 1);
    }
}

/* ---- the two bodies ---- */

/* What the mail says, in order. */
enum { LINES = 8 };
struct body {
    char lines[LINES][2048];
};

static void fill_body(struct body *body, const struct invitation_mail *m)
{
    char expires[64];
    time_t t = (time_t)(m->expires_ms / 1000);
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(expires, sizeof expires, "%Y-%m-%d %H:%M", &tm);
    const char *values[] = {"name", m->customer_name, "technician", m->technician, "company", m->company, "contact",
                            *m->contact ? m->contact : m->company, "token", m->typed_token, "expires", expires, NULL};
    const enum text_mail ids[LINES] = {*m->customer_name ? TEXT_MAIL_GREETING : TEXT_MAIL_GREETING_PLAIN,
                                       TEXT_MAIL_INTRO, TEXT_MAIL_STEP_1, TEXT_MAIL_STEP_2, TEXT_MAIL_STEP_3,
                                       TEXT_MAIL_TYPED, TEXT_MAIL_EXPIRES, TEXT_MAIL_UNEXPECTED};
    for (int i = 0; i < LINES; i++)
        text_fill(body->lines[i], sizeof body->lines[i], text_mail(ids[i], m->language), values);
}

static void make_plain(struct buffer *b, const struct body *body, const char *link)
{
    for (int i = 0; i < LINES; i++) {
        puts_to(b, body->lines[i]);
        if (i == 2) {
            puts_to(b, "\r\n\r\n   ");
            puts_to(b, link);
        }
        puts_to(b, "\r\n\r\n");
    }
}

static void make_html(struct buffer *b, const struct body *body, const char *link, enum language language)
{
    puts_to(b, "<!doctype html><html lang=\"");
    puts_to(b, language_tag(language));
    puts_to(b, "\"><body style=\"font-family:sans-serif;max-width:36em;line-height:1.5\">");
    for (int i = 0; i < LINES; i++) {
        puts_to(b, "<p>");
        put_escaped(b, body->lines[i]);
        puts_to(b, "</p>");
        if (i != 2)
            continue;
        puts_to(b, "<p><a href=\"");
        put_escaped(b, link);
        puts_to(b, "\">");
        put_escaped(b, link);
        puts_to(b, "</a></p>");
    }
    puts_to(b, "</body></html>");
}

static void put_part(struct buffer *b, const char *type, const char *text)
{
    size_t n = strlen(text);
    puts_to(b, "--beistand-part\r\nContent-Type: ");
    puts_to(b, type);
    puts_to(b, "; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for (size_t i = 0; i < n; i += LINE_BYTES) {
        put_base64(b, text + i, n - i < LINE_BYTES ? n - i : LINE_BYTES);
        puts_to(b, "\r\n");
    }
}

static void put_head(struct buffer *b, const struct invitation_mail *m)
{
    char subject[1024], to[256];
    const char *values[] = {"technician", m->technician, "company", m->company, NULL};
    text_fill(subject, sizeof subject, text_mail(TEXT_MAIL_SUBJECT, m->language), values);
    drop_controls(subject);
    snprintf(to, sizeof to, "%s", m->to);
    drop_controls(to);
    put_from(b, m->from);
    puts_to(b, "To: <");
    puts_to(b, to);
    puts_to(b, ">\r\nSubject: ");
    put_header_text(b, subject);
    puts_to(b, "\r\n");
    put_date(b, m->now_ms);
    puts_to(b, "Message-ID: <");
    puts_to(b, m->message_id);
    puts_to(b, ">\r\nAuto-Submitted: auto-generated\r\nContent-Language: ");
    puts_to(b, language_tag(m->language));
    puts_to(b, "\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\"beistand-part\"\r\n\r\n");
}

char *compose_invitation(const struct invitation_mail *m)
{
    struct body *body = malloc(sizeof *body);
    char *plain = malloc(TEXT_MAX), *html = malloc(TEXT_MAX), *text = malloc(MESSAGE_MAX);
    if (body && plain && html && text) {
        struct buffer b = {plain, 0, TEXT_MAX}, h = {html, 0, TEXT_MAX}, all = {text, 0, MESSAGE_MAX};
        fill_body(body, m);
        make_plain(&b, body, m->link);
        make_html(&h, body, m->link, m->language);
        put_head(&all, m);
        put_part(&all, "text/plain", plain);
        put_part(&all, "text/html", html);
        puts_to(&all, "--beistand-part--\r\n");
    } else {
        free(text);
        text = NULL;
    }
    free(body);
    free(plain);
    free(html);
    return text;
}
