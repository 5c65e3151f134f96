/* See kafka.h. Two librdkafka handles (producer, consumer) whose queues wake an eventfd of the loop.
 * The wake-up comes only when a queue turns non-empty, so every wake-up drains to the end; a slow
 * safety poll covers what a lost edge would strand. */
#include "kafka.h"

#include "log.h"
#include "service.h"

#include <errno.h>
#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    PARTITIONS = 12,      /* of every topic: proto/OWNERS.md */
    TRACKS_MAX = 64,      /* partitions one consumer may hold */
    IN_FLIGHT_MAX = 512,  /* unfinished messages over all partitions; then reading stops */
    WARM_MAX = 8,
    DRAIN_MAX = 256,      /* messages handled per loop turn */
    SAFETY_POLL_MS = 500,
};

/* Offsets handed out and not finished, in order. */
struct track {
    char topic[64];
    int32_t partition;
    bool used;
    int64_t offsets[IN_FLIGHT_MAX];
    bool done[IN_FLIGHT_MAX];
    size_t head, count;
};

struct kafka {
    struct loop *loop;
    char source[64]; /* ce_source of what we produce */
    rd_kafka_t *producer, *consumer;
    rd_kafka_queue_t *producer_queue, *consumer_queue;
    int producer_fd, consumer_fd;
    struct loop_watch *producer_watch, *consumer_watch;
    struct loop_timer *safety;
    rd_kafka_topic_t *warm[WARM_MAX];
    size_t n_warm;
    kafka_message_fn message;
    void *user;
    bool up, assigned, group, closing;
    const char *const *topics; /* without a group: the ends of whose partitions are awaited */
    uint32_t ends[KAFKA_TOPICS_MAX]; /* a bit for each partition whose end was reached */
    struct track *tracks;
    size_t in_flight;
};

struct delivery {
    kafka_delivered_fn fn;
    void *user;
};

/* ---- configuration ---- */

static int set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char error[256];
    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) == RD_KAFKA_CONF_OK)
        return 0;
    log_event(LOG_ERROR, "kafka_setting_refused", "setting", name, "error", error, NULL);
    return -1;
}

static int set_all(rd_kafka_conf_t *conf, const char *const (*pairs)[2])
{
    int bad = 0;
    for (; (*pairs)[0]; pairs++)
        bad |= set(conf, (*pairs)[0], (*pairs)[1]);
    return bad;
}

static const char *const common_settings[][2] = {
    {"reconnect.backoff.max.ms", "1000"}, {"socket.keepalive.enable", "true"},
    {"allow.auto.create.topics", "true"}, {"topic.metadata.refresh.interval.ms", "30000"},
    {"log.connection.close", "false"},    {NULL, NULL}};
static const char *const producer_settings[][2] = {
    {"acks", "all"},
    {"enable.idempotence", "true"},
    {"message.timeout.ms", "10000"},
    {"queue.buffering.max.messages", "10000"},
    {"partitioner", "murmur2_random"},
    {"statistics.interval.ms", "1000"},
    {NULL, NULL}};
static const char *const consumer_settings[][2] = {
    {"enable.auto.offset.store", "false"},
    {"auto.commit.interval.ms", "1000"},
    {"fetch.error.backoff.ms", "100"},
    {"fetch.message.max.bytes", "1048576"},
    {"queued.max.messages.kbytes", "8192"},
    {"partition.assignment.strategy", "range"},
    {NULL, NULL}};
/* The in-memory broker answers an empty fetch only after the full wait, and rebalances slowly. */
static const char *const mock_settings[][2] = {{"fetch.wait.max.ms", "3"},
                                               {"session.timeout.ms", "3000"},
                                               {"heartbeat.interval.ms", "500"},
                                               {"broker.address.family", "v4"},
                                               {NULL, NULL}};
static const char *const real_settings[][2] = {
    {"session.timeout.ms", "10000"}, {"heartbeat.interval.ms", "1000"}, {NULL, NULL}};
/* Fault tests kill members of groups hundreds of times. */
static const char *const quick_settings[][2] = {
    {"session.timeout.ms", "3000"}, {"heartbeat.interval.ms", "500"}, {NULL, NULL}};

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    (void)rk;
    log_event(level <= 3 ? LOG_WARN : LOG_DEBUG, "kafka_log", "facility", facility, "text", text,
              NULL);
}

static rd_kafka_conf_t *base_conf(struct kafka *k, const struct kafka_options *o)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(conf, k);
    rd_kafka_conf_set_log_cb(conf, on_log);
    int bad = set(conf, "bootstrap.servers", o->bootstrap) | set(conf, "client.id", o->client_id) |
              set_all(conf, common_settings);
    if (bad) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}

/* ---- producer ---- */

static bool topic_has_leader(const json_t *topics, const char *name)
{
    json_t *partition;
    const char *key;
    bool led = false;
    json_object_foreach(json_object_get(json_object_get(topics, name), "partitions"), key, partition)
        led |= json_integer_value(json_object_get(partition, "leader")) >= 0 &&
               strcmp(key, "-1") != 0;
    return led;
}

/* librdkafka tells when all brokers went down but not when one came back; its statistics do. */
static void read_statistics(struct kafka *k, const char *text, size_t size)
{
    json_t *stats = json_loadb(text, size, 0, NULL);
    json_t *broker;
    const char *name;
    bool up = false;
    json_object_foreach(json_object_get(stats, "brokers"), name, broker) {
        const char *state = json_string_value(json_object_get(broker, "state"));
        up |= state && strcmp(state, "UP") == 0;
    }
    for (size_t i = 0; up && i < k->n_warm; i++)
        up = topic_has_leader(json_object_get(stats, "topics"), rd_kafka_topic_name(k->warm[i]));
    json_decref(stats);
    if (up != k->up)
        log_event(up ? LOG_INFO : LOG_WARN, up ? "kafka_up" : "kafka_down", NULL);
    k->up = up;
    metric_set("beistand_kafka_up", "", up);
}

static int on_stats(rd_kafka_t *rk, char *text, size_t size, void *user)
{
    (void)rk;
    read_statistics(user, text, size);
    return 0;
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *user)
{
    (void)rk;
    (void)user;
    struct delivery *d = m->_private;
    if (!d)
        return;
    d->fn(d->user, m->err ? rd_kafka_err2name(m->err) : NULL);
    free(d);
}

static void drain_producer(struct kafka *k)
{
    while (k->producer && rd_kafka_poll(k->producer, 0) > 0)
        ;
}

static int open_producer(struct kafka *k, const struct kafka_options *o)
{
    char error[256];
    rd_kafka_conf_t *conf = base_conf(k, o);
    if (!conf)
        return -1;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_conf_set_stats_cb(conf, on_stats);
    bool gather = o->gather && strcmp(o->profile, "mock") != 0;
    if (set_all(conf, producer_settings) != 0 || set(conf, "linger.ms", gather ? "5" : "0") != 0 ||
        !(k->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error))) {
        log_event(LOG_ERROR, "kafka_producer_failed", NULL);
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    for (size_t i = 0; o->warm_topics && o->warm_topics[i] && i < WARM_MAX; i++)
        k->warm[k->n_warm++] = rd_kafka_topic_new(k->producer, o->warm_topics[i], NULL);
    k->producer_queue = rd_kafka_queue_get_main(k->producer);
    return 0;
}

static rd_kafka_headers_t *make_headers(const struct kafka *k, const struct kafka_event *e)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(6);
    rd_kafka_header_add(headers, "ce_specversion", -1, "1.0", -1);
    rd_kafka_header_add(headers, "ce_id", -1, e->id, -1);
    rd_kafka_header_add(headers, "ce_source", -1, k->source, -1);
    rd_kafka_header_add(headers, "ce_type", -1, e->type, -1);
    if (e->command)
        rd_kafka_header_add(headers, "ce_commandid", -1, e->command, -1);
    rd_kafka_header_add(headers, "content-type", -1, "application/json", -1);
    return headers;
}

int kafka_produce(struct kafka *k, const struct kafka_event *event, kafka_delivered_fn delivered, void *user)
{
    struct delivery *d = NULL;
    if (delivered) {
        d = malloc(sizeof *d);
        if (!d)
            return -1;
        *d = (struct delivery){delivered, user};
    }
    rd_kafka_headers_t *headers = make_headers(k, event);
    rd_kafka_resp_err_t e = rd_kafka_producev(
        k->producer, RD_KAFKA_V_TOPIC(event->topic), RD_KAFKA_V_KEY(event->key, strlen(event->key)),
        RD_KAFKA_V_VALUE((void *)event->value, event->size), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(d), RD_KAFKA_V_END);
    if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    rd_kafka_headers_destroy(headers);
    free(d);
    log_event(LOG_WARN, "kafka_produce_refused", "error", rd_kafka_err2name(e), NULL);
    return -1;
}

/* ---- consumer: offsets in flight ---- */

static struct track *find_track(struct kafka *k, const char *topic, int32_t partition, bool make)
{
    struct track *spare = NULL;
    for (size_t i = 0; i < TRACKS_MAX; i++) {
        struct track *t = &k->tracks[i];
        if (t->used && t->partition == partition && strcmp(t->topic, topic) == 0)
            return t;
        if (!t->used && !spare)
            spare = t;
    }
    if (!make || !spare)
        return NULL;
    *spare = (struct track){.partition = partition, .used = true};
    snprintf(spare->topic, sizeof spare->topic, "%s", topic);
    return spare;
}

static void forget_tracks(struct kafka *k)
{
    for (size_t i = 0; i < TRACKS_MAX; i++)
        k->tracks[i].used = false;
    k->in_flight = 0;
}

static void store_offset(struct kafka *k, const struct track *t, int64_t next)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, t->topic, t->partition)->offset = next;
    rd_kafka_resp_err_t e = rd_kafka_offsets_store(k->consumer, list);
    if (e)
        log_event(LOG_DEBUG, "kafka_offset_not_stored", "error", rd_kafka_err2name(e), NULL);
    rd_kafka_topic_partition_list_destroy(list);
}

void kafka_done(struct kafka *k, const char *topic, int32_t partition, int64_t offset)
{
    struct track *t = k->group ? find_track(k, topic, partition, false) : NULL;
    if (!t)
        return;
    for (size_t i = 0; i < t->count; i++) {
        size_t at = (t->head + i) % IN_FLIGHT_MAX;
        if (t->offsets[at] == offset)
            t->done[at] = true;
    }
    int64_t next = -1;
    while (t->count > 0 && t->done[t->head]) {
        next = t->offsets[t->head] + 1;
        t->head = (t->head + 1) % IN_FLIGHT_MAX;
        t->count--;
        k->in_flight--;
    }
    if (next >= 0)
        store_offset(k, t, next);
}

static void note_in_flight(struct kafka *k, const char *topic, int32_t partition, int64_t offset)
{
    struct track *t = find_track(k, topic, partition, true);
    if (!t)
        return;
    size_t at = (t->head + t->count) % IN_FLIGHT_MAX;
    t->offsets[at] = offset;
    t->done[at] = false;
    t->count++;
    k->in_flight++;
}

/* ---- consumer: messages ---- */

/* NULL when absent or longer than out. */
static const char *header(const rd_kafka_message_t *m, const char *name, char *out, size_t size)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t n;
    if (rd_kafka_message_headers(m, &headers) != 0 || rd_kafka_header_get_last(headers, name, &value, &n) != 0 || n >= size)
        return NULL;
    memcpy(out, value, n);
    out[n] = '\0';
    return out;
}

/* With a NUL behind it; there may be others within. */
static char *copy_of(const void *payload, size_t size)
{
    char *copy = malloc(size + 1);
    if (!copy)
        return NULL;
    if (size > 0)
        memcpy(copy, payload, size);
    copy[size] = '\0';
    return copy;
}

/* A busy partition reaches its end again and again: each counts once. */
static void note_end(struct kafka *k, const char *topic, int32_t partition)
{
    bool all = true;
    for (size_t i = 0; k->topics && k->topics[i]; i++) {
        if (strcmp(k->topics[i], topic) == 0 && partition >= 0 && partition < PARTITIONS)
            k->ends[i] |= UINT32_C(1) << partition;
        all &= k->ends[i] == (UINT32_C(1) << PARTITIONS) - 1;
    }
    k->assigned |= all;
}

static void handle_message(struct kafka *k, const rd_kafka_message_t *m)
{
    const char *topic = m->rkt ? rd_kafka_topic_name(m->rkt) : "";
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        note_end(k, topic, m->partition);
        return;
    }
    if (m->err) {
        log_event(LOG_WARN, "kafka_consume_error", "topic", topic, "error",
                  rd_kafka_err2name(m->err), NULL);
        return;
    }
    char id[64] = "", command[64];
    char *value = copy_of(m->payload, m->len);
    header(m, "ce_id", id, sizeof id);
    struct kafka_message out = {.topic = topic, .id = id, .command = header(m, "ce_commandid", command, sizeof command),
                                .value = value, .size = m->len, .partition = m->partition, .offset = m->offset};
    if (k->group)
        note_in_flight(k, topic, m->partition, m->offset);
    if (value)
        k->message(k->user, &out);
    free(value);
}

static void wake(int fd)
{
    uint64_t one = 1;
    if (write(fd, &one, sizeof one) < 0 && errno != EAGAIN)
        log_event(LOG_WARN, "kafka_wake_failed", NULL);
}

static void drain_consumer(struct kafka *k)
{
    for (int i = 0; i < DRAIN_MAX; i++) {
        if (k->in_flight >= IN_FLIGHT_MAX || k->closing)
            return; /* the safety poll comes back */
        rd_kafka_message_t *m = rd_kafka_consumer_poll(k->consumer, 0);
        if (!m)
            return;
        handle_message(k, m);
        rd_kafka_message_destroy(m);
    }
    wake(k->consumer_fd);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                         rd_kafka_topic_partition_list_t *partitions, void *user)
{
    struct kafka *k = user;
    bool assign = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    forget_tracks(k);
    rd_kafka_assign(rk, assign ? partitions : NULL);
    k->assigned = assign;
    char count[16];
    snprintf(count, sizeof count, "%d", assign ? partitions->cnt : 0);
    log_event(LOG_INFO, "kafka_assigned", "partitions", count, NULL);
}

static rd_kafka_topic_partition_list_t *topic_list(const struct kafka_options *o)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS);
    int64_t from = o->last > 0 ? RD_KAFKA_OFFSET_TAIL(o->last) : RD_KAFKA_OFFSET_END;
    for (const char *const *topic = o->topics; *topic; topic++) {
        if (o->group)
            rd_kafka_topic_partition_list_add(list, *topic, RD_KAFKA_PARTITION_UA);
        for (int i = 0; i < PARTITIONS && !o->group; i++)
            rd_kafka_topic_partition_list_add(list, *topic, i)->offset = from;
    }
    return list;
}

static const char *const (*profile_settings(const char *name))[2]
{
    return strcmp(name, "mock") == 0 ? mock_settings : strcmp(name, "quick") == 0 ? quick_settings : real_settings;
}

static int open_consumer(struct kafka *k, const struct kafka_options *o)
{
    char error[256];
    rd_kafka_conf_t *conf = base_conf(k, o);
    if (!conf)
        return -1;
    rd_kafka_conf_set_rebalance_cb(conf, o->group ? on_rebalance : NULL);
    int bad = set_all(conf, consumer_settings) |
              set_all(conf, profile_settings(o->profile)) |
              set(conf, "group.id", o->group ? o->group : o->client_id) |
              set(conf, "enable.auto.commit", o->group ? "true" : "false") |
              set(conf, "enable.partition.eof", o->group ? "false" : "true") |
              set(conf, "auto.offset.reset", o->group ? "earliest" : "latest");
    if (bad || !(k->consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error))) {
        log_event(LOG_ERROR, "kafka_consumer_failed", NULL);
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    rd_kafka_poll_set_consumer(k->consumer);
    rd_kafka_topic_partition_list_t *list = topic_list(o);
    k->topics = o->group ? NULL : o->topics;
    rd_kafka_resp_err_t e =
        o->group ? rd_kafka_subscribe(k->consumer, list) : rd_kafka_assign(k->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    k->consumer_queue = rd_kafka_queue_get_consumer(k->consumer);
    return e ? -1 : 0;
}

/* ---- the loop ---- */

static void drain_all(void *user)
{
    struct kafka *k = user;
    drain_producer(k);
    if (k->consumer)
        drain_consumer(k);
    loop_timer_set(k->safety, SAFETY_POLL_MS);
}

static void clear(int fd)
{
    uint64_t n;
    if (read(fd, &n, sizeof n) < 0 && errno != EAGAIN)
        log_event(LOG_WARN, "kafka_wake_failed", NULL);
}

static void on_producer_fd(void *user, uint32_t events)
{
    (void)events;
    struct kafka *k = user;
    clear(k->producer_fd);
    drain_producer(k);
}

static void on_consumer_fd(void *user, uint32_t events)
{
    (void)events;
    struct kafka *k = user;
    clear(k->consumer_fd);
    drain_consumer(k);
}

static int attach(struct loop *l, rd_kafka_queue_t *queue, int *fd, struct loop_watch **watch,
                  loop_fd_fn fn, void *user)
{
    static const uint64_t one = 1;
    *fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    *watch = *fd < 0 ? NULL : loop_watch(l, *fd, EPOLLIN, fn, user);
    if (!*watch)
        return -1;
    rd_kafka_queue_io_event_enable(queue, *fd, &one, sizeof one);
    return 0;
}

struct kafka *kafka_new(struct loop *l, const struct kafka_options *o)
{
    struct kafka *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    k->loop = l;
    k->producer_fd = k->consumer_fd = -1;
    k->message = o->message;
    k->user = o->user;
    k->group = o->group != NULL;
    snprintf(k->source, sizeof k->source, "/beistand/%s", o->client_id);
    k->safety = loop_timer_new(l, drain_all, k);
    k->up = o->last > 0; /* else the producer's statistics tell */
    if (!k->up &&
        (open_producer(k, o) != 0 ||
         attach(l, k->producer_queue, &k->producer_fd, &k->producer_watch, on_producer_fd, k) != 0))
        goto failed;
    if (o->topics) {
        k->tracks = calloc(TRACKS_MAX, sizeof *k->tracks);
        if (!k->tracks || open_consumer(k, o) != 0 ||
            attach(l, k->consumer_queue, &k->consumer_fd, &k->consumer_watch, on_consumer_fd, k) != 0)
            goto failed;
    }
    drain_all(k);
    return k;
failed:
    kafka_free(k, 0);
    return NULL;
}

static void detach(struct kafka *k, rd_kafka_queue_t *queue, int fd, struct loop_watch *watch)
{
    if (queue) {
        rd_kafka_queue_io_event_enable(queue, -1, NULL, 0);
        rd_kafka_queue_destroy(queue);
    }
    loop_unwatch(k->loop, watch);
    if (fd >= 0)
        close(fd);
}

void kafka_free(struct kafka *k, int flush_ms)
{
    if (!k)
        return;
    k->closing = true;
    detach(k, k->consumer_queue, k->consumer_fd, k->consumer_watch);
    if (k->consumer) {
        rd_kafka_consumer_close(k->consumer);
        rd_kafka_destroy(k->consumer);
    }
    detach(k, k->producer_queue, k->producer_fd, k->producer_watch);
    for (size_t i = 0; i < k->n_warm; i++)
        rd_kafka_topic_destroy(k->warm[i]);
    if (k->producer) {
        rd_kafka_flush(k->producer, flush_ms);
        rd_kafka_destroy(k->producer);
    }
    loop_timer_free(k->safety);
    free(k->tracks);
    free(k);
}

bool kafka_ready(const struct kafka *k)
{
    return k->up && (!k->consumer || k->assigned);
}
