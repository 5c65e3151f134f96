/* The second factor of a sign-in: a code of the authenticator app, or one of the recovery codes, which is used up. */
#include "sign_in.h"

#include "common/seal.h"
#include "totp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse(struct call *c)
{
    sign_in_refused(c, "second_factor_required");
    call_refuse(c, "second_factor_required", "The code is not right.");
}

/* ---- recovery codes ---- */

/* The list without one entry; NULL when it is not in it. malloc'ed. */
static char *without(const char *list, const char *entry)
{
    const char *at = strstr(list, entry);
    size_t n = strlen(entry), before = at ? (size_t)(at - list) : 0;
    if (!at || (before > 0 && at[-1] != ',') || (at[n] && at[n] != ','))
        return NULL;
    char *rest = calloc(1, strlen(list) + 1);
    if (!rest)
        return NULL;
    memcpy(rest, list, before);
    strncat(rest, at + n + (at[n] == ','), strlen(list));
    size_t size = strlen(rest);
    if (size > 0 && rest[size - 1] == ',')
        rest[size - 1] = '\0';
    return rest;
}

static const char *plan_recovery(struct change *ch)
{
    char digest[DIGEST_SIZE];
    if (recovery_digest(json_text(ch->call->body, "code", ""), ch->id, digest) != 0)
        return "second_factor_required";
    char *rest = without(json_text(ch->record, "recovery", ""), digest);
    if (!rest)
        return "second_factor_required";
    change_set(ch, "recovery", rest);
    free(rest);
    return NULL;
}

static void on_recovered(struct change *ch, const char *outcome)
{
    struct call *c = ch->call;
    if (strcmp(outcome, "done") == 0) {
        c->attempt->recovered = true;
        c->attempt->then(c);
    } else if (strcmp(outcome, "second_factor_required") == 0) {
        refuse(c);
    } else {
        call_refuse(c, outcome, NULL);
    }
}

/* ---- codes of the app ---- */

const char *totp_place(char out[TOTP_PLACE_SIZE], const struct call *c)
{
    snprintf(out, TOTP_PLACE_SIZE, "totp:%s", c->who.technician);
    return out;
}

uint64_t totp_step(const struct call *c, const char *sealed, const char *code)
{
    char place[TOTP_PLACE_SIZE];
    uint8_t key[TOTP_KEY_BYTES];
    char *text = seal_open(c->gateway->seal_keys, totp_place(place, c), sealed);
    uint64_t step = text && totp_key_read(text, key) == 0 ? totp_match(key, code, wall_now_ms()) : 0;
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
    explicit_bzero(key, sizeof key);
    return step;
}

void second_factor_check(struct call *c, const char *code, void (*then)(struct call *c))
{
    struct attempt *a = attempt_of(c);
    a->then = then;
    if (strlen(code) > TOTP_DIGITS) {
        struct change *ch = change_new(c, "update", "technician", c->who.company, c->who.technician, NULL);
        ch->plan = plan_recovery;
        ch->done = on_recovered;
        change_run(ch);
        return;
    }
    a->step = totp_step(c, json_text(c->who.person, "totp", ""), code);
    if (a->step)
        then(c);
    else
        refuse(c);
}
