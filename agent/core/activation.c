/* From the link to the active session: pre-flight and report, the code, the activation. A lost reply is asked for
 * again with the same Idempotency-Key, which was saved before it was first sent. */
#include "program_internal.h"

#include "proto/c/b64url.h"

#include <stdio.h>
#include <string.h>

static void make_key(char out[33])
{
    uint8_t raw[16];
    crypto_random(raw, sizeof raw);
    for (size_t i = 0; i < sizeof raw; i++)
        snprintf(out + 2 * i, 3, "%02x", raw[i]);
}

/* The service says itself that it cannot now, or something stands between us and it (S-37). */
static void retry_later(struct program *p)
{
    char reason[64] = "";
    const char *body = p->http.body;
    program_try_later(p);
    if (p->http.status > 0 && body && json_valid(body, p->http.body_size))
        json_get_text(body, "reason", reason, sizeof reason);
    if (reason[0])
        p->seams.state(p->seams.user, p->state, reason);
    else
        program_network_failed(p, p->http.status, p->http.error);
}

/* true when the answer is the service's word; else it is asked again later. */
static bool answered(struct program *p)
{
    if (p->http.status > 0 && p->http.status < 500 && p->http.status != 429 && json_valid(p->http.body, p->http.body_size)) {
        program_network_works(p);
        return true;
    }
    retry_later(p);
    return false;
}

static void take_reason(struct program *p, char reason[64])
{
    snprintf(reason, 64, "not_found");
    json_get_text(p->http.body, "reason", reason, 64);
}

/* ---- before the code ---- */

static void ask_code(struct program *p)
{
    program_set_state(p, PROGRAM_CODE, "");
    p->seams.ask_code(p->seams.user, "", -1, p->saved.technician, p->saved.company);
}

/* Heard or not: what was found does not change by it. */
static void on_set_up_reported(struct program *p)
{
    p->set_up_due = false;
    if (p->verdict[0])
        program_set_state(p, PROGRAM_REMOVING, p->verdict);
    else
        ask_code(p);
}

static void set_up(struct program *p)
{
    p->saved.installed = true; /* saved first: an interrupted installation is removed at the next start */
    program_save(p);
    if (!p->seams.install(p->seams.user))
        snprintf(p->verdict, sizeof p->verdict, "service_failed");
    p->set_up_due = true;
    p->retry_at = 0;
}

static void on_reported(struct program *p)
{
    char reason[64];
    if (p->verdict[0]) { /* the pre-flight's; whether it was heard or not */
        program_set_state(p, PROGRAM_REMOVING, p->verdict);
        return;
    }
    if (!answered(p))
        return;
    if (p->http.status != 200) {
        take_reason(p, reason);
        program_set_state(p, PROGRAM_REMOVING, reason);
        return;
    }
    json_get_text(p->http.body, "session", p->saved.session, sizeof p->saved.session);
    json_get_text(p->http.body, "technician", p->saved.technician, sizeof p->saved.technician);
    json_get_text(p->http.body, "company", p->saved.company, sizeof p->saved.company);
    if (p->saved.installed)
        ask_code(p);
    else
        set_up(p);
}

static void put_earlier(struct program *p, struct json_out *o)
{
    json_open(o, "earlier");
    json_put_text(o, "session", p->saved.session);
    json_put_text(o, "agent_token", p->saved.agent_token);
    json_close(o);
}

/* Posts what the pre-flight finds, or what the set-up came to. */
static void post_checks(struct program *p, void (*done)(struct program *p))
{
    char checks[512] = "{}", body[1024];
    bool earlier = p->state == PROGRAM_EARLIER;
    struct json_out o;
    if (p->set_up_due && p->verdict[0]) {
        snprintf(checks, sizeof checks, "{\"set_up\":\"failed\"}");
    } else {
        const char *reason = p->seams.preflight(p->seams.user, checks, sizeof checks);
        snprintf(p->verdict, sizeof p->verdict, "%s", reason ? reason : "");
    }
    if (p->set_up_due && !p->verdict[0] && strcmp(checks, p->checks) == 0) {
        on_set_up_reported(p); /* nothing new to tell */
        return;
    }
    snprintf(p->checks, sizeof p->checks, "%s", checks);
    json_out_init(&o, body, sizeof body);
    json_open(&o, NULL);
    json_put_text(&o, "token", earlier ? p->next_token : p->saved.link_token);
    json_put_raw(&o, "checks", checks);
    if (p->verdict[0])
        json_put_text(&o, "reason", p->verdict);
    if (p->verdict[0] && p->verdict_detail[0])
        json_put_text(&o, "detail", p->verdict_detail);
    if (earlier)
        put_earlier(p, &o);
    json_close(&o);
    if (!program_request(p, "POST", "/agent/v1/invitations/reports", NULL, body, done))
        program_try_later(p);
    crypto_wipe(body, sizeof body);
}

/* ---- an earlier session on this PC ---- */

static void on_earlier_reported(struct program *p)
{
    char reason[64];
    if (!answered(p))
        return;
    if (p->http.status == 200 && !p->verdict[0]) {
        /* The server has ended it; here it is only left over. It goes, its receipt is delivered, then the new link's turn. */
        program_ended(p, "session_expired");
        return;
    }
    take_reason(p, reason);
    p->next_token[0] = '\0'; /* over for good, and nothing of the session that is open here is touched */
    program_set_state(p, PROGRAM_OVER, p->verdict[0] ? p->verdict : reason);
}

/* ---- the code ---- */

static void take_activation(struct program *p)
{
    int64_t time_ms = 0;
    const char *body = p->http.body;
    struct saved *s = &p->saved;
    if (!json_valid(body, p->http.body_size) || !json_get_text(body, "session", s->session, sizeof s->session) ||
        !json_get_text(body, "agent_token", s->agent_token, sizeof s->agent_token) ||
        !json_get_integer(body, "expires_at", &s->expires_ms)) {
        program_network_failed(p, p->http.status, p->http.error);
        program_try_later(p);
        return;
    }
    json_get_text(body, "technician", s->technician, sizeof s->technician);
    json_get_text(body, "company", s->company, sizeof s->company);
    if (json_get_integer(body, "server_time", &time_ms))
        server_time(p, time_ms);
    s->activated = true;
    memset(s->code, 0, sizeof s->code);
    program_save(p);
    p->retry_at = 0;
    program_set_state(p, PROGRAM_ACTIVE, "activated");
}

static void on_activated(struct program *p)
{
    char reason[64] = "";
    int64_t left = -1;
    if (p->http.status == 200) {
        take_activation(p);
        return;
    }
    if (!answered(p))
        return;
    json_get_text(p->http.body, "reason", reason, sizeof reason);
    json_get_integer(p->http.body, "attempts_left", &left);
    /* Only another code can help; or, once locked, a new invitation: the dialog stays and says so. */
    if (strcmp(reason, "code_invalid") == 0 || strcmp(reason, "code_superseded") == 0 ||
        strcmp(reason, "attempts_exhausted") == 0) {
        memset(p->saved.code, 0, sizeof p->saved.code);
        memset(p->saved.digits, 0, sizeof p->saved.digits);
        memset(p->saved.activation_key, 0, sizeof p->saved.activation_key);
        program_save(p);
        program_set_state(p, PROGRAM_CODE, reason);
        p->seams.ask_code(p->seams.user, reason, (int)left, p->saved.technician, p->saved.company);
        return;
    }
    program_set_state(p, PROGRAM_REMOVING, reason[0] ? reason : "invalid_request");
}

static void post_activation(struct program *p)
{
    char machine[1024], key[64], body[2048];
    struct json_out o;
    p->seams.machine(p->seams.user, machine, sizeof machine);
    b64url_encode(key, p->saved.receipt_public, sizeof p->saved.receipt_public);
    json_out_init(&o, body, sizeof body);
    json_open(&o, NULL);
    json_put_text(&o, "token", p->saved.link_token);
    json_put_text(&o, "code_prefix", p->saved.code);
    json_put_raw(&o, "machine", machine);
    json_put_text(&o, "receipt_key", key);
    json_close(&o);
    if (!program_request(p, "POST", "/agent/v1/activations", p->saved.activation_key, body, on_activated))
        program_try_later(p);
    crypto_wipe(body, sizeof body);
}

void activation_begin(struct program *p)
{
    p->retry_at = 0;
    if (!p->saved.code[0]) {
        program_set_state(p, PROGRAM_REPORTING, "");
        return;
    }
    if (!p->saved.activation_key[0]) {
        make_key(p->saved.activation_key);
        ed25519_keypair(p->saved.receipt_public, p->saved.receipt_secret);
    }
    program_save(p);
    program_set_state(p, PROGRAM_ACTIVATING, "");
}

void activation_post(struct program *p)
{
    if (p->http_busy || clock_monotonic_ms() < p->retry_at)
        return;
    if (p->state == PROGRAM_ACTIVATING)
        post_activation(p);
    else if (p->state == PROGRAM_EARLIER)
        post_checks(p, on_earlier_reported);
    else
        post_checks(p, p->set_up_due ? on_set_up_reported : on_reported);
}
