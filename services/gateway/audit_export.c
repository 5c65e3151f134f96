/* GET /v1/audit/export: the whole log as JSON lines, for `beistand-cli audit-verify` and for keeping elsewhere. First a
 * line that says what it is, then the records up to the head of the moment, then a line without which it is not complete.
 * One batch is in memory at a time; the next is read when the client has taken it. */
#include "audit.h"

#include "common/log.h"
#include "directory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXPORTS_MAX = 8 };

struct export {
    struct gateway *gateway;
    struct http_stream *http; /* NULL once the client has left */
    char company[ID_SIZE];
    int64_t place, head_seq, records; /* seq written last; of the head; how many */
    char head_hash[AUDIT_HASH_SIZE];
    bool reading;
};

static unsigned exports_open;

static void export_free(struct export *e)
{
    exports_open--;
    free(e);
}

static void on_closed(void *user)
{
    struct export *e = user;
    e->http = NULL;
    if (!e->reading)
        export_free(e);
}

static void write_line(struct export *e, json_t *line)
{
    char *text = json_canonical(line);
    if (text) {
        http_stream_write(e->http, text, strlen(text));
        http_stream_write(e->http, "\n", 1);
    }
    free(text);
    json_decref(line);
}

static void finish(struct export *e)
{
    write_line(e, json_pack("{ss ss sI s{sI ss}}", "type", "beistand.audit.end", "company", e->company, "records",
                            (json_int_t)e->records, "head", "seq", (json_int_t)e->head_seq, "hash", e->head_hash));
    http_stream_finish(e->http);
}

static void on_batch(void *user, const redisReply *reply)
{
    struct export *e = user;
    bool good = reply && reply->type == REDIS_REPLY_ARRAY;
    e->reading = false;
    if (!e->http) {
        export_free(e);
        return;
    }
    if (!good) {
        http_stream_end(e->http);
        return;
    }
    for (size_t i = 0; i < reply->elements && e->place < e->head_seq; i++) {
        json_t *record = audit_view(reply->element[i], &e->place);
        e->records += record != NULL;
        if (record)
            write_line(e, record);
    }
    if (e->place >= e->head_seq || reply->elements == 0)
        finish(e);
}

static void on_drained(void *user)
{
    struct export *e = user;
    if (e->reading)
        return;
    e->reading = true;
    store_audit_after(e->gateway, e->company, e->place, AUDIT_BATCH, on_batch, e);
}

static void start(struct call *c, struct export *e)
{
    char name[96], now[24];
    snprintf(name, sizeof name, "attachment; filename=\"audit-%s.jsonl\"", c->who.company);
    snprintf(now, sizeof now, "%lld", (long long)wall_now_ms());
    http_add_header(c->request, "Content-Disposition", name);
    http_add_header(c->request, "X-Content-Type-Options", "nosniff");
    http_add_header(c->request, "Cache-Control", "no-store");
    note(c, "audit.exported", NULL, json_pack("{sI}", "head_seq", (json_int_t)e->head_seq));
    e->http = http_stream_start(c->request, "application/x-ndjson", on_closed, e);
    if (!e->http) {
        export_free(e);
        call_refuse(c, "unavailable", NULL);
        return;
    }
    write_line(e, json_pack("{ss si ss so s{sI ss}}", "type", "beistand.audit", "version", 1, "company", e->company,
                            "exported_at", time_view(now), "head", "seq", (json_int_t)e->head_seq, "hash", e->head_hash));
    http_stream_on_drained(e->http, on_drained);
}

static void on_head(void *user, const redisReply *reply)
{
    struct call *c = user;
    struct export *e = reply && exports_open < EXPORTS_MAX ? calloc(1, sizeof *e) : NULL;
    if (!e) {
        call_refuse(c, reply ? "rate_limited" : "unavailable", reply ? "Too many exports are running." : NULL);
        return;
    }
    exports_open++;
    e->gateway = c->gateway;
    memcpy(e->company, c->who.company, sizeof e->company);
    audit_read_head(reply, &e->head_seq, e->head_hash);
    start(c, e);
}

void handle_audit_export(struct call *c)
{
    if (c->who.administrator)
        store_audit_head(c->gateway, c->who.company, on_head, c);
    else
        call_refuse(c, "permission_missing", "The audit log is for administrators.");
}
