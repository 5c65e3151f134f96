/* Limits that let no attacker lock or slow anybody else: what is counted is first of all the address that asks. An
 * account that is being tried from everywhere is never locked; attempts for it only take longer, and not from an address
 * that has signed it in before. */
#include "sign_in.h"

#include "common/log.h"
#include "common/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ADDRESS_BURST = 60, ADDRESS_MS = 2000,  /* attempts of an address, whatever the account */
    ACCOUNT_BURST = 10, ACCOUNT_MS = 15000, /* of an address for one account */
    CODE_BURST = 10, CODE_MS = 30000,       /* codes for one account from an address it knows */
    STRANGE_BURST = 5, STRANGE_MS = 180000, /* codes for one account from all other addresses together */
    PUBLIC_BURST = 120, PUBLIC_MS = 500,
    FAILURES_FREE = 5, DELAY_MS = 250, DELAY_MAX_MS = 4000, DELAYED_MAX = 512,
};

static size_t delayed;

void attempt_free(struct attempt *a)
{
    if (!a)
        return;
    loop_timer_free(a->timer);
    explicit_bzero(a->cookie, sizeof a->cookie);
    free(a);
}

/* Providers hand out whole /64s: what lies in one is one customer. */
static void read_address(const struct call *c, char out[ADDRESS_SIZE])
{
    call_address(c, out);
    if (!out[0])
        snprintf(out, ADDRESS_SIZE, "direct");
    if (!strchr(out, ':'))
        return;
    char *at = out;
    for (int groups = 0; *at && groups < 4; at++)
        groups += *at == ':';
    *at = '\0';
}

struct attempt *attempt_of(struct call *c)
{
    if (!c->attempt) {
        c->attempt = calloc(1, sizeof *c->attempt);
        if (!c->attempt)
            abort();
        read_address(c, c->attempt->address);
        sha256_hex(c->attempt->address_digest, c->attempt->address, strlen(c->attempt->address));
        snprintf(c->attempt->method, METHOD_SIZE, "password");
    }
    return c->attempt;
}

void limit_refuse(struct call *c, int64_t wait_ms)
{
    int64_t seconds = wait_ms <= 0 ? 1 : (wait_ms + 999) / 1000;
    respond_problem(c->request, "rate_limited", NULL, json_pack("{sI}", "retry_after", (json_int_t)seconds));
}

static void on_rate(void *user, const redisReply *reply)
{
    struct call *c = user;
    struct attempt *a = c->attempt;
    if (!reply || reply->type != REDIS_REPLY_INTEGER)
        a->wait = -1;
    else if (a->wait >= 0 && reply->integer > a->wait)
        a->wait = reply->integer;
    if (--a->asked > 0)
        return;
    if (a->wait < 0)
        call_refuse(c, "unavailable", NULL);
    else if (a->wait > 0)
        limit_refuse(c, a->wait);
    else
        a->then(c);
}

static void ask(struct call *c, const char *kind, const char *who, const char *account, unsigned burst, int64_t per_ms)
{
    char what[2 * EMAIL_MAX + 64];
    snprintf(what, sizeof what, "%s|%s|%s", kind, who, account);
    store_rate(c, what, burst, per_ms, on_rate);
}

/* n: how many are asked before the first answer can come. */
static struct attempt *begin(struct call *c, size_t n, void (*then)(struct call *c))
{
    struct attempt *a = attempt_of(c);
    a->then = then;
    a->wait = 0;
    a->asked = n;
    return a;
}

void limit_sign_in(struct call *c, const char *account, void (*then)(struct call *c))
{
    struct attempt *a = begin(c, 2, then);
    char address[ADDRESS_SIZE];
    memcpy(address, a->address, sizeof address);
    ask(c, "sign-in", address, "", ADDRESS_BURST, ADDRESS_MS);
    ask(c, "sign-in", address, account, ACCOUNT_BURST, ACCOUNT_MS);
}

void limit_code(struct call *c, void (*then)(struct call *c))
{
    const struct attempt *a = begin(c, 1, then);
    if (a->known)
        ask(c, "code", a->address, c->who.technician, CODE_BURST, CODE_MS);
    else
        ask(c, "code", "elsewhere", c->who.technician, STRANGE_BURST, STRANGE_MS);
}

void limit_public(struct call *c, void (*then)(struct call *c))
{
    const struct attempt *a = begin(c, 1, then);
    ask(c, "public", a->address, "", PUBLIC_BURST, PUBLIC_MS);
}

static void on_delay(void *user)
{
    struct call *c = user;
    delayed--;
    c->attempt->then(c);
}

void limit_delay(struct call *c, void (*then)(struct call *c))
{
    struct attempt *a = attempt_of(c);
    if (a->known || a->failures < FAILURES_FREE) {
        then(c);
        return;
    }
    if (delayed >= DELAYED_MAX) {
        limit_refuse(c, DELAY_MAX_MS);
        return;
    }
    unsigned doublings = a->failures - FAILURES_FREE;
    int64_t ms = doublings >= 4 ? DELAY_MAX_MS : (int64_t)DELAY_MS << doublings;
    a->then = then;
    if (!a->timer)
        a->timer = loop_timer_new(c->gateway->service.loop, on_delay, c);
    delayed++;
    metric_add("beistand_sign_ins_delayed_total", "", 1);
    loop_timer_set(a->timer, ms);
}
