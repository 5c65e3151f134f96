/* What the audit log hears from the relay: who was connected to which PC, from where, and for how long. The relay cannot
 * read what they did. */
#include "relay.h"

#include "common/json.h"
#include "proto/c/b64url.h"

#include <stdlib.h>
#include <string.h>

enum { CLAIMS_MAX = 4096 };

void note_remember(struct conn *c, const json_t *ticket, const char *address)
{
    char error[128], claims_text[CLAIMS_MAX];
    int n = (int)b64url_decode((uint8_t *)claims_text, sizeof claims_text, json_text(ticket, "claims", ""));
    json_t *claims = n > 0 ? json_read(claims_text, (size_t)n, error) : NULL;
    json_t *actor = json_pack("{ss ss ss}", "type", "technician", "id", json_text(claims, "technician", ""), "name",
                              json_text(claims, "technician_name", ""));
    if (*address)
        json_object_set_new(actor, "address", json_string(address));
    free(c->actor);
    c->actor = json_compact(actor);
    json_decref(actor);
    json_decref(claims);
}

static void note(struct conn *c, const char *type, json_t *details)
{
    json_t *note = json_pack("{ss ss ss so so}", "type", type, "company", c->company, "session", c->session, "actor",
                             json_loads(c->actor ? c->actor : "{}", 0, NULL), "details", details);
    char *text = json_compact(note);
    if (text && *c->company)
        store_note(c, text);
    free(text);
    json_decref(note);
}

void note_connected(struct conn *c)
{
    c->connected = loop_now_ms(c->relay->service.loop);
    note(c, "audit.viewer_connected", json_pack("{ss}", "conn_id", c->conn_id));
}

void note_left(struct conn *c)
{
    int64_t seconds = (loop_now_ms(c->relay->service.loop) - c->connected) / 1000;
    if (!c->connected)
        return;
    c->connected = 0;
    note(c, "audit.viewer_left", json_pack("{ss sI}", "conn_id", c->conn_id, "seconds", (json_int_t)seconds));
}
