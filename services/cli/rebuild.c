/* See rebuild.h. */
#include "rebuild.h"

#include "common/log.h"
#include "common/redis.h"
#include "common/settings.h"
#include "operator.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CLOCK_SKEW_S = 3600 };

static struct {
    const char *redis_url, *bootstrap, *profile, *secret_keys, *directory_key;
    int64_t audit_days;
} S;

static const struct setting settings[] = {
    {"REDIS_URL", SETTING_TEXT, &S.redis_url, "redis://127.0.0.1:6379", 0, 0, "the Redis that is rebuilt"},
    {"KAFKA_BOOTSTRAP", SETTING_TEXT, &S.bootstrap, "127.0.0.1:9092", 0, 0, "brokers, host:port[,host:port]"},
    {"KAFKA_PROFILE", SETTING_TEXT, &S.profile, "real", 0, 0, "real, or mock for the embedded broker"},
    {"SECRET_KEYS", SETTING_FILE_SECRET, &S.secret_keys, NULL, 0, 0, "keys that links are derived from, as the services have them"},
    {"DIRECTORY_KEY", SETTING_FILE_SECRET, &S.directory_key, NULL, 0, 0, "keys that the directory is sealed with"},
    {"AUDIT_DAYS", SETTING_NUMBER, &S.audit_days, "400", 0, 3650, "as the sweeper has it"},
};

bool rebuild_failed(struct rebuild *r, const char *format, ...)
{
    va_list ap;
    if (r->detail[0])
        return false;
    va_start(ap, format);
    vsnprintf(r->detail, sizeof r->detail, format, ap);
    va_end(ap);
    return false;
}

static bool fold_buckets(struct rebuild *r)
{
    for (int i = 0; i < BUCKETS; i++) {
        char key[24], epoch[24], time[24], newest[48];
        const struct bucket_seen *b = &r->buckets[i];
        const char *argv[] = {epoch, time, newest};
        snprintf(key, sizeof key, "{s%02d}:epoch", i);
        snprintf(epoch, sizeof epoch, "%lld", (long long)b->epoch);
        snprintf(time, sizeof time, "%lld", (long long)b->time);
        snprintf(newest, sizeof newest, "%lld-%lld", b->newest_ms, b->newest_seq);
        if (!store_fold(r, FOLD_BUCKET, key, 3, argv, NULL))
            return false;
    }
    return store_flush(r);
}

static bool read_topic(struct rebuild *r, const char *topic, topic_fn fn)
{
    return rebuild_read_topic(r, S.bootstrap, S.profile, topic, fn) && store_flush(r);
}

/* The directory's own notes go by the journal, too: without its state there is nothing to sign in to. */
static bool fold_all(struct rebuild *r, bool accept_loss)
{
    if (!store_read_outboxes(r) || !read_topic(r, "beistand.directory", directory_event) || !directory_fold(r))
        return false;
    if (r->n.sealed_lost > 0 && !accept_loss)
        return rebuild_failed(r, "%zu entries of the directory cannot be opened with these keys, and Redis has not got them; with --accept-loss they stay away",
                              r->n.sealed_lost);
    return read_topic(r, "beistand.journal", journal_event) && journal_fold_computers(r) && audit_fold(r);
}

/* Nobody begins to use it, or judges it, before we are through. */
static bool keep_away(struct rebuild *r, const char *run_id)
{
    char value[80];
    snprintf(value, sizeof value, REDIS_BEHIND "%.63s", run_id);
    return store_set_instance(r, value);
}

/* Only a Redis that nobody uses may be folded: what is used is ahead of the journal. */
static bool rebuild_all(struct rebuild *r, bool accept_loss, bool force)
{
    char before[64] = "", after[64] = "", told[80] = "";
    if (!store_open(r, S.redis_url) || !store_begin(r) || !store_instance(r, before, told))
        return false;
    bool used = strcmp(told, before) == 0;
    if (used && !force)
        return rebuild_failed(r, "nothing to do: this Redis is in use and has all that the journal has");
    if ((!used && !keep_away(r, before)) || !fold_all(r, accept_loss) || !store_instance(r, after, told))
        return false;
    if (strcmp(before, after) != 0)
        return rebuild_failed(r, "redis was started anew meanwhile; run this again");
    /* The buckets' marks come last: with them a Redis passes for whole (proto/lua/sweep_compare.lua). */
    return store_end(r) && fold_buckets(r) && store_set_instance(r, before);
}

static int report(const struct rebuild *r, double seconds)
{
    return operator_print(json_pack("{sI sI sI sI sI sI sI sI sI sf}", "events", (json_int_t)r->n.events, "sessions",
                                    (json_int_t)r->n.sessions, "computers", (json_int_t)r->n.computers, "directory",
                                    (json_int_t)r->n.directory, "requests", (json_int_t)r->n.idempotency, "audit",
                                    (json_int_t)r->n.audit, "unreadable", (json_int_t)r->n.unreadable, "without_link",
                                    (json_int_t)r->n.without_link, "directory_lost", (json_int_t)r->n.sealed_lost, "seconds",
                                    seconds));
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int run(bool accept_loss, bool force)
{
    struct rebuild *r = calloc(1, sizeof *r);
    double started = now();
    int status = 1;
    if (!r)
        return 1;
    r->keys = secret_keys_new(S.secret_keys);
    r->seal_keys = seal_keys_new(S.directory_key);
    r->undrained = json_object();
    r->entities = json_object();
    r->computers = json_object();
    r->logs = audit_logs_new();
    r->audit_ms = S.audit_days * 86400000;
    r->latest = ((int64_t)time(NULL) + CLOCK_SKEW_S) * 1000;
    if (!r->keys || !r->seal_keys || !r->logs)
        rebuild_failed(r, "SECRET_KEYS_FILE and DIRECTORY_KEY_FILE hold lines kid:hex32");
    else if (rebuild_all(r, accept_loss, force))
        status = report(r, now() - started);
    if (status != 0)
        operator_complain(r->detail);
    store_close(&r->store);
    audit_logs_free(r->logs);
    json_decref(r->entities);
    json_decref(r->computers);
    json_decref(r->undrained);
    seal_keys_free(r->seal_keys);
    secret_keys_free(r->keys);
    free(r);
    return status;
}

static int usage(void)
{
    fputs("usage: beistand-cli rebuild [--force] [--accept-loss]\n"
          "  folds the journal and the sealed directory into a Redis that lost what they hold. Settings as the services':\n"
          "  REDIS_URL KAFKA_BOOTSTRAP KAFKA_PROFILE SECRET_KEYS_FILE DIRECTORY_KEY_FILE AUDIT_DAYS\n"
          "  --force        fold a Redis that is in use and whole, too\n"
          "  --accept-loss  go on although entries of the directory cannot be opened\n",
          stderr);
    return 2;
}

int rebuild_main(int argc, char **argv)
{
    bool accept_loss = false, force = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--accept-loss") == 0)
            accept_loss = true;
        else if (strcmp(argv[i], "--force") == 0)
            force = true;
        else
            return usage();
    }
    log_init("rebuild", LOG_WARN);
    if (sodium_init() < 0 || settings_load(settings, sizeof settings / sizeof *settings, 1, argv) != 0)
        return 2;
    return run(accept_loss, force);
}
