/* The table of the API, and what every request passes through. */
#include "oidc.h"

#include "common/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALLOWED_SIZE = 64 };

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
    {"POST", "/v1/sessions/*/hand-over", ACCESS_MEMBER, true, handle_hand_over},
    {"GET", "/v1/computers", ACCESS_MEMBER, false, handle_computers},
    {"POST", "/v1/computers", ACCESS_MEMBER, true, handle_computer_add},
    {"POST", "/v1/computers/import", ACCESS_MEMBER, false, handle_computer_import},
    {"GET", "/v1/computers/*", ACCESS_MEMBER, false, handle_computer},
    {"PATCH", "/v1/computers/*", ACCESS_MEMBER, true, handle_computer_change},
    {"DELETE", "/v1/computers/*", ACCESS_MEMBER, false, handle_computer_remove},
    {"GET", "/i/*", ACCESS_PUBLIC, false, handle_install_page},
    {"GET", "/i/*/download", ACCESS_PUBLIC, false, handle_download},
    {"GET", "/openapi.json", ACCESS_PUBLIC, false, handle_openapi},
    {"GET", "/help", ACCESS_PUBLIC, false, handle_help},
    /* Company administration */
    {"GET", "/v1/company", ACCESS_MEMBER, false, handle_company},
    {"PATCH", "/v1/company", ACCESS_MEMBER, true, handle_company_change},
    {"GET", "/v1/technicians", ACCESS_MEMBER, false, handle_technicians},
    {"POST", "/v1/technicians", ACCESS_MEMBER, true, handle_technician_create},
    {"GET", "/v1/technicians/*", ACCESS_MEMBER, false, handle_technician},
    {"PATCH", "/v1/technicians/*", ACCESS_MEMBER, true, handle_technician_change},
    {"DELETE", "/v1/technicians/*", ACCESS_MEMBER, false, handle_technician_remove},
    {"POST", "/v1/technicians/*/reset-link", ACCESS_MEMBER, false, handle_reset_link},
    {"GET", "/v1/api-keys", ACCESS_MEMBER, false, handle_keys},
    {"POST", "/v1/api-keys", ACCESS_MEMBER, true, handle_key_create},
    {"DELETE", "/v1/api-keys/*", ACCESS_MEMBER, false, handle_key_remove},
    /* Signing in */
    {"GET", "/v1/sign-ins", ACCESS_MEMBER, false, handle_sign_ins},
    {"DELETE", "/v1/sign-ins/*", ACCESS_MEMBER, false, handle_sign_in_end},
    {"POST", "/v1/me/password", ACCESS_MEMBER, true, handle_password_change},
    {"POST", "/v1/me/totp", ACCESS_MEMBER, false, handle_totp_begin},
    {"POST", "/v1/me/totp/confirm", ACCESS_MEMBER, true, handle_totp_confirm},
    {"DELETE", "/v1/me/totp", ACCESS_MEMBER, false, handle_totp_remove},
    {"GET", "/v1/oidc/start", ACCESS_PUBLIC, false, handle_oidc_start},
    {"GET", "/v1/oidc/callback", ACCESS_PUBLIC, false, handle_oidc_callback},
    /* Audit log */
    {"GET", "/v1/audit", ACCESS_MEMBER, false, handle_audit},
    {"GET", "/v1/audit/export", ACCESS_MEMBER, false, handle_audit_export},
    {"GET", "/v1/sessions/*/report", ACCESS_MEMBER, false, handle_report},
    /* Webhooks */
    {"GET", "/v1/webhooks", ACCESS_MEMBER, false, handle_webhooks},
    {"POST", "/v1/webhooks", ACCESS_MEMBER, true, handle_webhook_create},
    {"GET", "/v1/webhooks/*", ACCESS_MEMBER, false, handle_webhook},
    {"PATCH", "/v1/webhooks/*", ACCESS_MEMBER, true, handle_webhook_change},
    {"DELETE", "/v1/webhooks/*", ACCESS_MEMBER, false, handle_webhook_remove},
    {"POST", "/v1/webhooks/*/rotate", ACCESS_MEMBER, false, handle_webhook_rotate},
    {"POST", "/v1/webhooks/*/ping", ACCESS_MEMBER, false, handle_ping},
    {"GET", "/v1/webhooks/*/deliveries", ACCESS_MEMBER, false, handle_deliveries},
    {"POST", "/v1/webhooks/*/deliveries/*/redeliver", ACCESS_MEMBER, false, handle_redeliver},
    /* The operator */
    {"GET", "/operator/v1/companies", ACCESS_OPERATOR, false, handle_companies},
    {"POST", "/operator/v1/companies", ACCESS_OPERATOR, true, handle_company_create},
    {"GET", "/operator/v1/companies/*", ACCESS_OPERATOR, false, handle_operator_company},
    {"PATCH", "/operator/v1/companies/*", ACCESS_OPERATOR, true, handle_operator_company_change},
    {"POST", "/operator/v1/companies/*/suspend", ACCESS_OPERATOR, false, handle_suspend},
    {"POST", "/operator/v1/companies/*/resume", ACCESS_OPERATOR, false, handle_resume},
    {"POST", "/operator/v1/companies/*/technicians", ACCESS_OPERATOR, true, handle_operator_technician},
    {"POST", "/operator/v1/sessions/*/end", ACCESS_OPERATOR, false, handle_operator_end},
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
    if (c->change)
        change_drop(c->change);
    attempt_free(c->attempt);
    flow_free(c->oidc);
    free(c->text);
    free(c);
}

void call_address(const struct call *c, char out[ADDRESS_SIZE])
{
    const char *header = http_header(c->request, "X-Forwarded-For");
    size_t n = header ? strspn(header, "0123456789abcdefABCDEF:.") : 0;
    snprintf(out, ADDRESS_SIZE, "%.*s", (int)n, header ? header : "");
}

/* ids: receive the segments of '*', "" when longer than any id; false when the path is another. */
static bool path_matches(const char *pattern, const char *path, char ids[2][SEGMENT_SIZE])
{
    size_t stars = 0;
    ids[0][0] = ids[1][0] = '\0';
    while (*pattern) {
        if (*pattern != '*') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t n = strcspn(path, "/");
        if (n == 0 || stars == 2)
            return false;
        if (n < SEGMENT_SIZE) {
            memcpy(ids[stars], path, n);
            ids[stars][n] = '\0';
        }
        stars++;
        pattern++;
        path += n;
    }
    return *path == '\0';
}

static const char *effective_method(const struct http_request *r)
{
    return strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
}

/* A path that is written out in the table is no id of another pattern. */
static bool is_literal(const char *path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(routes[i].pattern, path) == 0)
            return true;
    return false;
}

/* allowed: gets the methods of the path, "" when there is no such path. */
static const struct route *find_route(const struct http_request *r, char ids[2][SEGMENT_SIZE], char allowed[ALLOWED_SIZE])
{
    const char *method = effective_method(r);
    bool literal = is_literal(r->path);
    allowed[0] = '\0';
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (!path_matches(routes[i].pattern, r->path, ids) || (literal && strchr(routes[i].pattern, '*')))
            continue;
        if (strcmp(routes[i].method, method) == 0)
            return &routes[i];
        size_t used = strlen(allowed);
        snprintf(allowed + used, ALLOWED_SIZE - used, "%s%s%s", used ? ", " : "", routes[i].method,
                 strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
    }
    bool api = strncmp(r->path, "/v1/", 4) == 0 || strncmp(r->path, "/operator/", 10) == 0;
    if (allowed[0] || api || strcmp(method, "GET") != 0)
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
    if (!*allowed) {
        respond_problem(r, "not_found", NULL, NULL);
        return;
    }
    http_add_header(r, "Allow", allowed);
    json_t *body = json_pack("{ss ss si ss ss}", "type", "/help#invalid_request", "title",
                             "This address does not take that method.", "status", 405, "reason",
                             "invalid_request", "request_id", r->id);
    char *text = json_compact(body);
    json_decref(body);
    http_respond(r, 405, "application/problem+json", text, strlen(text));
    free(text);
}

void route_request(void *user, struct http_request *r)
{
    struct gateway *g = user;
    char ids[2][SEGMENT_SIZE] = {"", ""}, allowed[ALLOWED_SIZE];
    const struct route *route = find_route(r, ids, allowed);
    struct call *c = route ? calloc(1, sizeof *c) : NULL;
    metric_add("beistand_requests_total", "", 1);
    if (!c) {
        refuse_unknown(r, allowed);
        return;
    }
    *c = (struct call){.gateway = g, .request = r, .route = route};
    memcpy(c->ids, ids, sizeof ids);
    if (strlen(ids[0]) < ID_SIZE)
        memcpy(c->session, ids[0], strlen(ids[0]) + 1);
    r->user = c;
    r->free_user = call_free;
    if (route->access == ACCESS_MEMBER)
        authenticate(c);
    else if (route->access == ACCESS_OPERATOR)
        authenticate_operator(c);
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
