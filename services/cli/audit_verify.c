/* See audit_verify.h. The rules are those of services/sweeper/audit.h: each record's hash covers the hash before it, seq
 * counts without gaps, the first prev names the company. A log that was cut off at its beginning (retention) says so itself,
 * in a record that the chain covers; so removed first records are found too. What the chain cannot tell is a removed end:
 * the export's last line names the head it was made for, and --head takes a hash that was published elsewhere. */
#include "audit_verify.h"

#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HASH_SIZE = 65, LINE_MAX_BYTES = 65536, DETAIL_MAX = 200 };

struct log {
    const char *wanted_head; /* --head, or NULL */
    long line;
    char company[64];
    char hash[HASH_SIZE];    /* of the record before */
    json_int_t seq, first, records;
    char first_prev[HASH_SIZE];
    bool head_seen, cut_explained, begun, ended;
    char promised[HASH_SIZE]; /* head of the first line */
    json_int_t promised_seq;
    const char *problem;      /* stable name; NULL: none yet */
    char detail[DETAIL_MAX];
};

static bool wrong(struct log *l, const char *problem, const char *detail)
{
    l->problem = problem;
    snprintf(l->detail, sizeof l->detail, "%s", detail);
    return false;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* What does not fit is nothing that we know: never the beginning of it. */
static void keep(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", strlen(text) < size ? text : "");
}

static void digest_hex(char out[HASH_SIZE], const char *a, size_t a_size, const char *b, size_t b_size)
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)a, a_size);
    crypto_hash_sha256_update(&state, (const uint8_t *)b, b_size);
    crypto_hash_sha256_final(&state, digest);
    sodium_bin2hex(out, HASH_SIZE, digest, sizeof digest);
}

static void first_prev(char out[HASH_SIZE], const char *company)
{
    static const char label[] = "beistand audit v1"; /* with its NUL */
    digest_hex(out, label, sizeof label, company, strlen(company));
}

/* The record's hash as it must be. prev was checked to be the one of the record before. */
static bool hash_holds(const json_t *record)
{
    char hash[HASH_SIZE];
    json_t *bare = json_copy((json_t *)record);
    json_object_del(bare, "hash");
    char *canonical = json_dumps(bare, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(bare);
    if (!canonical)
        return false;
    const char *prev = text_of(record, "prev");
    digest_hex(hash, prev, strlen(prev), canonical, strlen(canonical));
    free(canonical);
    return strcmp(hash, text_of(record, "hash")) == 0;
}

/* A log that does not begin with record 1 must say that it was cut off exactly there. */
static void read_cut(struct log *l, const json_t *record)
{
    const json_t *details = json_object_get(record, "details");
    if (strcmp(text_of(record, "type"), "audit.trimmed") == 0 &&
        json_integer_value(json_object_get(details, "seq")) == l->first - 1 &&
        strcmp(text_of(details, "hash"), l->first_prev) == 0)
        l->cut_explained = true;
}

static bool begin_chain(struct log *l, const json_t *record)
{
    char genesis[HASH_SIZE];
    l->first = json_integer_value(json_object_get(record, "seq"));
    if (!l->company[0])
        keep(l->company, sizeof l->company, text_of(record, "company"));
    keep(l->first_prev, sizeof l->first_prev, text_of(record, "prev"));
    first_prev(genesis, l->company);
    if (l->first == 1 && strcmp(genesis, l->first_prev) != 0)
        return wrong(l, "changed", "The first record does not begin this company's log.");
    l->cut_explained = l->first == 1;
    l->seq = l->first - 1;
    memcpy(l->hash, l->first_prev, HASH_SIZE);
    return true;
}

static bool check_record(struct log *l, const json_t *record)
{
    json_int_t seq = json_integer_value(json_object_get(record, "seq"));
    if (l->records == 0 && !begin_chain(l, record))
        return false;
    if (strcmp(text_of(record, "company"), l->company) != 0)
        return wrong(l, "inserted", "A record of another company.");
    if (seq <= l->seq)
        return wrong(l, "reordered", "A record comes again, or later than it belongs.");
    if (seq > l->seq + 1)
        return wrong(l, "removed", "Records are missing before this one, or it comes too early.");
    if (strcmp(text_of(record, "prev"), l->hash) != 0)
        return wrong(l, "changed", "This record does not follow from the one before it.");
    if (!hash_holds(record))
        return wrong(l, "changed", "This record's hash is not that of its content.");
    keep(l->hash, sizeof l->hash, text_of(record, "hash"));
    l->seq = seq;
    l->records++;
    read_cut(l, record);
    if (l->wanted_head && strcmp(l->hash, l->wanted_head) == 0)
        l->head_seen = true;
    return true;
}

static bool check_begin(struct log *l, const json_t *line)
{
    const json_t *head = json_object_get(line, "head");
    if (l->begun || l->records > 0)
        return wrong(l, "inserted", "A second first line.");
    l->begun = true;
    keep(l->company, sizeof l->company, text_of(line, "company"));
    keep(l->promised, sizeof l->promised, text_of(head, "hash"));
    l->promised_seq = json_integer_value(json_object_get(head, "seq"));
    return true;
}

static bool check_end(struct log *l, const json_t *line)
{
    const json_t *head = json_object_get(line, "head");
    l->ended = true;
    if (strcmp(text_of(line, "company"), l->company) != 0)
        return wrong(l, "inserted", "The last line is of another company.");
    if (json_integer_value(json_object_get(line, "records")) != l->records ||
        json_integer_value(json_object_get(head, "seq")) != l->seq || (l->seq && strcmp(text_of(head, "hash"), l->hash) != 0))
        return wrong(l, "removed", "The last line names more or other records than there are.");
    return true;
}

static bool check_line(struct log *l, const char *text, size_t n)
{
    json_error_t error;
    json_t *line = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
    bool good;
    if (!json_is_object(line))
        good = wrong(l, "unreadable", "Not a line of an export.");
    else if (l->ended)
        good = wrong(l, "inserted", "Something follows the last line.");
    else if (strcmp(text_of(line, "type"), "beistand.audit") == 0)
        good = check_begin(l, line);
    else if (strcmp(text_of(line, "type"), "beistand.audit.end") == 0)
        good = check_end(l, line);
    else
        good = check_record(l, line);
    json_decref(line);
    return good;
}

/* What only shows when everything was read. */
static bool check_whole(struct log *l)
{
    if (!l->begun)
        return wrong(l, "incomplete", "The first line is missing.");
    if (!l->ended)
        return wrong(l, "incomplete", "The last line is missing: the export was broken off, or its end was removed.");
    if (l->promised_seq != l->seq || (l->seq && strcmp(l->promised, l->hash) != 0))
        return wrong(l, "removed", "The first line names another head than the last record.");
    if (l->records > 0 && !l->cut_explained)
        return wrong(l, "removed", "The log's first records are missing, and no record says that they were cut off.");
    if (l->wanted_head && !l->head_seen)
        return wrong(l, "removed", "The published head is not in this export: the end is missing, or the export is older.");
    return true;
}

static int report(const struct log *l, bool good)
{
    json_t *answer = json_pack("{sb ss sI sI sI ss}", "ok", good, "company", l->company, "first", l->first, "last", l->seq,
                               "records", l->records, "head", l->hash);
    if (!good) {
        json_object_set_new(answer, "line", json_integer(l->line));
        json_object_set_new(answer, "problem", json_string(l->problem));
        json_object_set_new(answer, "detail", json_string(l->detail));
    }
    char *text = json_dumps(answer, JSON_COMPACT);
    puts(text ? text : "{}");
    free(text);
    json_decref(answer);
    return good ? 0 : 1;
}

static bool read_lines(struct log *l, FILE *f)
{
    static char line[LINE_MAX_BYTES + 2];
    bool good = true;
    while (good && fgets(line, sizeof line, f)) {
        size_t n = strlen(line);
        l->line++;
        good = n <= LINE_MAX_BYTES ? check_line(l, line, n) : wrong(l, "unreadable", "A line of more than 64 KiB.");
    }
    return good && check_whole(l);
}

int audit_verify_main(int argc, char **argv)
{
    struct log l = {0};
    const char *path = argc > 1 ? argv[1] : NULL;
    if (argc == 4 && strcmp(argv[2], "--head") == 0)
        l.wanted_head = argv[3];
    if (!path || (argc != 2 && !l.wanted_head) || (l.wanted_head && strlen(l.wanted_head) != HASH_SIZE - 1)) {
        fputs("usage: beistand-cli audit-verify FILE [--head HASH]\n", stderr);
        return 2;
    }
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!f) {
        perror(path);
        return 2;
    }
    int status = report(&l, read_lines(&l, f));
    fclose(f);
    return status;
}
