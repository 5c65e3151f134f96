/* How many requests a second one credential may make, over all gateways: a token bucket in Redis. Tokens are fetched some
 * at a time and spent while they are being fetched, so that nobody waits for them; what was too many is a debt that is waited
 * off before the next. What a gateway did not spend is lost for a moment, never gained. */
#include "sign_in.h"

#include <stdlib.h>
#include <string.h>

enum { BURST_SECONDS = 5, AT_A_TIME = 16, ENTRIES_MAX = 20000, KEPT_MS = 1000 };

struct spender {
    char key[96]; /* Redis key of the credential */
    unsigned tokens;
    int64_t until;   /* loop time: tokens do not keep */
    int64_t refused; /* loop time until which there are no more */
    bool fetching;   /* the tokens are being spent already */
    bool unsure;     /* the last answer was none: the next request waits for its own */
    UT_hash_handle hh;
};

static struct spender *spenders;

void api_limits_free(void)
{
    struct spender *s, *next;
    HASH_ITER(hh, spenders, s, next) {
        HASH_DEL(spenders, s);
        free(s);
    }
}

static struct spender *spender_of(const char *key)
{
    struct spender *s;
    HASH_FIND_STR(spenders, key, s);
    if (s)
        return s;
    if (HASH_COUNT(spenders) >= ENTRIES_MAX)
        api_limits_free();
    s = calloc(1, sizeof *s);
    if (!s)
        abort();
    memcpy(s->key, key, strnlen(key, sizeof s->key - 1));
    HASH_ADD_STR(spenders, key, s);
    return s;
}

/* Small limits are exact, large ones are fetched in bulk. */
static unsigned at_a_time(const struct gateway *g)
{
    return g->settings.api_rate >= 4 * AT_A_TIME ? AT_A_TIME : 1;
}

static int64_t now_ms(const struct gateway *g)
{
    return loop_now_ms(g->service.loop);
}

static void ask(struct call *c, bool spent, redis_fn fn, void *user)
{
    const struct gateway *g = c->gateway;
    unsigned burst = (unsigned)g->settings.api_rate * BURST_SECONDS;
    store_tokens(c, c->who.key, burst, 1000.0 / (double)g->settings.api_rate, at_a_time(g), spent, fn, user);
}

static void on_waited(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply || reply->type != REDIS_REPLY_INTEGER) {
        call_refuse(c, "unavailable", NULL);
    } else if (reply->integer > 0) {
        limit_refuse(c, reply->integer);
    } else {
        struct spender *s = spender_of(c->who.key);
        s->tokens += at_a_time(c->gateway) - 1;
        s->until = now_ms(c->gateway) + KEPT_MS;
        s->refused = 0;
        s->unsure = false;
        c->then(c);
    }
}

/* The request may be over, and its spender forgotten and made again; that one only asks once more. */
struct fetching {
    const struct gateway *gateway;
    char key[sizeof((struct spender *)0)->key];
};

static void on_fetched(void *user, const redisReply *reply)
{
    struct fetching *f = user;
    struct spender *s = spender_of(f->key);
    s->fetching = false;
    s->unsure = !reply || reply->type != REDIS_REPLY_INTEGER;
    if (s->unsure)
        s->tokens = 0;
    else if (reply->integer > 0)
        s->refused = now_ms(f->gateway) + reply->integer;
    free(f);
}

static void fetch_tokens(struct call *c, struct spender *s)
{
    struct fetching *f = malloc(sizeof *f);
    if (!f)
        abort();
    f->gateway = c->gateway;
    memcpy(f->key, s->key, sizeof f->key);
    s->fetching = true;
    s->tokens = at_a_time(c->gateway);
    s->until = now_ms(c->gateway) + KEPT_MS;
    ask(c, true, on_fetched, f);
}

void limit_api(struct call *c, void (*then)(struct call *c))
{
    const struct gateway *g = c->gateway;
    if (g->settings.api_rate == 0) {
        then(c);
        return;
    }
    struct spender *s = spender_of(c->who.key);
    if (now_ms(g) >= s->until)
        s->tokens = 0;
    if (s->tokens == 0 && now_ms(g) < s->refused) {
        limit_refuse(c, s->refused - now_ms(g));
        return;
    }
    if (s->tokens == 0 && at_a_time(g) > 1 && !s->fetching && !s->unsure)
        fetch_tokens(c, s);
    if (s->tokens == 0) {
        c->then = then;
        ask(c, false, on_waited, c);
    } else {
        s->tokens--;
        then(c);
    }
}
