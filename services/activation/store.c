/* Activation's words with Redis (proto/OWNERS.md). */
#include "activation.h"

#include "common/json.h"
#include "common/random.h"
#include "generated/lua_scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 96 };

static struct redis_script activate = {.name = "activate", .text = lua_activate};
static struct redis_script report = {.name = "report", .text = lua_report};
static struct redis_script end = {.name = "end", .text = lua_end};
static struct redis_script removal = {.name = "removal", .text = lua_removal};

static const char *record_key(const struct call *c, char out[KEY_SIZE])
{
    return bucket_key(out, KEY_SIZE, c->bucket, "session", c->session);
}

void store_link(struct call *c, const char *token16, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, c->bucket, "link", token16);
    redis_send(c->activation->redis, fn, c, "GET", key, NULL);
}

void store_record(struct call *c, redis_fn fn)
{
    char key[KEY_SIZE];
    redis_send(c->activation->redis, fn, c, "HGETALL", record_key(c, key), NULL);
}

void store_report(struct call *c, bool paired, const char *kind, redis_fn fn)
{
    char key[KEY_SIZE], address[HTTP_ADDRESS_SIZE];
    char *checks = c->checks ? json_compact(c->checks) : NULL;
    const char *argv[] = {record_key(c, key), checks ? checks : "{}", paired ? "1" : "0", c->reason ? c->reason : "",
                          c->detail ? c->detail : "", kind, http_client_address(c->request, address)};
    redis_eval(c->activation->redis, &report, fn, c, 1, 7, argv);
    free(checks);
}

void store_earlier(struct call *c, const char *session, redis_fn fn)
{
    char key[KEY_SIZE];
    bucket_key(key, sizeof key, bucket_of_id(session), "session", session);
    redis_send(c->activation->redis, fn, c, "HGETALL", key, NULL);
}

void store_activate(struct call *c, const char *verdict, redis_fn fn)
{
    char key[KEY_SIZE], generation[16], judged[96], digest[65], idempotency[65], address[HTTP_ADDRESS_SIZE];
    const char *given = http_header(c->request, "Idempotency-Key");
    snprintf(generation, sizeof generation, "%u", c->generation);
    snprintf(judged, sizeof judged, "%s:%s", json_text(c->record, "kid", ""),
             json_text(c->record, "generation", ""));
    sha256_hex(digest, c->agent_token, strlen(c->agent_token));
    sha256_hex(idempotency, given, strlen(given)); /* the token is derived from it: it is not stored */
    const char *argv[] = {record_key(c, key), generation, verdict, judged, idempotency, c->machine,
                          json_text(c->body, "receipt_key", ""), digest, http_client_address(c->request, address)};
    redis_eval(c->activation->redis, &activate, fn, c, 1, 9, argv);
}

void store_end(struct call *c, const char *reason, redis_fn fn)
{
    char key[KEY_SIZE], actor[160], address[HTTP_ADDRESS_SIZE];
    http_client_address(c->request, address);
    snprintf(actor, sizeof actor, "{\"type\":\"program\",\"id\":\"%s\"%s%s%s}", c->session,
             *address ? ",\"address\":\"" : "", address, *address ? "\"" : "");
    const char *argv[] = {record_key(c, key), reason, actor, "", "0"};
    redis_eval(c->activation->redis, &end, fn, c, 1, 5, argv);
}

void store_removed(struct call *c, redis_fn fn)
{
    char key[KEY_SIZE], address[HTTP_ADDRESS_SIZE];
    const char *argv[] = {record_key(c, key), "removed", "", http_client_address(c->request, address)};
    redis_eval(c->activation->redis, &removal, fn, c, 1, 4, argv);
}
