/* The program's control socket: presence while it is open, offers and the end of the session down it. */
#include "relay.h"

#include "common/json.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>

static void on_presence(void *user, const redisReply *reply)
{
    struct conn *c = asked_conn(user);
    /* 0: a later socket of the same program is somewhere else. */
    if (c && reply && reply->type == REDIS_REPLY_INTEGER && reply->integer == 0)
        conn_close(c, 1000, "replaced");
}

void control_opened(struct conn *c)
{
    c->state = STATE_OPEN;
    c->renewed = c->checked = c->pinged = loop_now_ms(c->relay->service.loop);
    conn_set_reading(c, true);
    log_event(LOG_INFO, "program_online", "session", c->session, NULL);
    for (struct conn *o = c->relay->conns, *next; o; o = next) {
        next = o->hh.next;
        if (o != c && o->kind == CONN_CONTROL && o->state == STATE_OPEN && strcmp(o->session, c->session) == 0)
            conn_close(o, 1000, "replaced");
    }
    store_presence(c, "open", on_presence);
}

void control_renew(struct conn *c)
{
    c->renewed = loop_now_ms(c->relay->service.loop);
    store_presence(c, "renew", on_presence);
}

void control_closed(struct conn *c)
{
    log_event(LOG_INFO, "program_offline", "session", c->session, NULL);
    store_presence(c, "close", NULL);
}

const char *control_left(const uint8_t *data, size_t n)
{
    static const char *const causes[] = {"reboot", "shut_down", "program_closed"};
    unsigned code = n >= 2 ? (unsigned)data[0] << 8 | data[1] : 0;
    return code >= 4100 && code < 4100 + sizeof causes / sizeof *causes ? causes[code - 4100] : NULL;
}

void control_offer(struct relay *r, const char *json)
{
    char error[128];
    json_t *offer = json_read(json, strlen(json), error);
    const char *session = json_text(offer, "session", "");
    for (struct conn *c = r->conns; c; c = c->hh.next) {
        if (c->kind != CONN_CONTROL || c->state != STATE_OPEN || strcmp(c->session, session) != 0)
            continue;
        json_t *message = json_pack("{ss ss ss ss}", "type", "offer", "conn_id", json_text(offer, "conn_id", ""),
                                    "claims", json_text(offer, "claims", ""), "signature",
                                    json_text(offer, "signature", ""));
        char *text = json_compact(message);
        conn_send_text(c, text, strlen(text));
        free(text);
        json_decref(message);
        break;
    }
    json_decref(offer);
}
