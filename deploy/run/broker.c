/* beistand-broker: the embedded broker of a single machine without Kafka.
 *
 * librdkafka carries an in-memory cluster for its own tests; this process keeps one alive, makes the
 * topics (nobody else can: it answers no CreateTopics) and prints where it listens as the first line.
 * Nothing is kept on disk: work that must not be lost has a due time in Redis and is commanded again
 * (DESIGN 2, "Embedded default"). It listens on loopback only.
 *
 *   beistand-broker [PORT [TOPIC:PARTITIONS...]]       (port 0, the default: any)
 */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TOPIC_NAME_MAX = 200, PARTITIONS_MAX = 64 };

/* proto/OWNERS.md */
static const char *const default_topics[] = {"beistand.commands:12", "beistand.journal:12",
                                             "beistand.mail:12", "beistand.presence:12",
                                             "beistand.dead-letter:12"};
static in_port_t wanted_port;
static atomic_bool topics_made;

/* Stands before libc's bind() for the library too: the in-memory cluster asks for any port, and a
 * broker that is started again elsewhere would never be found by the services of its former life. */
int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    struct sockaddr_in fixed;
    int on = 1;
    if (address->sa_family != AF_INET || size != sizeof fixed)
        return (int)syscall(SYS_bind, fd, address, size);
    memcpy(&fixed, address, sizeof fixed);
    if (fixed.sin_port == 0 && wanted_port) {
        fixed.sin_port = htons(wanted_port);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    }
    return (int)syscall(SYS_bind, fd, &fixed, sizeof fixed);
}

/* Nobody is served before the topics are there: the first client's question for one would make it, with the
 * library's own number of partitions. */
int accept(int fd, struct sockaddr *address, socklen_t *size)
{
    if (!atomic_load(&topics_made)) {
        errno = EAGAIN;
        return -1;
    }
    return (int)syscall(SYS_accept4, fd, address, size, 0);
}

static int make_topic(rd_kafka_mock_cluster_t *cluster, const char *argument)
{
    char name[TOPIC_NAME_MAX + 1];
    const char *colon = strchr(argument, ':');
    size_t n = colon ? (size_t)(colon - argument) : 0;
    char *end = NULL;
    long partitions = colon ? strtol(colon + 1, &end, 10) : 0;
    if (n == 0 || n > TOPIC_NAME_MAX || *end || partitions < 1 || partitions > PARTITIONS_MAX) {
        fprintf(stderr, "beistand-broker: TOPIC:PARTITIONS expected, got \"%s\"\n", argument);
        return -1;
    }
    memcpy(name, argument, n);
    name[n] = '\0';
    rd_kafka_resp_err_t e = rd_kafka_mock_topic_create(cluster, name, (int)partitions, 1);
    if (e) {
        fprintf(stderr, "beistand-broker: %s: %s\n", name, rd_kafka_err2str(e));
        return -1;
    }
    return 0;
}

static int make_topics(rd_kafka_mock_cluster_t *cluster, int n, char *const *arguments)
{
    int bad = 0;
    for (int i = 0; i < n; i++)
        bad |= make_topic(cluster, arguments[i]);
    for (size_t i = 0; n == 0 && i < sizeof default_topics / sizeof *default_topics; i++)
        bad |= make_topic(cluster, default_topics[i]);
    return bad;
}

static rd_kafka_t *open_handle(void)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    /* The handle itself connects nowhere; its log would only speak of that. */
    rd_kafka_conf_set_log_cb(conf, NULL);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (!rk) {
        fprintf(stderr, "beistand-broker: %s\n", error);
        rd_kafka_conf_destroy(conf);
    }
    return rk;
}

/* The signals are blocked before any thread exists, so all of librdkafka's inherit the mask. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    sigset_t stop;
    int status = 1, signal_number;
    long port = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    if (port < 0 || port > 65535) {
        fprintf(stderr, "usage: beistand-broker [PORT [TOPIC:PARTITIONS...]]\n");
        return 2;
    }
    wanted_port = (in_port_t)port;
    block_signals(&stop);
    rd_kafka_t *rk = open_handle();
    if (!rk)
        return 1;
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, 1);
    if (!cluster || make_topics(cluster, argc > 2 ? argc - 2 : 0, argv + 2) != 0)
        goto out;
    atomic_store(&topics_made, true);
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    status = sigwait(&stop, &signal_number) == 0 ? 0 : 1;
out:
    if (cluster)
        rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(rk);
    return status;
}
