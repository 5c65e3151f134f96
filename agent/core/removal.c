/* The end: everything that was made is removed, then the signed receipt is delivered, as long as it takes. */
#include "program_internal.h"

#include "proto/c/b64url.h"

#include <stdio.h>
#include <string.h>

enum { RECEIPT_TEXT = 1024, RECEIPT_TRIES_MS = 120000 };

static void over(struct program *p)
{
    p->seams.forget(p->seams.user, "session");
    program_set_state(p, PROGRAM_OVER, p->reason);
}

void removal_begin(struct program *p)
{
    if (!p->saved.removed) {
        p->seams.remove_all(p->seams.user, p->saved.left, sizeof p->saved.left);
        p->saved.removed = true;
        p->saved.removed_ms = server_now(p);
        memset(p->saved.verifier, 0, sizeof p->saved.verifier);
        if (p->saved.activated)
            program_save(p);
    }
    p->retry_at = 0;
    p->checked_at = clock_monotonic_ms();
    if (p->saved.activated)
        program_set_state(p, PROGRAM_RECEIPT, p->reason);
    else
        over(p);
}

static void on_delivered(struct program *p)
{
    /* Heard, or refused for good: there is nothing more to do. Not yet ended there (409): our deadline came before
     * the server's. A program that cannot reach the server for two minutes gives up: nothing of it may stay behind,
     * and the console says `unconfirmed`. */
    if (p->http.status == 204 || (p->http.status >= 400 && p->http.status < 500 && p->http.status != 409) ||
        clock_monotonic_ms() - p->checked_at > RECEIPT_TRIES_MS)
        over(p);
    else
        program_try_later(p);
}

void removal_post(struct program *p)
{
    static const char label[] = "beistand receipt v1"; /* its NUL is signed too */
    char json[RECEIPT_TEXT], text[RECEIPT_TEXT * 2], signed_text[sizeof label + RECEIPT_TEXT * 2], signature_text[96];
    char body[RECEIPT_TEXT * 3], path[96];
    uint8_t signature[ED25519_SIGNATURE_BYTES];
    struct json_out o;
    if (p->http_busy || clock_monotonic_ms() < p->retry_at)
        return;
    json_out_init(&o, json, sizeof json);
    json_open(&o, NULL);
    json_put_text(&o, "session", p->saved.session);
    json_put_integer(&o, "removed_at", p->saved.removed_ms);
    json_put_raw(&o, "left", p->saved.left[0] ? p->saved.left : "[]");
    json_close(&o);
    b64url_encode(text, json, o.n);
    memcpy(signed_text, label, sizeof label);
    memcpy(signed_text + sizeof label, text, strlen(text));
    ed25519_sign(signature, signed_text, sizeof label + strlen(text), p->saved.receipt_secret);
    b64url_encode(signature_text, signature, sizeof signature);
    json_out_init(&o, body, sizeof body);
    json_open(&o, NULL);
    json_put_text(&o, "receipt", text);
    json_put_text(&o, "signature", signature_text);
    json_close(&o);
    snprintf(path, sizeof path, "/agent/v1/sessions/%s/receipt", p->saved.session);
    if (!program_request(p, "POST", path, NULL, body, on_delivered))
        program_try_later(p);
}
