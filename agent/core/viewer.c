/* Technicians' connections: offer → data socket → handshake → control lines and screen. A lost socket leaves its
 * stream waiting for a resume. */
#include "program_internal.h"

#include <stdio.h>
#include <string.h>

enum { CLOSE_HANDED_OVER = 4003 };

void viewer_send(struct viewer *v, const char *json)
{
    char line[1024];
    int n = snprintf(line, sizeof line, "%s\n", json);
    if (n > 0 && (size_t)n < sizeof line && v->mux)
        mux_send(v->mux, MUX_CONTROL, line, (size_t)n);
}

/* The server hears of it too: inside the encrypted channel it sees nothing (S-33). */
void viewer_refuse(struct viewer *v, const char *reason, const char *detail)
{
    char json[256];
    struct json_out o;
    json_out_init(&o, json, sizeof json);
    json_open(&o, NULL);
    json_put_text(&o, "type", "refused");
    json_put_text(&o, "reason", reason);
    json_put_text(&o, "detail", detail);
    json_close(&o);
    viewer_send(v, json);
    program_tell(v->program, reason, detail);
}

static void refuse(struct viewer *v, const char *reason)
{
    viewer_refuse(v, reason, "");
}

void viewers_show(struct program *p)
{
    struct program_viewer list[PROGRAM_VIEWERS];
    size_t n = 0;
    bool screen = false;
    for (int i = 0; i < PROGRAM_VIEWERS; i++) {
        const struct viewer *v = &p->viewers[i];
        if (!v->used || !v->rfb || v->lost_at)
            continue;
        screen = true;
        if (v->opened)
            list[n++] = (struct program_viewer){v->offer.technician_name, v->offer.company_name, v->since,
                                                v->offer.view_only};
    }
    if (screen != p->screen_on) {
        p->screen_on = screen;
        p->seams.screen_wanted(p->seams.user, screen);
    }
    p->seams.viewers(p->seams.user, list, n);
}

/* ---- handshake hooks ---- */

static const char *begin_pair(struct program *p, struct handshake_secret *out)
{
    if (!p->saved.digits[0] || p->saved.pair_tries >= PROGRAM_TRIES)
        return p->saved.paired ? "wrong_state" : "attempts_exhausted";
    out->prs_size = 8;
    memcpy(out->prs, p->saved.digits, 8);
    return NULL;
}

static const char *begin_connect(struct program *p, struct handshake_secret *out, uint32_t *retry_ms)
{
    int64_t wait = p->saved.password_next_ms - clock_wall_ms();
    if (!p->saved.password_set)
        return "wrong_state";
    if (wait > 0) {
        *retry_ms = wait < PROGRAM_DELAY_MAX_MS ? (uint32_t)wait : PROGRAM_DELAY_MAX_MS;
        return "password_wrong";
    }
    out->prs_size = KEY_BYTES;
    memcpy(out->prs, p->saved.verifier, KEY_BYTES);
    memcpy(out->salt, p->saved.salt, SALT_BYTES);
    out->iterations = ITERATIONS;
    return NULL;
}

static const char *begin_resume(struct viewer *v, const uint8_t *id, struct handshake_secret *out)
{
    struct program *p = v->program;
    for (int i = 0; i < PROGRAM_VIEWERS; i++) {
        struct viewer *o = &p->viewers[i];
        for (int g = 0; g < 2 && o != v && o->used && o->opened; g++) {
            /* Only the technician whose stream it was. */
            if (!crypto_equal(o->resume_id[g], id, RESUME_ID_BYTES) ||
                strcmp(o->offer.technician, v->offer.technician) != 0)
                continue;
            memcpy(out->psk, o->psk[g], KEY_BYTES);
            v->adopted = o;
            return NULL;
        }
    }
    return "ticket_invalid";
}

static const char *on_begin(void *user, enum handshake_mode mode, const uint8_t *resume_id,
                            struct handshake_secret *out, uint32_t *retry_ms)
{
    struct viewer *v = user;
    if (mode == MODE_RESUME)
        return begin_resume(v, resume_id, out);
    /* The claims say what the server was asked for; a ticket to connect does not pair. */
    if (strcmp(v->offer.mode, mode == MODE_PAIR ? "pair" : "connect") != 0)
        return "ticket_invalid";
    return mode == MODE_PAIR ? begin_pair(v->program, out) : begin_connect(v->program, out, retry_ms);
}

static bool on_count_try(void *user, enum handshake_mode mode)
{
    struct program *p = ((struct viewer *)user)->program;
    if (mode == MODE_RESUME)
        return true;
    if (mode == MODE_PAIR)
        p->saved.pair_tries++;
    else
        p->saved.password_tries++;
    return p->seams.save(p->seams.user, "session", &p->saved, sizeof p->saved);
}

/* Wrong passwords: from the sixth on each costs twice the wait of the last, up to five minutes. */
static uint32_t password_delay(uint32_t tries)
{
    if (tries < PROGRAM_PASSWORD_TRIES)
        return 0;
    uint32_t doubled = tries - PROGRAM_PASSWORD_TRIES;
    return doubled > 6 ? PROGRAM_DELAY_MAX_MS : 5000u << doubled;
}

static uint32_t on_judged(void *user, enum handshake_mode mode, bool right)
{
    struct program *p = ((struct viewer *)user)->program;
    uint32_t delay = 0;
    if (!right && mode != MODE_RESUME)
        program_tell(p, mode == MODE_PAIR ? "code_invalid" : "password_wrong", "");
    if (mode == MODE_PAIR && right) {
        p->saved.pair_tries--;
    } else if (mode == MODE_PAIR && p->saved.pair_tries >= PROGRAM_TRIES) {
        memset(p->saved.digits, 0, sizeof p->saved.digits);
        p->seams.ask_digits(p->seams.user);
    } else if (mode == MODE_CONNECT) {
        if (right)
            p->saved.password_tries = 0;
        delay = password_delay(p->saved.password_tries);
        p->saved.password_next_ms = clock_wall_ms() + delay;
    }
    program_save(p);
    return delay;
}

/* ---- peer hooks ---- */

static void on_send(void *user, const uint8_t *message, size_t n)
{
    struct viewer *v = user;
    if (ws_client_send(&v->ws, WS_BINARY, message, n) != 0)
        v->drop = true;
}

static size_t on_send_room(void *user)
{
    return ws_client_room(&((struct viewer *)user)->ws);
}

static void say_hello(struct viewer *v)
{
    struct program *p = v->program;
    char machine[1024], name[256] = "", os[256] = "", json[768];
    struct json_out o;
    p->seams.machine(p->seams.user, machine, sizeof machine);
    json_get_text(machine, "name", name, sizeof name);
    json_get_text(machine, "os", os, sizeof os);
    json_out_init(&o, json, sizeof json);
    json_open(&o, NULL);
    json_put_text(&o, "type", "hello");
    json_put_text(&o, "computer", name);
    json_put_text(&o, "os", os);
    json_put_bool(&o, "password_set", p->saved.password_set);
    json_close(&o);
    viewer_send(v, json);
}

static void on_open(void *user, enum handshake_mode mode, const struct handshake_keys *keys)
{
    struct viewer *v = user;
    v->opened = true;
    v->mode = mode;
    memcpy(v->psk[1], v->psk[0], KEY_BYTES);
    memcpy(v->resume_id[1], v->resume_id[0], RESUME_ID_BYTES);
    memcpy(v->psk[0], keys->psk, KEY_BYTES);
    memcpy(v->resume_id[0], keys->resume_id, RESUME_ID_BYTES);
    if (mode == MODE_PAIR && !v->program->saved.paired) {
        v->program->saved.paired = true;
        program_save(v->program);
    }
    if (mode != MODE_RESUME) {
        v->since = clock_wall_ms();
        say_hello(v);
    }
    viewers_show(v->program);
}

static void on_over(void *user, const char *reason, uint32_t retry_ms)
{
    (void)reason, (void)retry_ms;
    ((struct viewer *)user)->drop = true;
}

/* ---- control lines ---- */

static void refuse_account(struct viewer *v, const char *reason)
{
    const struct program *p = v->program;
    char rule[64] = "";
    if (p->seams.password_rule && strcmp(reason, "password_refused_by_policy") == 0)
        p->seams.password_rule(p->seams.user, rule, sizeof rule);
    viewer_refuse(v, reason, rule);
}

/* NULL, or the reason. What is kept of the password only proves it (proto/channel.md section 3). */
static const char *take_password(struct program *p, const char *password)
{
    const char *reason = p->seams.make_account(p->seams.user, password);
    if (reason)
        return reason;
    uint8_t salt[SALT_BYTES], verifier[KEY_BYTES];
    crypto_random(salt, sizeof salt);
    if (crypto_pbkdf2(verifier, password, salt, sizeof salt, ITERATIONS) != 0)
        return "account_failed"; /* what is kept of an earlier one stays whole */
    memcpy(p->saved.salt, salt, sizeof salt);
    memcpy(p->saved.verifier, verifier, sizeof verifier);
    crypto_wipe(verifier, sizeof verifier);
    p->saved.password_set = true;
    memset(p->saved.digits, 0, sizeof p->saved.digits); /* the password takes over */
    program_save(p);
    p->paired_due = true;
    return NULL;
}

static void set_password(struct viewer *v, const char *line)
{
    struct program *p = v->program;
    char password[PROGRAM_PASSWORD_MAX + 1];
    if (v->mode != MODE_PAIR && p->saved.password_set) {
        refuse(v, "permission_missing");
        return;
    }
    bool good = json_get_text(line, "password", password, sizeof password) && strlen(password) >= 8;
    const char *reason = good ? take_password(p, password) : "invalid_request";
    crypto_wipe(password, sizeof password);
    if (reason) {
        refuse_account(v, reason);
        return;
    }
    viewer_send(v, "{\"type\":\"password_set\"}");
    p->seams.state(p->seams.user, PROGRAM_ACTIVE, "password_set");
}

void viewer_start(struct viewer *v, const char *feature)
{
    struct program *p = v->program;
    if (strcmp(feature, "remote") != 0) {
        refuse(v, "feature_unavailable");
        return;
    }
    if (v->rfb)
        return;
    if (!p->saved.password_set) {
        refuse(v, "wrong_state");
        return;
    }
    p->seams.screen_wanted(p->seams.user, true);
    p->screen_on = true;
    if (remote_start(v))
        viewer_send(v, "{\"type\":\"started\",\"feature\":\"remote\"}");
    else
        refuse(v, "unavailable");
    viewers_show(p);
}

/* The server's signed word first: nobody between can widen it (S-24). Then what this version can do, then the customer. */
static void start_feature(struct viewer *v, const char *line)
{
    char feature[32];
    if (!json_get_text(line, "feature", feature, sizeof feature)) {
        refuse(v, "invalid_request");
        return;
    }
    const char *reason = offer_refuses(&v->offer, feature);
    if (!reason && strcmp(feature, "remote") != 0)
        reason = "feature_unavailable";
    if (reason)
        refuse(v, reason);
    else if (consent_given(v->program, feature))
        viewer_start(v, feature);
    else
        consent_ask(v, feature);
}

static void on_line(struct viewer *v, const char *line, size_t n)
{
    char type[32];
    if (!json_valid(line, n) || !json_get_text(line, "type", type, sizeof type)) {
        v->drop = true;
        return;
    }
    if (strcmp(type, "set_password") == 0)
        set_password(v, line);
    else if (strcmp(type, "start") == 0)
        start_feature(v, line);
    else if (strcmp(type, "end") == 0)
        v->drop = v->left = true; /* the viewer leaves; ending the session is the server's word */
    else
        refuse(v, "invalid_request");
}

static void on_control_data(struct viewer *v, const uint8_t *data, size_t n)
{
    for (size_t i = 0; i < n && !v->drop; i++) {
        if (data[i] != '\n') {
            if (v->line_size + 1 == sizeof v->line)
                v->drop = true;
            else
                v->line[v->line_size++] = (char)data[i];
            continue;
        }
        v->line[v->line_size] = '\0';
        on_line(v, v->line, v->line_size);
        crypto_wipe(v->line, v->line_size);
        v->line_size = 0;
    }
}

static void on_data(void *user, enum mux_channel channel, const uint8_t *data, size_t n)
{
    struct viewer *v = user;
    if (channel == MUX_CONTROL)
        on_control_data(v, data, n);
    else if (channel == MUX_SCREEN && v->rfb && rfb_feed(v->rfb, data, n, clock_monotonic_ms()) != RFB_OK)
        v->drop = v->left = true; /* the stream is broken: there is nothing to resume */
}

static void on_tap(void *user, bool sent, enum mux_channel channel, const void *data, size_t n)
{
    struct viewer *v = user;
    if (channel == MUX_SCREEN)
        v->program->tap(v->program->seams.user, v->stream, sent, data, n);
}

/* ---- the life of a slot ---- */

static void free_stream(struct viewer *v)
{
    mux_free(v->mux);
    rfb_free(v->rfb);
    v->mux = NULL;
    v->rfb = NULL;
}

static void free_slot(struct viewer *v)
{
    struct program *p = v->program;
    remote_release(v);
    ws_client_close(&v->ws, 1000);
    peer_cleanup(&v->peer);
    free_stream(v);
    crypto_wipe(v, sizeof *v);
    v->program = p;
    viewers_show(p);
}

/* The socket is gone: an opened stream waits for its resume, anything else ends here. */
static void lose(struct viewer *v)
{
    ws_client_close(&v->ws, 1000);
    peer_cleanup(&v->peer);
    v->drop = false;
    if (v->ws.code == CLOSE_HANDED_OVER)
        v->program->checked_at = 0; /* whose it is now */
    if (!v->opened || v->left || v->ws.code == CLOSE_HANDED_OVER) {
        free_slot(v);
        return;
    }
    v->lost_at = clock_monotonic_ms();
    remote_release(v);
    viewers_show(v->program);
}

/* A resumed handshake goes on with the stream of the slot it names; hooks must point to the slot that lives. */
static void adopt(struct viewer *old, struct viewer *fresh)
{
    ws_client_close(&old->ws, 1000);
    peer_cleanup(&old->peer);
    old->ws = fresh->ws;
    old->peer = fresh->peer;
    old->offer = fresh->offer;
    old->lost_at = 0;
    old->drop = false;
    memset(&fresh->ws, 0, sizeof fresh->ws);
    memset(&fresh->peer, 0, sizeof fresh->peer);
    mux_free(fresh->mux);
    fresh->mux = NULL;
    old->peer.mux = old->mux;
    old->peer.hooks.user = old;
    old->peer.handshake.hooks.user = old;
    fresh->used = false;
    fresh->adopted = NULL;
}

static bool known_conn(struct program *p, const char *conn_id)
{
    for (size_t i = 0; i < CONN_IDS_KEPT; i++)
        if (strcmp(p->seen[i], conn_id) == 0)
            return true;
    snprintf(p->seen[p->n_seen++ % CONN_IDS_KEPT], IDS, "%s", conn_id);
    return false;
}

static struct viewer *free_viewer(struct program *p)
{
    struct viewer *oldest = NULL;
    for (int i = 0; i < PROGRAM_VIEWERS; i++) {
        struct viewer *v = &p->viewers[i];
        if (!v->used)
            return v;
        if (v->lost_at && (!oldest || v->lost_at < oldest->lost_at))
            oldest = v;
    }
    if (oldest)
        free_slot(oldest);
    return oldest;
}

static void on_ws_open(void *user)
{
    struct viewer *v = user;
    struct handshake_hooks hooks = {v, on_begin, on_count_try, on_judged};
    struct peer_hooks peer_hooks = {v, on_send, on_send_room, on_open, on_over};
    handshake_program(&v->peer.handshake, v->program->saved.session, v->offer.conn_id, v->offer.claims, &hooks);
    peer_start(&v->peer, v->mux, &peer_hooks);
}

static void on_ws_message(void *user, enum ws_opcode opcode, uint8_t *data, size_t n)
{
    struct viewer *v = user;
    if (opcode != WS_BINARY) {
        v->drop = true;
        return;
    }
    peer_receive(&v->peer, data, n);
}

void viewer_offered(struct program *p, const char *message)
{
    char claims[OFFER_CLAIMS_MAX + 1], signature[128], conn_id[IDS], path[64], protocols[192];
    struct offer offer;
    if (!json_get_text(message, "conn_id", conn_id, sizeof conn_id) ||
        !json_get_text(message, "claims", claims, sizeof claims) ||
        !json_get_text(message, "signature", signature, sizeof signature) ||
        offer_read(&offer, claims, signature, conn_id, p->saved.session, &p->config.offer_keys, server_now(p)) != 0) {
        p->seams.state(p->seams.user, PROGRAM_ACTIVE, "offer_refused");
        program_tell(p, "ticket_invalid", "");
        return;
    }
    /* The relay says it again until we have dialled. */
    if (p->saved.end_asked || known_conn(p, conn_id))
        return;
    struct viewer *v = free_viewer(p);
    struct mux_hooks hooks = {.user = v, .data = on_data, .tap = p->tap ? on_tap : NULL};
    if (!v)
        return;
    v->offer = offer;
    v->stream = ++p->streams;
    v->mux = mux_new(&hooks);
    snprintf(path, sizeof path, "/relay/c/%s", conn_id);
    snprintf(protocols, sizeof protocols, "beistand.v1, agent.%s, session.%s", p->saved.agent_token,
             p->saved.session);
    v->used = v->mux && ws_client_open(&v->ws, &p->config.origin, path, protocols) == 0;
    crypto_wipe(protocols, sizeof protocols);
    if (!v->used)
        free_slot(v);
}

static void step_viewer(struct viewer *v, int64_t now)
{
    struct ws_client_hooks hooks = {v, on_ws_open, on_ws_message};
    if (v->lost_at) {
        if (now - v->lost_at > RESUME_KEPT_MS)
            free_slot(v);
        return;
    }
    bool open = ws_client_poll(&v->ws, &hooks);
    if (v->adopted && v->used) {
        /* The resume's handshake began: from here the old slot owns the socket. */
        adopt(v->adopted, v);
        return;
    }
    if (!open || v->drop) {
        peer_flush(&v->peer); /* the refusal may still be in the queue */
        if (open)
            ws_client_poll(&v->ws, &hooks);
        lose(v);
        return;
    }
    if (v->rfb && v->peer.state == PEER_OPEN && !remote_step(v, now))
        v->drop = v->left = true;
    peer_flush(&v->peer);
}

int viewer_wait_ms(const struct viewer *v, int64_t now)
{
    bool shows = v->used && v->rfb && !v->lost_at && v->peer.state == PEER_OPEN;
    return shows ? remote_wait_ms(v, now) : -1;
}

void viewers_step(struct program *p)
{
    int64_t now = clock_monotonic_ms();
    for (int i = 0; i < PROGRAM_VIEWERS; i++)
        if (p->viewers[i].used)
            step_viewer(&p->viewers[i], now);
    consents_step(p, now);
}

void viewers_close(struct program *p, const char *reason)
{
    char json[128];
    snprintf(json, sizeof json, "{\"type\":\"ended\",\"reason\":\"%s\"}", reason);
    for (int i = 0; i < PROGRAM_VIEWERS; i++) {
        struct viewer *v = &p->viewers[i];
        if (!v->used)
            continue;
        if (v->opened && v->peer.state == PEER_OPEN && *reason) {
            struct ws_client_hooks hooks = {v, on_ws_open, on_ws_message};
            viewer_send(v, json);
            peer_flush(&v->peer);
            ws_client_poll(&v->ws, &hooks);
        }
        free_slot(v);
    }
}
