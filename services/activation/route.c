/* The five addresses of the program. */
#include "activation.h"

#include <stdlib.h>
#include <string.h>

static const struct route routes[] = {
    {"POST", "/agent/v1/invitations/reports", NULL, true, handle_invitation_report},
    {"POST", "/agent/v1/activations", NULL, true, handle_activation},
    {"GET", "/agent/v1/sessions/", "", false, handle_session},
    {"POST", "/agent/v1/sessions/", "/reports", true, handle_session_report},
    {"POST", "/agent/v1/sessions/", "/receipt", true, handle_receipt},
};

void call_refuse(struct call *c, const char *reason, const char *detail)
{
    respond_problem(c->request, reason, detail, NULL);
}

void respond_empty(struct call *c)
{
    http_respond(c->request, 204, NULL, "", 0);
}

static void call_free(void *user)
{
    struct call *c = user;
    json_decref(c->body);
    json_decref(c->record);
    explicit_bzero(c->agent_token, sizeof c->agent_token);
    free(c->checks);
    free(c->machine);
    free(c);
}

static bool matches(const struct route *route, const struct http_request *r, char id[ID_SIZE])
{
    id[0] = '\0';
    if (strcmp(route->method, r->method) != 0)
        return false;
    if (!route->suffix)
        return strcmp(route->prefix, r->path) == 0;
    size_t before = strlen(route->prefix);
    if (strncmp(route->prefix, r->path, before) != 0)
        return false;
    size_t n = strcspn(r->path + before, "/");
    if (n != ID_SIZE - 1 || strcmp(r->path + before + n, route->suffix) != 0)
        return false;
    memcpy(id, r->path + before, n);
    id[n] = '\0';
    return true;
}

static bool read_body(struct call *c)
{
    char error[128];
    if (!c->route->has_body)
        return true;
    c->body = json_read(c->request->body, c->request->body_size, error);
    if (!c->body)
        call_refuse(c, "invalid_request", error);
    return c->body != NULL;
}

void route_request(void *user, struct http_request *r)
{
    char id[ID_SIZE] = "";
    const struct route *route = NULL;
    for (size_t i = 0; i < sizeof routes / sizeof *routes && !route; i++)
        if (matches(&routes[i], r, id))
            route = &routes[i];
    struct call *c = route ? calloc(1, sizeof *c) : NULL;
    metric_add("beistand_requests_total", "", 1);
    if (!c) {
        respond_problem(r, "not_found", NULL, NULL);
        return;
    }
    *c = (struct call){.activation = user, .request = r, .route = route, .bucket = bucket_of_id(id)};
    memcpy(c->session, id, sizeof id);
    r->user = c;
    r->free_user = call_free;
    if (route->suffix && c->bucket < 0)
        call_refuse(c, "not_found", NULL);
    else if (read_body(c))
        route->handle(c);
}

void route_too_large(void *user, struct http_request *r)
{
    (void)user;
    respond_too_large(r, "The body is larger than 16 KiB.");
}
