/* The table of the API, and what every request passes through. */
#include "gateway.h"

#include "common/random.h"

#include <stdlib.h>
#include <string.h>

static const struct route routes[] = {
    {"POST", "/v1/sign-in", ACCESS_PUBLIC, true, handle_sign_in},
    {"POST", "/v1/sign-out", ACCESS_MEMBER, false, handle_sign_out},
    {"POST", "/v1/account/activate", ACCESS_PUBLIC, true, handle_account_activate},
    {"GET", "/v1/me", ACCESS_MEMBER, false, handle_me},
    {"POST", "/v1/sessions", ACCESS_MEMBER, true, handle_create},
    {"GET", "/v1/sessions", ACCESS_MEMBER, false, handle_list},
    {"GET", "/v1/sessions/*", ACCESS_MEMBER, false, handle_get},
    {"POST", "/v1/sessions/*/end", ACCESS_MEMBER, false, handle_end},
    {"POST", "/v1/sessions/*/invitations", ACCESS_MEMBER, false, handle_reinvite},
    {"POST", "/v1/sessions/*/tickets", ACCESS_MEMBER, true, handle_ticket},
    {"GET", "/v1/events", ACCESS_MEMBER, false, handle_events},
    {"GET", "/i/*", ACCESS_PUBLIC, false, handle_install_page},
    {"GET", "/i/*/download", ACCESS_PUBLIC, false, handle_download},
    {"GET", "/openapi.json", ACCESS_PUBLIC, false, handle_openapi},
    {"GET", "/help", ACCESS_PUBLIC, false, handle_help},
};

static const struct route static_route = {"GET", "", ACCESS_PUBLIC, false, handle_static};

void call_refuse(struct call *c, const char *reason, const char *detail)
{
    respond_problem(c->request, reason, detail, NULL);
}

static void call_free(void *user)
{
    struct call *c = user;
    json_decref(c->who.person);
    json_decref(c->who.firm);
    json_decref(c->body);
    json_decref(c->record);
    json_decref(c->parts);
    free(c->text);
    free(c);
}

/* id: receives the segment of '*'; false when it does not fit or the path is another. */
static bool path_matches(const char *pattern, const char *path, char id[ID_SIZE])
{
    const char *star = strchr(pattern, '*');
    id[0] = '\0';
    if (!star)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(star - pattern);
    if (strncmp(pattern, path, before) != 0)
        return false;
    size_t n = strcspn(path + before, "/");
    if (n == 0 || strcmp(path + before + n, star + 1) != 0)
        return false;
    if (n < ID_SIZE) { /* a longer segment is no id: it stays "" and is not found */
        memcpy(id, path + before, n);
        id[n] = '\0';
    }
    return true;
}

static const char *effective_method(const struct http_request *r)
{
    return strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
}

static const struct route *find_route(const struct http_request *r, char id[ID_SIZE],
                                      const char **allowed)
{
    const char *method = effective_method(r);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!path_matches(routes[i].pattern, r->path, id))
            continue;
        if (strcmp(routes[i].method, method) == 0)
            return &routes[i];
        *allowed = routes[i].method;
    }
    if (*allowed || strncmp(r->path, "/v1/", 4) == 0 || strcmp(method, "GET") != 0)
        return NULL;
    return &static_route;
}

void add_security_headers(struct http_request *r)
{
    http_add_header(r, "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: "
                    "blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
                    "frame-ancestors 'none'");
    http_add_header(r, "X-Content-Type-Options", "nosniff");
    http_add_header(r, "Referrer-Policy", "no-referrer");
    http_add_header(r, "Cross-Origin-Opener-Policy", "same-origin");
    http_add_header(r, "Permissions-Policy", "camera=(), microphone=(), geolocation=()");
}

static bool read_body(struct call *c)
{
    char error[128];
    struct http_request *r = c->request;
    if (!c->route->has_body)
        return true;
    const char *type = http_header(r, "Content-Type");
    if (!type || strncmp(type, "application/json", 16) != 0) {
        call_refuse(c, "invalid_request", "The body must be application/json.");
        return false;
    }
    c->body = json_read(r->body, r->body_size, error);
    if (!c->body)
        call_refuse(c, "invalid_request", error);
    return c->body != NULL;
}

static void refuse_unknown(struct http_request *r, const char *allowed)
{
    if (!allowed) {
        respond_problem(r, "not_found", NULL, NULL);
        return;
    }
    http_add_header(r, "Allow", strcmp(allowed, "POST") == 0 ? "POST" : "GET, HEAD");
    json_t *body = json_pack("{ss ss si ss ss}", "type", "/help#invalid_request", "title",
                             "This address does not take that method.", "status", 405, "reason",
                             "invalid_request", "request_id", r->id);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    http_respond(r, 405, "application/problem+json", text, strlen(text));
    free(text);
}

void route_request(void *user, struct http_request *r)
{
    struct gateway *g = user;
    char id[ID_SIZE] = "";
    const char *allowed = NULL;
    const struct route *route = find_route(r, id, &allowed);
    struct call *c = route ? calloc(1, sizeof *c) : NULL;
    metric_add("beistand_requests_total", "", 1);
    if (!c) {
        refuse_unknown(r, allowed);
        return;
    }
    *c = (struct call){.gateway = g, .request = r, .route = route};
    memcpy(c->session, id, sizeof id);
    r->user = c;
    r->free_user = call_free;
    if (route->access == ACCESS_MEMBER)
        authenticate(c);
    else if (read_body(c))
        route->handle(c);
}

void call_authenticated(struct call *c)
{
    if (read_body(c))
        c->route->handle(c);
}

void route_too_large(void *user, struct http_request *r)
{
    (void)user;
    respond_too_large(r, "The body is larger than 64 KiB.");
}
