/* What people see without signing in: install page, download, console files, OpenAPI, help. Fetching any of
 * it changes nothing: mail scanners fetch everything. */
#include "gateway.h"

#include "common/log.h"
#include "generated/openapi_json.h"
#include "template.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES_MAX = 65536, HELP_BYTES_MAX = 262144, FILE_PATH_MAX = 4096 };

struct page {
    char *install; /* see template.h */
};

/* ---- the template ---- */

static char *read_file(const char *dir, const char *name)
{
    char path[FILE_PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "re");
    char *text = f ? calloc(1, PAGE_BYTES_MAX + 1) : NULL;
    if (text && fread(text, 1, PAGE_BYTES_MAX, f) == 0) {
        free(text);
        text = NULL;
    }
    if (f)
        fclose(f);
    if (!text)
        log_event(LOG_ERROR, "page_unreadable", "file", path, NULL);
    return text;
}

const struct page *pages_load(const char *dir)
{
    static struct page page;
    page.install = read_file(dir, "install.html");
    return page.install ? &page : NULL;
}

/* ---- the install page ---- */

enum language language_asked(const struct call *c, const char *tag)
{
    const char *asked = http_query(c->request, "lang");
    return language_from_tag(asked ? asked : tag ? tag : http_header(c->request, "Accept-Language"));
}

static const char *page_state(const json_t *record)
{
    const char *state = json_text(record, "state", "");
    if (strcmp(state, "ended") == 0)
        return "ended";
    if (strcmp(state, "active") == 0)
        return "active";
    int64_t until = strtoll(json_text(record, "invitation_expires_at", "0"), NULL, 10);
    return until <= wall_now_ms() ? "expired" : "open";
}

static void respond_install_page(struct call *c, unsigned status, const json_t *record)
{
    enum language language = language_asked(c, json_text(record, "language", NULL));
    char download[128];
    snprintf(download, sizeof download, "/i/%s/download", c->session);
    const char *values[] = {"language", language_tag(language), "state", record ? page_state(record) : "unknown",
                            "technician", json_text(record, "technician_name", ""), "company",
                            json_text(record, "company_name", ""), "contact",
                            json_text(record, "company_contact", ""), "download", download, "session",
                            c->session, NULL};
    struct text t = {.max = PAGE_BYTES_MAX};
    template_render(&t, c->gateway->pages->install, language, values);
    char *page = text_take(&t);
    if (!page) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    add_security_headers(c->request);
    http_add_header(c->request, "Cache-Control", "no-store");
    http_respond(c->request, status, "text/html; charset=utf-8", page, strlen(page));
    free(page);
}

static void on_install_record(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
    if (reply)
        respond_install_page(c, c->record ? 200 : 404, c->record);
    else
        call_refuse(c, "unavailable", NULL);
}

void handle_install_page(struct call *c)
{
    if (bucket_of_id(c->session) < 0)
        respond_install_page(c, 404, NULL);
    else
        store_session(c->gateway, c->session, on_install_record, c);
}

/* ---- files ---- */

static void respond_path(struct call *c, const char *path, const char *type)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        http_respond_file(c->request, 200, type, fd, (size_t)st.st_size);
        return;
    }
    if (fd >= 0)
        close(fd);
    call_refuse(c, "not_found", NULL);
}

static void on_download_record(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
    const char *state = c->record ? page_state(c->record) : "unknown";
    if (!reply) {
        call_refuse(c, "unavailable", NULL);
    } else if (strcmp(state, "open") != 0 && strcmp(state, "active") != 0) {
        call_refuse(c, c->record ? "invitation_expired" : "not_found", NULL);
    } else {
        /* Without a file name: the page's `download` attribute gives it, with the token in it. */
        http_add_header(c->request, "Content-Disposition", "attachment");
        http_add_header(c->request, "X-Content-Type-Options", "nosniff");
        http_add_header(c->request, "Cache-Control", "no-store");
        respond_path(c, c->gateway->settings.program_file,
                     "application/vnd.microsoft.portable-executable");
    }
}

void handle_download(struct call *c)
{
    if (bucket_of_id(c->session) < 0)
        call_refuse(c, "not_found", NULL);
    else
        store_session(c->gateway, c->session, on_download_record, c);
}

static const char *type_of(const char *path)
{
    static const char *const types[][2] = {{".html", "text/html; charset=utf-8"},
                                           {".js", "text/javascript; charset=utf-8"},
                                           {".css", "text/css; charset=utf-8"},
                                           {".svg", "image/svg+xml"},
                                           {".png", "image/png"},
                                           {".ico", "image/x-icon"},
                                           {".woff2", "font/woff2"},
                                           {".json", "application/json"},
                                           {".txt", "text/plain; charset=utf-8"}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

/* Letters, digits, dot, dash, underscore; no empty, "." or ".." segment. */
static bool harmless(const char *path)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";
    return strspn(path, good) == strlen(path) && !strstr(path, "..") && !strstr(path, "//") &&
           !strstr(path, "/.");
}

void handle_static(struct call *c)
{
    const struct gateway_settings *s = &c->gateway->settings;
    const char *path = c->request->path;
    char full[FILE_PATH_MAX];
    bool page = strncmp(path, "/page/", 6) == 0;
    if (strcmp(path, "/") == 0)
        path = "/index.html";
    if (!harmless(path)) {
        call_refuse(c, "not_found", NULL);
        return;
    }
    snprintf(full, sizeof full, "%s%s", page ? s->pages_dir : s->console_dir, page ? path + 5 : path);
    add_security_headers(c->request);
    /* The console's assets carry their hash in the name. */
    http_add_header(c->request, "Cache-Control",
                    strncmp(path, "/assets/", 8) == 0 ? "public, max-age=31536000, immutable" : "no-cache");
    respond_path(c, full, type_of(full));
}

void handle_openapi(struct call *c)
{
    http_respond(c->request, 200, "application/json", openapi_json, openapi_json_size);
}

static void put_reason(struct text *t, const struct reason *r, enum language language)
{
    text_puts(t, "<h2 id=\"");
    text_html(t, r->code);
    text_puts(t, "\">");
    text_html(t, r->code);
    text_puts(t, "</h2><p>");
    text_html(t, r->technician[language]);
    text_puts(t, "</p><p>");
    text_html(t, r->customer[language]);
    text_puts(t, "</p>");
}

/* Every reason with its next step, in the reader's language. */
void handle_help(struct call *c)
{
    size_t n;
    const struct reason *reasons = reason_list(&n);
    enum language language = language_asked(c, NULL);
    struct text t = {.max = HELP_BYTES_MAX};
    text_puts(&t, "<!doctype html><html lang=\"");
    text_puts(&t, language_tag(language));
    text_puts(&t, "\"><meta charset=utf-8><title>Beistand: help</title><meta name=viewport content=\"width=device-width\">"
                  "<link rel=stylesheet href=/page/install.css><main><h1>Help</h1>");
    for (size_t i = 0; i < n; i++)
        put_reason(&t, &reasons[i], language);
    text_puts(&t, "</main></html>");
    char *page = text_take(&t);
    if (!page) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    add_security_headers(c->request);
    http_respond(c->request, 200, "text/html; charset=utf-8", page, strlen(page));
    free(page);
}
