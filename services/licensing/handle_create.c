/* session.create → create.lua with the link token of generation 1. */
#include "licensing.h"

void handle_create(struct command *c)
{
    char token[LINK_TOKEN_SIZE];
    const char *kid = secret_keys_current(c->licensing->keys);
    if (derive_link_token(c->licensing->keys, kid, c->session, 1, token) != 0) {
        command_dead(c, "no link token");
        return;
    }
    token[16] = '\0'; /* Redis knows the token without its check characters */
    store_create(c, token, kid);
}
