/* beistand-broker: librdkafka's in-memory cluster as a process of its own, so that one machine needs no Java.
 * Prints the bootstrap address on stdout, then serves until SIGTERM. Nothing survives it: everything that
 * must not be lost has its truth in Redis (docs/decisions/0003-embedded-broker.md). Loopback only. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARTITIONS = 12 }; /* of every topic: proto/OWNERS.md */

static const char *const topics[] = {"beistand.commands", "beistand.journal", "beistand.mail",
                                     "beistand.presence", "beistand.dead-letter"};

int main(void)
{
    char error[256];
    sigset_t set;
    int signal_number;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL); /* before librdkafka's threads start: they inherit it */
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    rd_kafka_mock_cluster_t *cluster = rk ? rd_kafka_mock_cluster_new(rk, 1) : NULL;
    if (!cluster) {
        fprintf(stderr, "beistand-broker: %s\n", rk ? "no cluster" : error);
        return 1;
    }
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        rd_kafka_mock_topic_create(cluster, topics[i], PARTITIONS, 1);
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    sigwait(&set, &signal_number);
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(rk);
    return 0;
}
