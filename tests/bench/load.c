/* Load on the control plane at a fixed rate: each technician of a list prepares a session and ends it some time later,
 * over keep-alive HTTP/1.1 to gateways' own addresses (no TLS, no edge). Open loop: what is due is due whether or not
 * earlier requests were answered, and a request's time counts from when it was due, so that a stall counts for
 * everything that had to wait for it.
 *
 *   load RATE WARM_SECONDS SECONDS HOLD_MS CONNECTIONS KEYS_FILE HOST:PORT[,HOST:PORT…]
 *
 * RATE: creates a second, each followed HOLD_MS later by its end. One line of JSON on standard output. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    REQUEST_MAX = 1024, ANSWER_MAX = 32768, SID_SIZE = 27, KEY_MAX = 96, PEOPLE_MAX = 20000, CONNECTIONS_MAX = 4000,
    GATEWAYS_MAX = 8, EVENTS = 256, OUTSTANDING_MS = 15000,
    BUCKETS_PER_OCTAVE = 64, OCTAVES = 32,
};

struct person {
    char key[KEY_MAX];
    char sid[SID_SIZE]; /* of the session to be ended */
};

/* A request to be made. Kept in a ring per kind: within a kind what came first is due first. */
struct task {
    int64_t due; /* µs */
    uint32_t person;
    bool end;
};

struct ring {
    struct task *tasks;
    size_t size, head, count;
};

struct connection {
    int fd;
    bool busy;
    struct task task;
    size_t sent, request_size, got;
    char request[REQUEST_MAX], answer[ANSWER_MAX];
};

/* Counts by logarithmic steps of 1.1 %. */
struct histogram {
    uint64_t n, counts[OCTAVES * BUCKETS_PER_OCTAVE];
    int64_t max;
};

struct totals {
    struct histogram took;
    uint64_t failed;
    int first_failure; /* its status */
    char failure[160];
};

static struct {
    int epoll;
    double rate;
    int64_t warm, length, hold; /* µs */
    struct person *people;
    size_t n_people;
    struct sockaddr_in gateways[GATEWAYS_MAX];
    size_t n_gateways;
    struct connection *connections;
    size_t n_connections;
    size_t *idle, n_idle;
    struct ring creates, ends;
    int64_t started, measured_from, measured_to;
    uint64_t made, outstanding, keys;
    size_t peak;
    struct totals create, end;
} L;

static void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* ---- percentiles ---- */

static size_t step_of(int64_t us)
{
    uint64_t v = us < 1 ? 1 : (uint64_t)us;
    unsigned octave = 63U - (unsigned)__builtin_clzll(v);
    if (octave >= OCTAVES)
        return OCTAVES * BUCKETS_PER_OCTAVE - 1;
    uint64_t part = octave >= 6 ? (v >> (octave - 6)) - BUCKETS_PER_OCTAVE : (v << (6 - octave)) - BUCKETS_PER_OCTAVE;
    return octave * BUCKETS_PER_OCTAVE + part;
}

/* The upper end of a step, so that a percentile is never told too low. */
static double step_ms(size_t step)
{
    double base = (double)(1ULL << (step / BUCKETS_PER_OCTAVE));
    return base * (1.0 + (double)(step % BUCKETS_PER_OCTAVE + 1) / BUCKETS_PER_OCTAVE) / 1000.0;
}

static void count(struct histogram *h, int64_t us)
{
    h->n++;
    h->counts[step_of(us)]++;
    if (us > h->max)
        h->max = us;
}

static double percentile(const struct histogram *h, double p)
{
    uint64_t wanted = (uint64_t)((double)h->n * p / 100.0 + 0.999999), seen = 0;
    for (size_t i = 0; i < OCTAVES * BUCKETS_PER_OCTAVE; i++)
        if ((seen += h->counts[i]) >= wanted && h->n > 0)
            return step_ms(i);
    return 0;
}

/* ---- what is due ---- */

static void push(struct ring *r, struct task task)
{
    if (r->count == r->size) {
        fprintf(stderr, "load: more than %zu requests wait\n", r->size);
        exit(1);
    }
    r->tasks[(r->head + r->count++) % r->size] = task;
}

static bool first(const struct ring *r, struct task *out)
{
    if (r->count > 0)
        *out = r->tasks[r->head];
    return r->count > 0;
}

static void pop(struct ring *r)
{
    r->head = (r->head + 1) % r->size;
    r->count--;
}

/* Creates come evenly; technicians take turns. */
static void make_due(int64_t now)
{
    for (;;) {
        int64_t due = L.started + (int64_t)((double)L.made * 1e6 / L.rate);
        if (due > now || due >= L.measured_to)
            return;
        push(&L.creates, (struct task){.due = due, .person = (uint32_t)(L.made++ % L.n_people)});
    }
}

/* ---- connections ---- */

static void watch(struct connection *c, uint32_t events, int how)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (epoll_ctl(L.epoll, how, c->fd, &e) != 0)
        die("epoll_ctl");
}

static void dial(struct connection *c)
{
    const struct sockaddr_in *to = &L.gateways[(size_t)(c - L.connections) % L.n_gateways];
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)to, sizeof *to) != 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    watch(c, EPOLLIN, EPOLL_CTL_ADD);
}

static void write_request(struct connection *c)
{
    const struct person *p = &L.people[c->task.person];
    static const char body[] = "{\"send_email\":false}";
    int n = c->task.end
                ? snprintf(c->request, sizeof c->request,
                           "POST /v1/sessions/%s/end HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n",
                           p->sid, p->key)
                : snprintf(c->request, sizeof c->request,
                           "POST /v1/sessions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
                           "Idempotency-Key: %016llx%08x\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                           p->key, (unsigned long long)++L.keys, (unsigned)L.started, sizeof body - 1, body);
    c->request_size = (size_t)n;
    c->sent = c->got = 0;
}

static void flush(struct connection *c)
{
    ssize_t n = send(c->fd, c->request + c->sent, c->request_size - c->sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN)
        die("send");
    c->sent += n > 0 ? (size_t)n : 0;
    if (c->sent < c->request_size)
        watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

static void begin(struct task task)
{
    struct connection *c = &L.connections[L.idle[--L.n_idle]];
    c->busy = true;
    c->task = task;
    if (++L.outstanding > L.peak)
        L.peak = L.outstanding;
    write_request(c);
    flush(c);
}

static void begin_due(int64_t now)
{
    struct task task;
    make_due(now);
    while (L.n_idle > 0 && first(&L.ends, &task) && task.due <= now) {
        pop(&L.ends);
        begin(task);
    }
    while (L.n_idle > 0 && first(&L.creates, &task)) {
        pop(&L.creates);
        begin(task);
    }
}

/* ---- answers ---- */

static void fail(struct totals *t, int status, const char *body)
{
    if (t->failed++ == 0) {
        t->first_failure = status;
        snprintf(t->failure, sizeof t->failure, "%s", body);
        for (char *q = t->failure; *q; q++)
            if (*q == '"' || *q == '\\' || (unsigned char)*q < 0x20)
                *q = '\'';
    }
}

static void answered(struct connection *c, int status, const char *body)
{
    struct task task = c->task;
    struct totals *t = task.end ? &L.end : &L.create;
    struct person *p = &L.people[task.person];
    int64_t now = now_us();
    bool good = status == (task.end ? 202 : 201), measured = task.due >= L.measured_from && task.due < L.measured_to;
    L.idle[L.n_idle++] = (size_t)(c - L.connections);
    c->busy = false;
    L.outstanding--;
    if (!good) /* of the warm-up too */
        fail(t, status, body);
    else if (measured)
        count(&t->took, now - task.due);
    const char *id = good && !task.end ? strstr(body, "\"id\":\"") : NULL;
    if (!id)
        return;
    snprintf(p->sid, sizeof p->sid, "%.26s", id + 6);
    /* Of the due times of creates that were answered late the ends' would be out of order; theirs begin when they can. */
    int64_t due = task.due + L.hold > now ? task.due + L.hold : now;
    const struct task *last = L.ends.count ? &L.ends.tasks[(L.ends.head + L.ends.count - 1) % L.ends.size] : NULL;
    push(&L.ends, (struct task){.due = last && last->due > due ? last->due : due, .person = task.person, .end = true});
}

/* The whole answer is there: its status, and the body from *body on. 0: not yet. */
static int whole(struct connection *c, const char **body)
{
    c->answer[c->got] = '\0';
    char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = end ? strcasestr(c->answer, "\r\nContent-Length:") : NULL;
    if (!length || length > end)
        return 0;
    size_t size = strtoul(length + 17, NULL, 10);
    *body = end + 4;
    return c->got >= (size_t)(*body - c->answer) + size ? atoi(c->answer + 9) : 0;
}

static void take(struct connection *c)
{
    ssize_t n = recv(c->fd, c->answer + c->got, ANSWER_MAX - 1 - c->got, 0);
    const char *body = "";
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0 && c->busy) {
        fprintf(stderr, "load: a gateway closed a connection\n");
        exit(1);
    }
    if (n <= 0) { /* it was idle for long */
        close(c->fd);
        dial(c);
        return;
    }
    c->got += (size_t)n;
    int status = whole(c, &body);
    if (status > 0 && c->busy)
        answered(c, status, body);
}

/* ---- the run ---- */

static int wait_ms(int64_t now)
{
    int64_t next = L.started + (int64_t)((double)L.made * 1e6 / L.rate);
    struct task task;
    if (first(&L.ends, &task) && task.due < next)
        next = task.due;
    int64_t wait = (next - now + 999) / 1000; /* a spinning generator would take the processor from what it measures */
    return L.n_idle == 0 || wait > 100 ? 100 : wait < 0 ? 0 : (int)wait;
}

static bool over(int64_t now)
{
    bool done = now >= L.measured_to && L.outstanding + L.creates.count + L.ends.count == 0;
    return done || now >= L.measured_to + L.hold + OUTSTANDING_MS * 1000;
}

static void run(void)
{
    struct epoll_event events[EVENTS];
    L.started = now_us() + 100000;
    L.measured_from = L.started + L.warm;
    L.measured_to = L.measured_from + L.length;
    for (int64_t now = now_us(); !over(now); now = now_us()) {
        int n = epoll_wait(L.epoll, events, EVENTS, wait_ms(now));
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                watch(c, EPOLLIN, EPOLL_CTL_MOD);
                flush(c);
            }
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                take(c);
        }
        begin_due(now_us());
    }
}

static void print_totals(const char *name, const struct totals *t)
{
    printf("\"%s\":{\"answered\":%llu,\"failed\":%llu,\"status\":%d,\"failure\":\"%s\",\"p50\":%.2f,\"p90\":%.2f,\"p99\":%.2f,"
           "\"p999\":%.2f,\"max\":%.2f},",
           name, (unsigned long long)t->took.n, (unsigned long long)t->failed, t->first_failure, t->failure,
           percentile(&t->took, 50), percentile(&t->took, 90), percentile(&t->took, 99), percentile(&t->took, 99.9),
           (double)t->took.max / 1000.0);
}

/* ---- arguments ---- */

static void read_people(const char *path)
{
    FILE *f = fopen(path, "re");
    L.people = calloc(PEOPLE_MAX, sizeof *L.people);
    if (!f || !L.people)
        die(path);
    while (L.n_people < PEOPLE_MAX && fscanf(f, "%95s", L.people[L.n_people].key) == 1)
        L.n_people++;
    fclose(f);
}

static void read_gateways(char *list)
{
    char host[64];
    unsigned port;
    for (char *at = list; at && L.n_gateways < GATEWAYS_MAX; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        struct sockaddr_in *a = &L.gateways[L.n_gateways++];
        a->sin_family = AF_INET;
        if (sscanf(at, "%63[^:]:%u", host, &port) != 2 || inet_pton(AF_INET, host, &a->sin_addr) != 1)
            die(at);
        a->sin_port = htons((uint16_t)port);
    }
}

static struct ring ring_of(size_t size)
{
    struct ring r = {.tasks = calloc(size, sizeof *r.tasks), .size = size};
    if (!r.tasks)
        die("memory");
    return r;
}

int main(int argc, char **argv)
{
    if (argc != 8) {
        fprintf(stderr, "load RATE WARM_SECONDS SECONDS HOLD_MS CONNECTIONS KEYS_FILE HOST:PORT[,…]\n");
        return 2;
    }
    L.rate = atof(argv[1]);
    L.warm = (int64_t)(atof(argv[2]) * 1e6);
    L.length = (int64_t)(atof(argv[3]) * 1e6);
    L.hold = atoll(argv[4]) * 1000;
    L.n_connections = (size_t)atoi(argv[5]);
    read_people(argv[6]);
    read_gateways(argv[7]);
    if (L.rate <= 0 || L.n_people == 0 || L.n_connections < 1 || L.n_connections > CONNECTIONS_MAX)
        return 2;
    size_t all = (size_t)(L.rate * (double)(L.warm + L.length) / 1e6) + 2;
    L.creates = ring_of(all);
    L.ends = ring_of(all);
    L.connections = calloc(L.n_connections, sizeof *L.connections);
    L.idle = calloc(L.n_connections, sizeof *L.idle);
    L.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!L.connections || !L.idle || L.epoll < 0)
        die("start");
    for (size_t i = 0; i < L.n_connections; i++) {
        dial(&L.connections[i]);
        L.idle[L.n_idle++] = i;
    }
    run();
    struct histogram both = L.create.took;
    both.n += L.end.took.n;
    for (size_t i = 0; i < OCTAVES * BUCKETS_PER_OCTAVE; i++)
        both.counts[i] += L.end.took.counts[i];
    printf("{\"rate\":%g,\"seconds\":%.1f,\"people\":%zu,", L.rate, (double)L.length / 1e6, L.n_people);
    print_totals("create", &L.create);
    print_totals("end", &L.end);
    printf("\"operations\":%llu,\"p99\":%.2f,\"unanswered\":%llu,\"peak\":%zu}\n", (unsigned long long)both.n,
           percentile(&both, 99), (unsigned long long)(L.outstanding + L.creates.count + L.ends.count), L.peak);
    return 0;
}
