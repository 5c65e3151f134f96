/* What only the person may do, signed in: a new password, the second factor. */
#include "sign_in.h"

#include "common/random.h"
#include "common/seal.h"
#include "text.h"
#include "totp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { URI_MAX = 1024 };

static bool refuse_keys(struct call *c)
{
    if (c->who.csrf[0])
        return false;
    call_refuse(c, "permission_missing", "Only a person who is signed in may do this, not an API key.");
    return true;
}

static void respond_nothing(struct change *ch, const char *outcome)
{
    if (strcmp(outcome, "done") == 0)
        http_respond(ch->call->request, 204, NULL, "", 0);
    else
        call_refuse(ch->call, outcome, NULL);
}

static struct change *own_change(struct call *c)
{
    struct change *ch = change_new(c, "update", "technician", c->who.company, c->who.technician, NULL);
    ch->done = respond_nothing;
    return ch;
}

/* ---- password ---- */

static void on_encoded(void *user, bool ok, const char *encoded)
{
    struct call *c = user;
    if (!ok) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    struct change *ch = own_change(c);
    change_password(ch, encoded);
    json_object_set_new(ch->rules, "except", json_string(c->who.credential));
    change_run(ch);
}

static void on_verified(void *user, bool ok, const char *encoded)
{
    (void)encoded;
    struct call *c = user;
    if (!ok) {
        sign_in_refused(c, "unauthenticated");
        call_refuse(c, "unauthenticated", "The current password is not right.");
        return;
    }
    if (!passwords_ask(c->gateway->passwords, c->attempt->address, true, json_text(c->body, "password", ""), NULL, on_encoded, c))
        limit_refuse(c, 1000);
}

static void verify(struct call *c)
{
    const char *encoded = json_text(c->who.person, "password", "");
    if (!*encoded)
        call_refuse(c, "wrong_state", "There is no password yet; ask an administrator for a link.");
    else if (!passwords_ask(c->gateway->passwords, c->attempt->address, true, json_text(c->body, "current_password", ""), encoded,
                            on_verified, c))
        limit_refuse(c, 1000);
}

void handle_password_change(struct call *c)
{
    static const char *const members[] = {"current_password", "password", NULL};
    const char *current, *password;
    if (refuse_keys(c))
        return;
    if (json_unknown_member(c->body, members) || json_field(c->body, "current_password", PASSWORD_MAX, &current) != 0 ||
        json_field(c->body, "password", PASSWORD_MAX, &password) != 0 || !current || !password ||
        strlen(password) < PASSWORD_MIN)
        call_refuse(c, "invalid_request", "current_password and a password of at least 12 characters are needed.");
    else
        limit_sign_in(c, c->who.technician, verify);
}

/* ---- second factor ---- */

static const char *plan_begin(struct change *ch)
{
    return *json_text(ch->record, "totp", "") ? "wrong_state" : NULL;
}

static void on_begun(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    char email[3 * EMAIL_MAX + 1], uri[URI_MAX];
    if (strcmp(outcome, "done") != 0) {
        call_refuse(c, outcome, strcmp(outcome, "wrong_state") == 0 ? "There is a second factor already; remove it first." : NULL);
        return;
    }
    url_encode(email, sizeof email, json_text(c->who.person, "email", ""));
    snprintf(uri, sizeof uri, "otpauth://totp/Beistand:%s?secret=%s&issuer=Beistand&algorithm=SHA1&digits=6&period=30", email,
             c->text);
    respond_json(c->request, 201, json_pack("{ss ss}", "secret", c->text, "otpauth_uri", uri));
    explicit_bzero(uri, sizeof uri);
}

void handle_totp_begin(struct call *c)
{
    uint8_t key[TOTP_KEY_BYTES];
    char text[TOTP_KEY_TEXT], place[TOTP_PLACE_SIZE];
    if (refuse_keys(c))
        return;
    random_fill(key, sizeof key);
    totp_key_text(key, text);
    explicit_bzero(key, sizeof key);
    c->text = strdup(text);
    char *sealed = seal_text(c->gateway->seal_keys, totp_place(place, c), text);
    struct change *ch = own_change(c);
    change_set(ch, "totp_pending", sealed);
    free(sealed);
    explicit_bzero(text, sizeof text);
    ch->plan = plan_begin;
    ch->done = on_begun;
    change_run(ch);
}

static const char *plan_confirm(struct change *ch)
{
    if (!*json_text(ch->record, "totp_pending", ""))
        return "wrong_state";
    uint64_t step = totp_step(ch->call, json_text(ch->record, "totp_pending", ""), json_text(ch->call->body, "code", ""));
    if (!step)
        return "second_factor_required";
    change_set(ch, "totp", json_text(ch->record, "totp_pending", ""));
    change_set(ch, "totp_pending", NULL);
    json_object_set_new(ch->rules, "step", json_integer((json_int_t)step));
    return NULL;
}

static void on_confirmed(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") == 0)
        respond_json(c->request, 200, json_pack("{sO}", "recovery_codes", c->parts));
    else
        call_refuse(c, outcome, strcmp(outcome, "second_factor_required") == 0 ? "The code is not right." : NULL);
}

static void confirm(struct call *c)
{
    char digests[RECOVERY_CODES * DIGEST_SIZE] = "", digest[DIGEST_SIZE], code[RECOVERY_SIZE];
    size_t n = 0;
    c->parts = json_array();
    for (int i = 0; i < RECOVERY_CODES; i++) {
        recovery_new(code);
        recovery_digest(code, c->who.technician, digest);
        json_array_append_new(c->parts, json_string(code));
        n += (size_t)snprintf(digests + n, sizeof digests - n, "%s%s", i ? "," : "", digest);
    }
    struct change *ch = own_change(c);
    change_set(ch, "recovery", digests);
    ch->plan = plan_confirm;
    ch->done = on_confirmed;
    change_run(ch);
}

void handle_totp_confirm(struct call *c)
{
    static const char *const members[] = {"code", NULL};
    const char *code;
    if (refuse_keys(c))
        return;
    if (json_unknown_member(c->body, members) || json_field(c->body, "code", 16, &code) != 0 || !code ||
        strlen(code) != TOTP_DIGITS) {
        call_refuse(c, "invalid_request", "code is the six digits of the authenticator app.");
        return;
    }
    /* Who is signed in here may try as from an address that is known. */
    attempt_of(c)->known = true;
    limit_code(c, confirm);
}

void handle_totp_remove(struct call *c)
{
    if (refuse_keys(c))
        return;
    struct change *ch = own_change(c);
    change_set(ch, "totp", NULL);
    change_set(ch, "totp_pending", NULL);
    change_set(ch, "recovery", NULL);
    change_run(ch);
}
