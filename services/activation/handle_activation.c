/* POST /agent/v1/activations: the code the customer typed. The verdict is made here with the key of the
 * record's generation; counting it and everything that follows is one transition. */
#include "activation.h"

#include "common/failpoint.h"
#include "common/json.h"
#include "common/log.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES_MAX = 5, MACHINE_FIELD_MAX = 128, RECEIPT_KEY_TEXT = 43 };

static void judge(struct call *c);

static bool code_is(const struct call *c, unsigned generation, const char *typed)
{
    char code[CODE_PREFIX_SIZE];
    return generation > 0 &&
           derive_code_prefix(c->activation->keys, json_text(c->record, "kid", ""), c->session, generation,
                              code) == 0 &&
           CRYPTO_memcmp(code, typed, CODE_PREFIX_SIZE - 1) == 0;
}

static void respond_active(struct call *c, const char *expires_at)
{
    char path[64];
    const json_t *r = c->record;
    snprintf(path, sizeof path, "/relay/control/%s", c->session);
    failpoint("activation.reply");
    respond_json(c->request, 200,
                 json_pack("{ss ss sI ss ss ss sI}", "session", c->session, "agent_token", c->agent_token,
                           "expires_at", (json_int_t)strtoll(expires_at, NULL, 10), "relay_path", path,
                           "technician", json_text(r, "technician_name", ""), "company",
                           json_text(r, "company_name", ""), "server_time", (json_int_t)wall_now_ms()));
}

static void on_record_again(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_decref(c->record);
    c->record = hash_object(reply);
    if (c->record)
        judge(c);
    else
        call_refuse(c, reply ? "not_found" : "unavailable", NULL);
}

static void on_activated(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    failpoint("activation.committed");
    const char *outcome = reply->element[0]->str, *left = reply->element[1]->str;
    log_event(LOG_INFO, "activation", "session", c->session, "outcome", outcome, "attempts_left", left,
              "request", c->request->id, NULL);
    if (strcmp(outcome, "active") == 0)
        respond_active(c, reply->element[2]->str);
    else if (strcmp(outcome, "again") == 0 && c->tries++ < TRIES_MAX)
        store_record(c, on_record_again);
    else if (strcmp(outcome, "again") == 0)
        call_refuse(c, "unavailable", NULL);
    else
        respond_problem(c->request, outcome, NULL, json_pack("{si}", "attempts_left", atoi(left)));
}

static void judge(struct call *c)
{
    failpoint("activation.received");
    const char *typed = json_text(c->body, "code_prefix", "");
    const char *kid = json_text(c->record, "kid", "");
    unsigned generation = (unsigned)strtoul(json_text(c->record, "generation", "0"), NULL, 10);
    const char *verdict = "wrong";
    if (code_is(c, generation, typed))
        verdict = "right";
    else if (code_is(c, generation - 1, typed))
        verdict = "superseded";
    if (derive_agent_token(c->activation->keys, kid, c->session, generation,
                           http_header(c->request, "Idempotency-Key"), c->agent_token) != 0) {
        log_event(LOG_ERROR, "secret_key_unknown", "kid", kid, "session", c->session, NULL);
        call_refuse(c, "unavailable", NULL);
        return;
    }
    store_activate(c, verdict, on_activated);
}

/* The machine as compact JSON of its four known fields, or NULL. */
static char *read_machine(const json_t *given)
{
    static const char *const names[] = {"name", "os", "version", "arch", NULL};
    if (!json_is_object(given) || json_unknown_member(given, names))
        return NULL;
    json_t *machine = json_object();
    bool good = true;
    for (const char *const *name = names; *name; name++) {
        const char *text;
        good = json_field(given, *name, MACHINE_FIELD_MAX, &text) == 0 && good;
        json_object_set_new(machine, *name, json_string(good && text ? text : ""));
    }
    char *text = good ? json_compact(machine) : NULL;
    json_decref(machine);
    return text;
}

static bool digits(const char *text, size_t n)
{
    return text && strlen(text) == n && strspn(text, "0123456789") == n;
}

void handle_activation(struct call *c)
{
    static const char *const members[] = {"token", "code_prefix", "machine", "receipt_key", NULL};
    const char *code, *receipt_key;
    const char *key = http_header(c->request, "Idempotency-Key");
    if (json_unknown_member(c->body, members) || !key || strlen(key) < 8 || strlen(key) > KEY_MAX ||
        json_field(c->body, "code_prefix", 4, &code) != 0 || !digits(code, 4) ||
        json_field(c->body, "receipt_key", RECEIPT_KEY_TEXT, &receipt_key) != 0 || !receipt_key ||
        strlen(receipt_key) != RECEIPT_KEY_TEXT ||
        !(c->machine = read_machine(json_object_get(c->body, "machine")))) {
        call_refuse(c, "invalid_request",
                    "token, code_prefix (4 digits), machine, receipt_key and an Idempotency-Key are needed.");
        return;
    }
    with_link(c, judge);
}
