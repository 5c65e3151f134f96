/* POST /agent/v1/invitations/reports: before the code. The page or the program says what it found; the answer says who
 * invites. Nothing is consumed by it. A program that finds an earlier session on its PC presents that session's
 * credential: only the server knows whether it is still open (S-31), and no list of machines is needed. */
#include "activation.h"

#include "common/random.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DETAIL_MAX = 500 };

static const char *const check_names[] = {"opened", "started", "administrator", "windows_version", "no_host",
                                          "no_session", "network", "set_up", NULL};
/* What a pre-flight or set-up may come to. */
static const char *const reasons[] = {"not_administrator", "windows_unsupported", "host_installed", "already_activated",
                                      "service_failed", "account_failed", NULL};

static bool listed(const char *const *list, const char *name)
{
    while (*list && strcmp(*list, name) != 0)
        list++;
    return *list != NULL;
}

/* ---- answers ---- */

static void respond_invitation(struct call *c)
{
    const json_t *r = c->record;
    respond_json(c->request, 200,
                 json_pack("{ss ss ss ss ss sI}", "session", c->session, "technician",
                           json_text(r, "technician_name", ""), "company",
                           json_text(r, "company_name", ""), "contact",
                           json_text(r, "company_contact", ""), "language", json_text(r, "language", "en"),
                           "invitation_expires_at",
                           (json_int_t)strtoll(json_text(r, "invitation_expires_at", "0"), NULL, 10)));
}

static void on_reported(void *user, const redisReply *reply)
{
    struct call *c = user;
    char labels[96];
    bool told = reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    if (told && c->reason && *c->reason && !c->earlier) {
        snprintf(labels, sizeof labels, "reason=\"%s\"", c->reason);
        metric_add("beistand_refusals_total", labels, 1);
    }
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (c->earlier)
        respond_problem(c->request, "already_activated", NULL,
                        json_pack("{ss ss sb}", "technician", json_text(c->earlier, "technician_name", ""), "company",
                                  json_text(c->earlier, "company_name", ""), "own",
                                  strcmp(json_text(c->earlier, "technician", ""), json_text(c->record, "technician", "-")) == 0));
    else
        respond_invitation(c);
}

/* ---- an earlier session ---- */

static bool still_open(const json_t *record, const char *agent_token)
{
    char digest[65];
    const char *expected = json_text(record, "agent_token_hash", "");
    sha256_hex(digest, agent_token, strlen(agent_token));
    return strlen(expected) == 64 && CRYPTO_memcmp(expected, digest, 64) == 0 &&
           strcmp(json_text(record, "state", ""), "active") == 0;
}

static void tell(struct call *c)
{
    /* The program begins anew with a pre-flight that passed: what stood in the way before is overcome. */
    bool fresh = json_object_get(c->checks, "started") && !*c->reason;
    store_report(c, false, *c->reason ? "set_up" : fresh ? "overcome" : "checks", on_reported);
}

static void on_earlier(void *user, const redisReply *reply)
{
    struct call *c = user;
    const json_t *given = json_object_get(c->body, "earlier");
    json_t *record = hash_object(reply);
    if (!reply) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    if (record && still_open(record, json_text(given, "agent_token", ""))) {
        c->earlier = record;
        c->reason = "already_activated";
        /* Whose it is: what the technician needs to know to wait, to ask, or to connect. */
        snprintf(c->whose, sizeof c->whose, "%s, %s", json_text(record, "technician_name", ""),
                 json_text(record, "company_name", ""));
        c->detail = c->whose;
        json_object_set_new(c->checks, "no_session", json_string("failed"));
    } else {
        json_decref(record);
    }
    tell(c);
}

static void report(struct call *c)
{
    const char *state = json_text(c->record, "state", "");
    const char *earlier = json_text(json_object_get(c->body, "earlier"), "session", "");
    if (c->generation < strtoul(json_text(c->record, "generation", "0"), NULL, 10))
        call_refuse(c, "invitation_superseded", NULL);
    else if (strcmp(state, "ended") == 0)
        call_refuse(c, json_text(c->record, "reason", "wrong_state"), NULL);
    else if (strtoll(json_text(c->record, "invitation_expires_at", "0"), NULL, 10) <= wall_now_ms() &&
             strcmp(state, "invited") == 0)
        call_refuse(c, "invitation_expired", NULL);
    else if (bucket_of_id(earlier) >= 0 && strcmp(earlier, c->session) != 0)
        store_earlier(c, earlier, on_earlier);
    else
        tell(c);
}

/* ---- the request ---- */

/* {name: "ok"|"failed"} of known names only; booleans mean the same. NULL when malformed. */
static json_t *read_checks(const json_t *given)
{
    json_t *checks = json_object();
    const char *name;
    json_t *value;
    bool good = !given || json_is_object(given);
    json_object_foreach((json_t *)given, name, value) {
        const char *text = json_is_string(value) ? json_string_value(value) : "";
        bool ok = json_is_true(value) || strcmp(text, "ok") == 0;
        bool failed = json_is_false(value) || strcmp(text, "failed") == 0;
        good = good && listed(check_names, name) && (ok || failed);
        json_object_set_new(checks, name, json_string(ok ? "ok" : "failed"));
    }
    if (good)
        return checks;
    json_decref(checks);
    return NULL;
}

void handle_invitation_report(struct call *c)
{
    c->checks = read_checks(json_object_get(c->body, "checks"));
    const json_t *earlier = json_object_get(c->body, "earlier");
    bool good = json_field(c->body, "reason", 64, &c->reason) == 0 && json_field(c->body, "detail", DETAIL_MAX, &c->detail) == 0 &&
                (!c->reason || listed(reasons, c->reason)) && (!earlier || json_is_object(earlier));
    if (!c->reason)
        c->reason = "";
    if (c->checks && good)
        with_link(c, report);
    else
        call_refuse(c, "invalid_request", "checks is an object of known names with ok or failed; reason is one of the set-up's.");
}
