/* GET /v1/audit: the company's audit log, newest first, for administrators. Filters are applied while reading, so a page
 * may hold fewer records than its limit and still have a cursor: one request reads at most SCAN_MAX records. */
#include "audit.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCAN_MAX = 1000, FILTER_MAX = 64 };

struct query {
    struct call *call;
    const char *session, *actor, *type; /* of the request; NULL: any */
    char from[32], to[32];              /* "": any */
    int64_t before; /* seq that was read last */
    unsigned scanned;
    int64_t head_seq;
    char head_hash[AUDIT_HASH_SIZE];
    json_t *records;
    json_t *index; /* of a session: its records' numbers still to read, oldest first */
    size_t waiting;
    bool lost;
};

static void read_on(struct query *q);

static void finish(struct query *q, bool more)
{
    struct call *c = q->call;
    char cursor[24];
    snprintf(cursor, sizeof cursor, "%" PRId64, q->before);
    json_t *head = q->head_seq > 0 ? json_pack("{sI ss}", "seq", (json_int_t)q->head_seq, "hash", q->head_hash)
                                   : json_null();
    json_t *answer = json_pack("{sO so so}", "records", q->records, "next_cursor",
                               more ? json_string(cursor) : json_null(), "head", head);
    json_decref(q->records);
    json_decref(q->index);
    free(q);
    respond_json(c->request, 200, answer);
}

static void refuse_lost(struct query *q)
{
    struct call *c = q->call;
    json_decref(q->records);
    json_decref(q->index);
    free(q);
    call_refuse(c, "unavailable", NULL);
}

/* "session.created", or "session.*" for all of a kind. */
static bool type_fits(const char *wanted, const char *type)
{
    size_t n = strlen(wanted);
    if (n > 1 && strcmp(wanted + n - 2, ".*") == 0)
        return strncmp(wanted, type, n - 1) == 0;
    return strcmp(wanted, type) == 0;
}

/* Times are of one form, so their order is that of their text; a shorter `from` or `to` stands for its beginning. */
static bool fits(const struct query *q, const json_t *record)
{
    const char *time = json_text(record, "time", "");
    return (!q->session || strcmp(q->session, json_text(record, "session", "")) == 0) &&
           (!q->actor || strcmp(q->actor, json_text(json_object_get(record, "actor"), "id", "")) == 0) &&
           (!q->type || type_fits(q->type, json_text(record, "type", ""))) &&
           strcmp(time, q->from) >= 0 && (!q->to[0] || strcmp(time, q->to) < 0);
}

static void take(struct query *q, const redisReply *entry)
{
    int64_t seq = 0;
    json_t *record = json_array_size(q->records) < q->call->limit ? audit_view(entry, &seq) : NULL;
    if (!record)
        return;
    q->scanned++;
    q->before = seq;
    if (fits(q, record))
        json_array_append(q->records, record);
    json_decref(record);
}

static bool enough(const struct query *q)
{
    return json_array_size(q->records) == q->call->limit || q->scanned >= SCAN_MAX;
}

/* ---- all records ---- */

static void on_batch(void *user, const redisReply *reply)
{
    struct query *q = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        refuse_lost(q);
        return;
    }
    for (size_t i = 0; i < reply->elements; i++)
        take(q, reply->element[i]);
    if (enough(q) || reply->elements < AUDIT_BATCH)
        finish(q, enough(q) && q->before > 1);
    else
        read_on(q);
}

static void read_on(struct query *q)
{
    if (q->before <= 1) { /* there is no record 0 */
        finish(q, false);
        return;
    }
    store_audit_before(q->call->gateway, q->call->who.company, q->before, AUDIT_BATCH, on_batch, q);
}

/* ---- the records of one session ---- */

static void on_record(void *user, const redisReply *reply)
{
    struct query *q = user;
    if (!reply)
        q->lost = true;
    if (reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 1)
        take(q, reply->element[0]);
    if (--q->waiting > 0)
        return;
    if (q->lost)
        refuse_lost(q);
    else
        finish(q, enough(q) && q->before > 1);
}

static void on_index(void *user, const redisReply *reply)
{
    struct query *q = user;
    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        refuse_lost(q);
        return;
    }
    q->waiting = 1; /* ours */
    for (size_t i = reply->elements, asked = 0; i-- > 0 && asked < SCAN_MAX;) {
        const char *seq = reply->element[i]->str;
        if (strtoll(seq, NULL, 10) >= q->before)
            continue;
        asked++;
        q->waiting++;
        store_audit_record(q->call->gateway, q->call->who.company, seq, on_record, q);
    }
    if (--q->waiting == 0)
        finish(q, false);
}

static void on_head(void *user, const redisReply *reply)
{
    struct query *q = user;
    if (!reply)
        refuse_lost(q);
    else if (!audit_read_head(reply, &q->head_seq, q->head_hash))
        finish(q, false);
    else if (q->session)
        store_audit_of_session(q->call->gateway, q->session, on_index, q);
    else
        read_on(q);
}

/* ---- what is asked for ---- */

/* A date, or a date and time in UTC as the records have it, or its beginning: 2026-01-31, 2026-01-31T12:00Z. out: without
 * the Z, so that it sorts before everything it begins. */
static bool read_time(const char *text, char out[32])
{
    static const char form[] = "0000-00-00T00:00:00.000";
    size_t n = text ? strlen(text) : 0;
    if (!text)
        return true;
    if (n > 0 && text[n - 1] == 'Z')
        n--;
    if (n < 10 || n > sizeof form - 1 || (n > 10 && n < 16))
        return false;
    for (size_t i = 0; i < n; i++)
        if (form[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != form[i])
            return false;
    memcpy(out, text, n);
    return true;
}

static bool good_filter(const char *text, const char *letters)
{
    return !text || (*text && strlen(text) < FILTER_MAX && strspn(text, letters) == strlen(text));
}

static const char *read_query(struct query *q)
{
    const struct http_request *r = q->call->request;
    const char *cursor = http_query(r, "cursor");
    q->session = http_query(r, "session");
    q->actor = http_query(r, "actor");
    q->type = http_query(r, "type");
    if (!read_limit(q->call))
        return "limit is 1 to 100.";
    if (cursor && (!*cursor || strspn(cursor, "0123456789") != strlen(cursor) || strlen(cursor) > 15))
        return "cursor is what an earlier answer gave.";
    if (q->session && bucket_of_id(q->session) != q->call->who.bucket)
        return "session is an id.";
    if (!good_filter(q->actor, "0123456789abcdefghijklmnopqrstuvwxyz-_.") || !good_filter(q->type, "abcdefghijklmnopqrstuvwxyz_.*"))
        return "actor is an id, type a type like session.ended or session.*.";
    if (!read_time(http_query(r, "from"), q->from) || !read_time(http_query(r, "to"), q->to))
        return "from and to are dates or times in UTC, like 2026-01-31 or 2026-01-31T12:00:00Z.";
    q->before = cursor ? strtoll(cursor, NULL, 10) : INT64_MAX;
    return NULL;
}

void handle_audit(struct call *c)
{
    if (!c->who.administrator) {
        call_refuse(c, "permission_missing", "The audit log is for administrators.");
        return;
    }
    struct query *q = calloc(1, sizeof *q);
    const char *wrong = "";
    if (q) {
        q->call = c;
        wrong = read_query(q);
    }
    if (!q || wrong) {
        free(q);
        call_refuse(c, q ? "invalid_request" : "unavailable", wrong);
        return;
    }
    q->records = json_array();
    store_audit_head(c->gateway, c->who.company, on_head, q);
}
