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

static void retry_later(struct program *p)
{
    p->retry_at = clock_monotonic_ms() + 2000;
    snprintf(p->network_error, sizeof p->network_error, "%s", p->http.error);
    /* S-37: what stands between us and the service, in the words of who noticed. */
    p->seams.state(p->seams.user, p->state, "network_blocked");
}

/* ---- before the code ---- */

static void on_reported(struct program *p)
{
    char reason[64] = "";
    if (p->saved.reason[0]) { /* the pre-flight's verdict; whether it was heard or not */
        program_set_state(p, PROGRAM_REMOVING, p->saved.reason);
        return;
    }
    if (p->http.status < 0 || p->http.status >= 500) {
        retry_later(p);
        return;
    }
    p->network_error[0] = '\0';
    bool valid = json_valid(p->http.body, p->http.body_size);
    if (p->http.status != 200) {
        if (valid)
            json_get_text(p->http.body, "reason", reason, sizeof reason);
        program_set_state(p, PROGRAM_REMOVING, reason[0] ? reason : "not_found");
        return;
    }
    if (valid) {
        json_get_text(p->http.body, "session", p->saved.session, sizeof p->saved.session);
        json_get_text(p->http.body, "technician", p->saved.technician, sizeof p->saved.technician);
        json_get_text(p->http.body, "company", p->saved.company, sizeof p->saved.company);
    }
    if (!p->saved.installed) {
        p->saved.installed = true; /* saved first: an interrupted installation is removed at the next start */
        program_save(p);
        if (!p->seams.install(p->seams.user)) {
            program_set_state(p, PROGRAM_REMOVING, "service_failed");
            return;
        }
    }
    program_set_state(p, PROGRAM_CODE, "");
    p->seams.ask_code(p->seams.user, "", -1, p->saved.technician, p->saved.company);
}

static void post_report(struct program *p)
{
    char checks[512] = "{}", body[1024];
    struct json_out o;
    const char *reason = p->seams.preflight(p->seams.user, checks, sizeof checks);
    json_out_init(&o, body, sizeof body);
    json_open(&o, NULL);
    json_put_text(&o, "token", p->saved.link_token);
    json_put_raw(&o, "checks", checks);
    json_close(&o);
    if (reason)
        snprintf(p->saved.reason, sizeof p->saved.reason, "%s", reason);
    if (!program_request(p, "POST", "/agent/v1/invitations/reports", NULL, body, on_reported))
        retry_later(p);
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
        retry_later(p);
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
    if (p->http.status < 0 || p->http.status >= 500 || !json_valid(p->http.body, p->http.body_size)) {
        retry_later(p);
        return;
    }
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
        retry_later(p);
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
    else
        post_report(p);
}
