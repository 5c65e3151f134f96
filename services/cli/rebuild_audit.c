/* See rebuild.h. An event has its place in its company's log (seq, prev, hash); the record is made again from the event, and
 * counts only when its hash is the event's. docs/decisions/0041-audit-log.md */
#include "rebuild.h"

#include "common/json.h"
#include "sweeper/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 8192, LINES_MAX = 50, KEY_MAX = 192 };

struct line {
    int64_t seq;
    char *text; /* argument of fold_audit.lua */
};

struct log {
    char company[ID_SIZE];
    size_t n, room;
    struct line *lines;
};

struct audit_logs {
    json_t *index; /* company → its place in logs */
    size_t n, room;
    struct log *logs;
};

struct audit_logs *audit_logs_new(void)
{
    struct audit_logs *a = calloc(1, sizeof *a);
    if (a)
        a->index = json_object();
    return a;
}

void audit_logs_free(struct audit_logs *a)
{
    for (size_t i = 0; a && i < a->n; i++) {
        for (size_t k = 0; k < a->logs[i].n; k++)
            free(a->logs[i].lines[k].text);
        free(a->logs[i].lines);
    }
    if (a) {
        json_decref(a->index);
        free(a->logs);
    }
    free(a);
}

/* Room for one more; the array may move. */
static void *grown(void *array, size_t n, size_t *room, size_t size)
{
    if (n < *room)
        return array;
    size_t more = *room ? 2 * *room : 16;
    void *larger = realloc(array, more * size);
    if (!larger)
        abort(); /* an operator's command: it is run again with more memory */
    *room = more;
    return larger;
}

static struct log *log_of(struct audit_logs *a, const char *company)
{
    const json_t *place = json_object_get(a->index, company);
    if (place)
        return &a->logs[json_integer_value(place)];
    a->logs = grown(a->logs, a->n, &a->room, sizeof *a->logs);
    json_object_set_new(a->index, company, json_integer((json_int_t)a->n));
    struct log *l = &a->logs[a->n++];
    *l = (struct log){0};
    snprintf(l->company, sizeof l->company, "%s", company);
    return l;
}

static void add_line(struct log *l, int64_t seq, const char *text)
{
    l->lines = grown(l->lines, l->n, &l->room, sizeof *l->lines);
    char *copy = strdup(text);
    if (!copy)
        abort();
    l->lines[l->n++] = (struct line){seq, copy};
}

/* A head alone (audit.journaled): for a log whose records are all older than the journal. */
static void collect_head(struct log *l, int64_t seq, const char *hash)
{
    char text[128];
    snprintf(text, sizeof text, "%" PRId64 " %.64s", seq, hash);
    add_line(l, seq, text);
}

bool audit_collect(struct rebuild *r, const char *id, const json_t *event, int bucket)
{
    const json_t *place = json_object_get(event, "audit");
    const char *company = json_text(event, "company", ""), *session = json_text(event, "session", "");
    const char *prev = json_text(place, "prev", NULL), *hash = json_text(place, "hash", "");
    int64_t seq = json_number(place, "seq", 0);
    if (!check_audit(event, bucket)) {
        r->n.unreadable++;
        return true;
    }
    struct log *l = log_of(r->logs, company);
    if (!prev) {
        collect_head(l, seq, hash);
        return true;
    }
    struct audit_head head = {.seq = seq - 1};
    snprintf(head.hash, sizeof head.hash, "%s", prev);
    struct audit_record record = audit_record(event, id, &head);
    size_t size = record.text ? strlen(record.text) + 256 : 0;
    char *text = malloc(size);
    if (record.text && text && strcmp(head.hash, hash) == 0) {
        snprintf(text, size, "%" PRId64 " %s %s %s %s", seq, prev, hash, bucket_of_id(session) >= 0 ? session : "-", record.text);
        add_line(l, seq, text);
    } else {
        r->n.unreadable++; /* changed on the way; the log will say that a record is missing */
    }
    free(text);
    free(record.text);
    return true;
}

/* By seq; at one seq the record before the head alone. */
static int by_seq(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->seq != y->seq)
        return x->seq < y->seq ? -1 : 1;
    return strlen(x->text) > strlen(y->text) ? -1 : strlen(x->text) < strlen(y->text);
}

/* Of 'seq prev hash …' and 'seq hash'; 64 digits each. */
static const char *first_digest(const struct line *l)
{
    return strchr(l->text, ' ') + 1;
}

static const char *hash_of(const struct line *l)
{
    const char *first = first_digest(l);
    return strlen(first) > AUDIT_HASH_SIZE ? first + AUDIT_HASH_SIZE : first;
}

/* The sorted line of [first, end), all of one seq, that has this hash; without one the first. */
static size_t pick(const struct log *l, size_t first, size_t end, const char *wanted)
{
    for (size_t i = first; wanted && i < end; i++)
        if (strncmp(hash_of(&l->lines[i]), wanted, AUDIT_HASH_SIZE - 1) == 0)
            return i;
    return first;
}

/* A sweeper that took an older head for the newest (and was refused) has left events with a place in the log that nothing
 * follows from: of several at one seq the one counts that the record after it names. Moves those that count to the end;
 * returns where they begin. */
static size_t choose(struct log *l)
{
    const char *wanted = NULL;
    size_t kept = l->n;
    for (size_t end = l->n, first; end > 0; end = first) {
        for (first = end - 1; first > 0 && l->lines[first - 1].seq == l->lines[end - 1].seq;)
            first--;
        size_t chosen = pick(l, first, end, wanted);
        struct line line = l->lines[chosen];
        l->lines[chosen] = l->lines[--kept];
        l->lines[kept] = line;
        wanted = first_digest(&line);
    }
    return kept;
}

static bool fold_log(struct rebuild *r, struct log *l)
{
    char key[KEY_MAX], kept[24];
    const char *argv[1 + LINES_MAX] = {kept};
    snprintf(kept, sizeof kept, "%lld", (long long)r->audit_ms);
    snprintf(key, sizeof key, "{s%02d}:audit-head:%s", bucket_of_id(l->company), l->company);
    qsort(l->lines, l->n, sizeof *l->lines, by_seq);
    for (size_t i = choose(l); i < l->n;) {
        int n = 1;
        while (n <= LINES_MAX && i < l->n)
            argv[n++] = l->lines[i++].text;
        if (!store_fold(r, FOLD_AUDIT, key, n, argv, &r->n.audit))
            return false;
    }
    return true;
}

bool audit_fold(struct rebuild *r)
{
    for (size_t i = 0; i < r->logs->n; i++)
        if (!fold_log(r, &r->logs->logs[i]))
            return false;
    return store_flush(r);
}
