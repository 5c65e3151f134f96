/* session.reinvite → reinvite.lua. The token depends on the generation, which another reinvite may move in
 * between: the script says so and we read it again. */
#include "licensing.h"

#include <stdlib.h>
#include <string.h>

static void on_reinvited(void *user, const redisReply *reply)
{
    struct command *c = user;
    if (reply && reply->type == REDIS_REPLY_STRING && strcmp(reply->str, "generation") == 0)
        handle_reinvite(c);
    else
        command_replied(c, reply);
}

static void on_generation(void *user, const redisReply *reply)
{
    struct command *c = user;
    if (!reply) {
        command_replied(c, NULL);
        return;
    }
    char token[LINK_TOKEN_SIZE];
    const char *kid = secret_keys_current(c->licensing->keys);
    c->generation = reply->type == REDIS_REPLY_STRING ? (unsigned)strtoul(reply->str, NULL, 10) + 1 : 1;
    if (derive_link_token(c->licensing->keys, kid, c->session, c->generation, token) != 0) {
        command_dead(c, "no link token");
        return;
    }
    token[16] = '\0';
    store_reinvite(c, token, kid, on_reinvited);
}

void handle_reinvite(struct command *c)
{
    store_generation(c, on_generation);
}
