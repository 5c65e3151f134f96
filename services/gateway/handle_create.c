/* POST /v1/sessions and POST /v1/sessions/{id}/invitations: a command, then the wait for its outcome. */
#include "directory.h"

#include "common/failpoint.h"
#include "common/random.h"
#include "email.h"
#include "generated/reasons.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 200, NOTE_MAX = 2000, KEY_MAX = 200 };

static const char *const languages[] = {"en", "de", "fr", "es", "it", "pt", "nl", NULL};

static bool known_language(const char *tag)
{
    for (const char *const *l = languages; *l; l++)
        if (strcmp(*l, tag) == 0)
            return true;
    return false;
}

/* The SHA-256 of the Idempotency-Key in out; false after a refusal. One key may stand for one request of each person: a
 * colleague who happens to use the same has no part in the session. */
static bool read_idempotency_key(struct call *c, char out[65])
{
    const char *key = http_header(c->request, "Idempotency-Key");
    char scoped[ID_SIZE + KEY_MAX + 2];
    size_t n = key ? strlen(key) : 0;
    if (n < 8 || n > KEY_MAX) {
        call_refuse(c, "invalid_request", "An Idempotency-Key header of 8 to 200 characters is needed.");
        return false;
    }
    snprintf(scoped, sizeof scoped, "%s:%s", c->who.technician, key);
    sha256_hex(out, scoped, strlen(scoped));
    return true;
}

static void set_text(json_t *object, const char *name, const char *value)
{
    if (value && *value)
        json_object_set_new(object, name, json_string(value));
}

static json_t *command_new(struct call *c, const char *type, const char *key, json_t *args)
{
    char *canonical = json_canonical(args);
    char digest[65];
    sha256_hex(digest, canonical, strlen(canonical));
    free(canonical);
    json_object_set_new(args, "technician", json_string(c->who.technician));
    json_object_set_new(args, "idempotency", json_string(key));
    json_object_set_new(args, "digest", json_string(digest));
    new_id(c->command, c->who.bucket);
    return json_pack("{ss ss si ss ss so so}", "id", c->command, "type", type, "bucket", c->who.bucket, "session",
                     c->session, "company", c->who.company, "actor", actor_of(c), "args", args);
}

static void send_command(struct call *c)
{
    struct gateway *g = c->gateway;
    json_t *command = json_incref(c->parts);
    json_object_set_new(command, "deadline", json_integer(c->now + g->settings.command_timeout_ms));
    failpoint("gateway.command");
    if (!kafka_ready(g->kafka)) {
        json_decref(command);
        call_refuse(c, "unavailable", "The message broker is not reachable.");
    } else if (bus_command(g, command) != 0) {
        call_refuse(c, "unavailable", "Too many requests are waiting.");
    } else {
        failpoint("gateway.commanded");
        waiter_add(c);
    }
}

static void command_start(struct call *c, json_t *command)
{
    json_decref(c->parts);
    c->parts = command;
    bucket_now(c, send_command);
}

/* New object with what the customer is told, or NULL after a refusal. */
static json_t *read_args(struct call *c)
{
    static const char *const members[] = {"customer_email", "customer_name", "language", "note",
                                          "send_email", NULL};
    const char *email, *name, *language, *note;
    const char *unknown = json_unknown_member(c->body, members);
    const json_t *send = json_object_get(c->body, "send_email");
    const char *detail = NULL;
    if (unknown)
        detail = "There is an unknown member.";
    else if (!json_is_boolean(send))
        detail = "send_email must be true or false.";
    else if (json_field(c->body, "customer_name", NAME_MAX_BYTES, &name) != 0 ||
             (name && strpbrk(name, "\n\t")))
        detail = "customer_name must be text of at most 200 bytes in one line.";
    else if (json_field(c->body, "note", NOTE_MAX, &note) != 0)
        detail = "note must be text of at most 2000 bytes.";
    else if (json_field(c->body, "language", 16, &language) != 0 || (language && !known_language(language)))
        detail = "language must be en, de, fr, es, it, pt or nl.";
    if (detail) {
        call_refuse(c, "invalid_request", detail);
        return NULL;
    }
    if (json_field(c->body, "customer_email", EMAIL_MAX, &email) != 0 || (email && !email_valid(email)) ||
        (json_is_true(send) && !email)) {
        call_refuse(c, "invalid_email", NULL);
        return NULL;
    }
    json_t *args = json_pack("{sb}", "send_email", json_is_true(send));
    set_text(args, "customer_email", email);
    set_text(args, "customer_name", name);
    set_text(args, "language", language);
    set_text(args, "note", note);
    return args;
}

void handle_create(struct call *c)
{
    struct gateway *g = c->gateway;
    char key[65];
    if (!has_permission(&c->who, "adhoc_support")) {
        call_refuse(c, "permission_missing", NULL);
        return;
    }
    if (!read_idempotency_key(c, key))
        return;
    json_t *args = read_args(c);
    if (!args)
        return;
    new_id(c->session, c->who.bucket);
    json_t *command = command_new(c, "session.create", key, args);
    json_object_set_new(args, "session_ms", json_integer(g->settings.session_ms));
    json_object_set_new(args, "invitation_ms", json_integer(g->settings.invitation_ms));
    json_object_set_new(args, "removal_ms", json_integer(g->settings.removal_ms));
    command_start(c, command);
}

static void reinvite(struct call *c)
{
    char key[65];
    if (!has_permission(&c->who, "adhoc_support")) {
        call_refuse(c, "permission_missing", NULL);
        return;
    }
    if (!read_idempotency_key(c, key))
        return;
    json_t *args = json_pack("{ss sb}", "session", c->session, "administrator", c->who.administrator);
    command_start(c, command_new(c, "session.reinvite", key, args));
}

void handle_reinvite(struct call *c)
{
    with_session(c, reinvite);
}
