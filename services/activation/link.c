/* Who is calling: a link token before the activation, the agent token after it. */
#include "activation.h"

#include "common/random.h"
#include "proto/c/crockford.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_record(void *user, const redisReply *reply)
{
    struct call *c = user;
    json_decref(c->record);
    c->record = hash_object(reply);
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (!c->record)
        call_refuse(c, "not_found", NULL);
    else
        c->then(c);
}

/* "sid:generation" */
static bool read_link(struct call *c, const char *text)
{
    if (strlen(text) < ID_SIZE + 1 || text[ID_SIZE - 1] != ':')
        return false;
    memcpy(c->session, text, ID_SIZE - 1);
    c->session[ID_SIZE - 1] = '\0';
    c->generation = (unsigned)strtoul(text + ID_SIZE, NULL, 10);
    return bucket_of_id(c->session) == c->bucket && c->generation > 0;
}

static void on_link(void *user, const redisReply *reply)
{
    struct call *c = user;
    if (!reply)
        call_refuse(c, "unavailable", NULL);
    else if (reply->type != REDIS_REPLY_STRING || !read_link(c, reply->str))
        call_refuse(c, "not_found", "There is no invitation with this link.");
    else
        store_record(c, on_record);
}

void with_link(struct call *c, void (*then)(struct call *c))
{
    const char *typed;
    char token[LINK_TOKEN_SIZE];
    c->then = then;
    if (json_field(c->body, "token", 64, &typed) != 0 || !typed ||
        (c->bucket = link_token_read(typed, token)) < 0) {
        call_refuse(c, "not_found", "The link's characters do not fit together.");
        return;
    }
    token[16] = '\0';
    store_link(c, token, on_link);
}

static void on_agent_record(void *user, const redisReply *reply)
{
    struct call *c = user;
    char digest[65];
    c->record = hash_object(reply);
    if (!reply) {
        call_refuse(c, "unavailable", NULL);
        return;
    }
    sha256_hex(digest, c->agent_token, strlen(c->agent_token));
    const char *expected = json_text(c->record, "agent_token_hash", "");
    if (strlen(expected) != 64 || CRYPTO_memcmp(expected, digest, 64) != 0)
        call_refuse(c, "unauthenticated", NULL);
    else
        c->then(c);
}

void with_agent(struct call *c, void (*then)(struct call *c))
{
    const char *header = http_header(c->request, "Authorization");
    c->then = then;
    if (!header || strncmp(header, "Bearer ", 7) != 0 || strlen(header + 7) != SECRET_SIZE - 1) {
        call_refuse(c, "unauthenticated", NULL);
        return;
    }
    memcpy(c->agent_token, header + 7, SECRET_SIZE);
    store_record(c, on_agent_record);
}
