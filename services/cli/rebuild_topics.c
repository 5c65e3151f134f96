/* See rebuild.h. A consumer without a group that reads every partition once. */
#include "rebuild.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <string.h>

enum { ASK_MS = 10000, SILENCE_MS = 30000, PARTITIONS_MAX = 256, ERROR_MAX = 512 };

struct reader {
    rd_kafka_t *consumer;
    const char *topic;
    int partitions;
    int64_t ends[PARTITIONS_MAX]; /* offsets to read up to; -1: reached */
    int left;
};

static rd_kafka_t *open_consumer(struct rebuild *r, const char *bootstrap, const char *profile)
{
    const char *const settings[][2] = {{"bootstrap.servers", bootstrap},
                                       {"client.id", "rebuild"},
                                       {"group.id", "rebuild"},
                                       {"enable.auto.commit", "false"},
                                       {"enable.partition.eof", "false"},
                                       {"broker.address.family", strcmp(profile, "mock") == 0 ? "v4" : "any"},
                                       {"fetch.wait.max.ms", strcmp(profile, "mock") == 0 ? "3" : "100"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char error[ERROR_MAX];
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, sizeof error) != RD_KAFKA_CONF_OK) {
            rd_kafka_conf_destroy(conf);
            rebuild_failed(r, "kafka: %s", error);
            return NULL;
        }
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (!consumer) {
        rd_kafka_conf_destroy(conf);
        rebuild_failed(r, "kafka: %s", error);
        return NULL;
    }
    rd_kafka_poll_set_consumer(consumer);
    return consumer;
}

static bool count_partitions(struct rebuild *r, struct reader *t)
{
    const struct rd_kafka_metadata *found;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(t->consumer, t->topic, NULL);
    rd_kafka_resp_err_t e = rd_kafka_metadata(t->consumer, 0, topic, &found, ASK_MS);
    rd_kafka_topic_destroy(topic);
    if (e)
        return rebuild_failed(r, "kafka: %s: %s", t->topic, rd_kafka_err2str(e));
    t->partitions = found->topic_cnt == 1 && !found->topics[0].err ? found->topics[0].partition_cnt : 0;
    rd_kafka_metadata_destroy(found);
    if (t->partitions < 1 || t->partitions > PARTITIONS_MAX)
        return rebuild_failed(r, "kafka: there is no topic %s", t->topic);
    return true;
}

/* A partition may begin anywhere: retention has cut it off. */
static bool find_ends(struct rebuild *r, struct reader *t, rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < t->partitions; i++) {
        int64_t low, high;
        rd_kafka_resp_err_t e = rd_kafka_query_watermark_offsets(t->consumer, t->topic, i, &low, &high, ASK_MS);
        if (e)
            return rebuild_failed(r, "kafka: %s: %s", t->topic, rd_kafka_err2str(e));
        t->ends[i] = low < high ? high : -1;
        t->left += low < high;
        if (low < high)
            rd_kafka_topic_partition_list_add(list, t->topic, i)->offset = low;
    }
    return true;
}

static bool take(struct rebuild *r, struct reader *t, const rd_kafka_message_t *m, topic_fn fn)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t n;
    char id[64] = "";
    if (t->ends[m->partition] < 0)
        return true; /* came meanwhile */
    if (rd_kafka_message_headers(m, &headers) == 0 && rd_kafka_header_get_last(headers, "ce_id", &value, &n) == 0 &&
        n < sizeof id)
        snprintf(id, sizeof id, "%.*s", (int)n, (const char *)value);
    if (!fn(r, id, m->payload ? m->payload : "", m->len))
        return false;
    if (m->offset + 1 >= t->ends[m->partition]) {
        t->ends[m->partition] = -1;
        t->left--;
    }
    return true;
}

/* A compacted partition's last offset is always there: the newest segment is not compacted. */
static bool read_all(struct rebuild *r, struct reader *t, topic_fn fn)
{
    while (t->left > 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(t->consumer, SILENCE_MS);
        if (!m)
            return rebuild_failed(r, "kafka: %s: nothing came for %d s", t->topic, SILENCE_MS / 1000);
        bool good = m->err ? rebuild_failed(r, "kafka: %s: %s", t->topic, rd_kafka_message_errstr(m)) : take(r, t, m, fn);
        rd_kafka_message_destroy(m);
        if (!good)
            return false;
    }
    return true;
}

bool rebuild_read_topic(struct rebuild *r, const char *bootstrap, const char *profile, const char *topic, topic_fn fn)
{
    struct reader t = {.consumer = open_consumer(r, bootstrap, profile), .topic = topic};
    if (!t.consumer)
        return false;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    bool good = count_partitions(r, &t) && find_ends(r, &t, list);
    if (good && t.left > 0) {
        rd_kafka_resp_err_t e = rd_kafka_assign(t.consumer, list);
        good = e ? rebuild_failed(r, "kafka: %s", rd_kafka_err2str(e)) : read_all(r, &t, fn);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_close(t.consumer);
    rd_kafka_destroy(t.consumer);
    return good;
}
