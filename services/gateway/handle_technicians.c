/* /v1/technicians: administrators manage the people of their company. What they may is decided by the directory's
 * transition; here the request gets its form. */
#include "directory.h"

#include "common/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool good_permissions(const json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) > 8)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        if (!name || (strcmp(name, "adhoc_support") != 0 && strcmp(name, "full_remote_control") != 0))
            return false;
        for (size_t j = 0; j < i; j++)
            if (strcmp(name, json_string_value(json_array_get(list, j))) == 0)
                return false;
    }
    return true;
}

static bool good_role(const char *role)
{
    return strcmp(role, "technician") == 0 || strcmp(role, "administrator") == 0;
}

/* What a body may say about a person, into ch->set. NULL, or what is wrong. */
static const char *person_fields(struct change *ch)
{
    const json_t *body = ch->call->body;
    const json_t *permissions = json_object_get(body, "permissions"), *disabled = json_object_get(body, "disabled");
    const char *name, *role;
    if (json_field(body, "name", NAME_BYTES_MAX, &name) != 0 || (json_object_get(body, "name") && !one_line(name, NAME_BYTES_MAX)))
        return "name is one line of text of at most 200 bytes.";
    if (json_field(body, "role", 32, &role) != 0 || (json_object_get(body, "role") && (!role || !good_role(role))))
        return "role is technician or administrator.";
    if (permissions && !good_permissions(permissions))
        return "permissions is a list of adhoc_support and full_remote_control.";
    if (disabled && !json_is_boolean(disabled))
        return "disabled is true or false.";
    if (json_object_get(body, "second_factor") && !json_is_false(json_object_get(body, "second_factor")))
        return "second_factor can only be set to false here; who it belongs to switches it on.";
    if (name)
        change_set(ch, "name", name);
    if (role)
        change_set(ch, "role", role);
    if (permissions) {
        char *text = list_text(permissions);
        change_set(ch, "permissions", text);
        free(text);
    }
    if (disabled)
        change_set(ch, "disabled", json_is_true(disabled) ? "1" : NULL);
    if (json_object_get(body, "second_factor")) {
        change_set(ch, "totp", NULL);
        change_set(ch, "totp_pending", NULL);
        change_set(ch, "recovery", NULL);
    }
    return NULL;
}

static const char *wanted_email(const struct call *c, bool *wrong)
{
    const char *email;
    bool given = json_object_get(c->body, "email") != NULL;
    *wrong = json_field(c->body, "email", EMAIL_MAX, &email) != 0 || (given && (!email || !email_valid(email)));
    return *wrong ? NULL : email;
}

static void respond_technician(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") != 0) {
        call_refuse(c, outcome, NULL);
        return;
    }
    add_etag(c->request, ch->record);
    respond_json(c->request, 200, technician_view(ch->id, ch->record));
}

/* ---- the list, and one ---- */

static json_t *listed_technician(struct call *c, const char *name, const json_t *record)
{
    (void)c;
    return technician_view(name, record);
}

static const struct listing technicians = {"company-technicians", "technician", "technicians", listed_technician};

void handle_technicians(struct call *c)
{
    if (c->who.administrator)
        list_page(c, &technicians, c->who.company);
    else
        call_refuse(c, "permission_missing", NULL);
}

static bool path_person(struct call *c)
{
    if (bucket_of_id(c->ids[0]) == c->who.bucket)
        return true;
    call_refuse(c, "not_found", NULL);
    return false;
}

static void on_technician(void *user, const redisReply *reply)
{
    struct call *c = user;
    c->record = hash_object(reply);
    if (!reply) {
        call_refuse(c, "unavailable", NULL);
    } else if (!c->record || strcmp(json_text(c->record, "company", ""), c->who.company) != 0) {
        call_refuse(c, "not_found", NULL);
    } else {
        add_etag(c->request, c->record);
        respond_json(c->request, 200, technician_view(c->ids[0], c->record));
    }
}

void handle_technician(struct call *c)
{
    if (!c->who.administrator && strcmp(c->ids[0], c->who.technician) != 0)
        call_refuse(c, "permission_missing", NULL);
    else if (path_person(c))
        store_entity(c->gateway, c->who.bucket, "technician", c->ids[0], on_technician, c);
}

/* ---- a new one ---- */

static void respond_new(struct call *c, const char *id, const json_t *record, const char *kid, const char *digest)
{
    struct gateway *g = c->gateway;
    char token[SECRET_SIZE], url[512], location[96];
    if (derive_secret(g->keys, kid, "activate", bucket_of_id(id), digest, token) != 0) {
        call_refuse(c, "unavailable", "The secret key of this link is not loaded here.");
        return;
    }
    snprintf(url, sizeof url, "%s/#/activate/%s", g->settings.origin, token);
    snprintf(location, sizeof location, "/v1/technicians/%s", id);
    json_t *view = technician_view(id, record);
    json_object_set_new(view, "activate_url", json_string(url));
    json_object_set_new(view, "activate_expires_at",
                        ms_view(strtoll(json_text(record, "created_at", "0"), NULL, 10) + LINK_TTL_S * 1000LL));
    add_etag(c->request, record);
    if (!c->who.is_operator)
        http_add_header(c->request, "Location", location);
    respond_json(c->request, 201, view);
}

static void on_repeated(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_t *record = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!record)
        call_refuse(c, "not_found", "It was made, and removed since.");
    else
        respond_new(c, json_text(c->parts, "id", ""), record, json_text(c->parts, "kid", ""),
                    json_text(c->parts, "digest", ""));
    json_decref(record);
}

static void on_created(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    const char *email = json_text(ch->set, "email", "");
    if (strcmp(outcome, "done") == 0) {
        respond_new(c, ch->id, ch->record, ch->kid, ch->secret_name);
    } else if (strcmp(outcome, "repeated") == 0) {
        json_object_update_new(c->parts, json_pack("{ss ss ss}", "id", ch->id, "kid", ch->kid, "digest", ch->secret_name));
        store_entity(c->gateway, ch->bucket, "technician", ch->id, on_repeated, c);
    } else {
        release_login(c, ch->id, ch->company, email);
        call_refuse(c, outcome, NULL);
    }
}

static void on_claimed(struct call *c, const char *reason)
{
    struct change *ch = c->change;
    c->change = NULL;
    /* The same request again finds its own claim under another id: the transition knows what it was. */
    bool may_be_repeated = reason && strcmp(reason, "email_taken") == 0 && http_header(c->request, "Idempotency-Key");
    if (reason && !may_be_repeated) {
        call_refuse(c, reason, NULL);
        change_drop(ch);
        return;
    }
    if (may_be_repeated)
        json_object_set_new(ch->rules, "only_repeated", json_true());
    change_run(ch);
}

static void make_link(struct change *ch)
{
    char token[SECRET_SIZE], digest[DIGEST_SIZE];
    derive_secret(ch->call->gateway->keys, ch->kid, "activate", ch->bucket, ch->secret_name, token);
    sha256_hex(digest, token, strlen(token));
    change_set(ch, "reset", digest);
    json_object_set_new(ch->rules, "link", json_pack("{ss sI}", "digest", digest, "ms", (json_int_t)LINK_TTL_S * 1000));
}

/* An administrator whom the operator makes may be the company's first: what they lacked nobody could give them. */
static const char *first_permissions(const struct change *ch)
{
    bool administrator = strcmp(json_text(ch->set, "role", ""), "administrator") == 0;
    return ch->call->who.is_operator && administrator ? "adhoc_support,full_remote_control" : "";
}

void technician_create(struct call *c, const char *company)
{
    static const char *const members[] = {"name", "email", "role", "permissions", NULL};
    char id[ID_SIZE], now[MS_SIZE];
    bool wrong_email;
    const char *email = wanted_email(c, &wrong_email);
    new_id(id, bucket_of_id(company));
    struct change *ch = change_new(c, "create", "technician", company, id, NULL);
    const char *wrong = json_unknown_member(c->body, members) ? "There is an unknown member." : person_fields(ch);
    if (!wrong && !json_object_get(ch->set, "name"))
        wrong = "name and email are needed.";
    if (wrong || !email) {
        call_refuse(c, wrong ? "invalid_request" : "invalid_email", wrong);
        change_drop(ch);
        return;
    }
    change_set(ch, "company", company);
    change_set(ch, "email", email);
    change_set(ch, "created_at", ms_text(now, wall_now_ms()));
    if (!json_object_get(ch->set, "role"))
        change_set(ch, "role", "technician");
    if (!json_object_get(ch->set, "permissions"))
        change_set(ch, "permissions", first_permissions(ch));
    ch->done = on_created;
    if (!change_idempotent(ch, company))
        return;
    make_link(ch);
    c->parts = json_object();
    c->change = ch;
    claim_login(c, id, company, email, on_claimed);
}

void handle_technician_create(struct call *c)
{
    if (c->who.administrator)
        technician_create(c, c->who.company);
    else
        call_refuse(c, "permission_missing", NULL);
}

/* ---- changes ---- */

static const char *plan_person(struct change *ch)
{
    if (!ch->record || strcmp(json_text(ch->record, "company", ""), ch->company) != 0)
        return "not_found";
    /* Kept for what follows a new address. */
    json_object_set_new(ch->call->parts, "old_email", json_string(json_text(ch->record, "email", "")));
    return if_match_fails(ch->call, ch->record);
}

static void on_person_changed(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    const char *before = json_text(c->parts, "old_email", ""), *after = json_text(ch->set, "email", before);
    bool done = strcmp(outcome, "done") == 0;
    if (strcasecmp(before, after) != 0)
        release_login(c, ch->id, ch->company, done ? before : after);
    respond_technician(ch, outcome);
}

static void on_new_address(struct call *c, const char *reason)
{
    struct change *ch = c->change;
    c->change = NULL;
    if (reason) {
        call_refuse(c, reason, NULL);
        change_drop(ch);
    } else {
        change_run(ch);
    }
}

void handle_technician_change(struct call *c)
{
    static const char *const members[] = {"name", "email", "role", "permissions", "disabled", "second_factor", NULL};
    bool wrong_email;
    if (!c->who.administrator) {
        call_refuse(c, "permission_missing", NULL);
        return;
    }
    if (!path_person(c))
        return;
    const char *email = wanted_email(c, &wrong_email);
    struct change *ch = change_new(c, "update", "technician", c->who.company, c->ids[0], NULL);
    const char *wrong = json_unknown_member(c->body, members) ? "There is an unknown member." : person_fields(ch);
    if (wrong || wrong_email) {
        call_refuse(c, wrong ? "invalid_request" : "invalid_email", wrong);
        change_drop(ch);
        return;
    }
    ch->plan = plan_person;
    ch->done = on_person_changed;
    c->parts = json_object();
    if (!email) {
        change_run(ch);
        return;
    }
    change_set(ch, "email", email);
    c->change = ch;
    claim_login(c, c->ids[0], c->who.company, email, on_new_address);
}

static void on_removed(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") != 0) {
        call_refuse(c, outcome, strcmp(outcome, "wrong_state") == 0 ? "End or hand over their open session first." : NULL);
        return;
    }
    release_login(c, ch->id, ch->company, json_text(c->parts, "old_email", ""));
    http_respond(c->request, 204, NULL, "", 0);
}

void handle_technician_remove(struct call *c)
{
    if (!c->who.administrator) {
        call_refuse(c, "permission_missing", NULL);
        return;
    }
    if (!path_person(c))
        return;
    struct change *ch = change_new(c, "remove", "technician", c->who.company, c->ids[0], NULL);
    ch->plan = plan_person;
    ch->done = on_removed;
    c->parts = json_object();
    change_run(ch);
}

/* ---- a link that sets a new password ---- */

static void on_link_made(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    char url[512];
    if (strcmp(outcome, "done") != 0) {
        call_refuse(c, outcome, NULL);
        return;
    }
    snprintf(url, sizeof url, "%s/#/activate/%s", c->gateway->settings.origin, c->text);
    respond_json(c->request, 201, json_pack("{ss so}", "url", url, "expires_at", ms_view(wall_now_ms() + LINK_TTL_S * 1000LL)));
}

void handle_reset_link(struct call *c)
{
    char token[SECRET_SIZE], digest[DIGEST_SIZE];
    if (!c->who.administrator) {
        call_refuse(c, "permission_missing", NULL);
        return;
    }
    if (!path_person(c))
        return;
    new_secret(token, c->who.bucket);
    sha256_hex(digest, token, strlen(token));
    c->text = strdup(token);
    struct change *ch = change_new(c, "update", "technician", c->who.company, c->ids[0], NULL);
    change_set(ch, "reset", digest);
    json_object_set_new(ch->rules, "link", json_pack("{ss sI}", "digest", digest, "ms", (json_int_t)LINK_TTL_S * 1000));
    ch->plan = plan_person;
    ch->done = on_link_made;
    c->parts = json_object();
    change_run(ch);
}
