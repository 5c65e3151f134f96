/* What the sweeper found due: the end of an invitation or session, the last day of a removal receipt. */
#include "licensing.h"

void handle_expire(struct command *c)
{
    store_expire(c);
}

void handle_unconfirmed(struct command *c)
{
    store_unconfirmed(c);
}
