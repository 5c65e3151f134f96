/* agent/core/net.h on Linux: sockets, OpenSSL, poll. Used by simpc and the CLI. */
#include "agent/core/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct net {
    int fd;
    SSL *ssl;
    enum net_state state;
    bool tcp_done, wants_write;
    char error[160];
};

static SSL_CTX *context;

int64_t clock_monotonic_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int net_start(const char *ca_pem)
{
    BIO *bio = BIO_new_mem_buf(ca_pem, -1);
    context = SSL_CTX_new(TLS_client_method());
    if (!bio || !context)
        return -1;
    int trusted = 0;
    for (X509 *ca; (ca = PEM_read_bio_X509(bio, NULL, NULL, NULL)); X509_free(ca))
        trusted += X509_STORE_add_cert(SSL_CTX_get_cert_store(context), ca) == 1;
    BIO_free(bio);
    ERR_clear_error();
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    return trusted > 0 ? 0 : -1;
}

static void failed(struct net *n, const char *kind, const char *why)
{
    n->state = NET_FAILED;
    snprintf(n->error, sizeof n->error, "%s: %s", kind, why);
}

static int open_socket(struct net *n, const char *host, uint16_t port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    char service[8];
    int on = 1;
    snprintf(service, sizeof service, "%u", port);
    int e = getaddrinfo(host, service, &hints, &list);
    if (e != 0) {
        failed(n, "tcp", gai_strerror(e));
        return -1;
    }
    n->fd = socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(n->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (n->fd < 0 || (connect(n->fd, list->ai_addr, list->ai_addrlen) != 0 && errno != EINPROGRESS))
        failed(n, "tcp", strerror(errno));
    freeaddrinfo(list);
    return n->state == NET_FAILED ? -1 : 0;
}

struct net *net_connect(const char *host, uint16_t port)
{
    struct net *n = calloc(1, sizeof *n);
    struct in6_addr address;
    if (!n)
        return NULL;
    n->fd = -1;
    if (open_socket(n, host, port) != 0)
        return n;
    n->ssl = SSL_new(context);
    if (!n->ssl || SSL_set_fd(n->ssl, n->fd) != 1) {
        failed(n, "tls", "no memory");
        return n;
    }
    bool is_ip = inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
    if (is_ip) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(n->ssl), host);
    } else {
        SSL_set1_host(n->ssl, host);
        SSL_set_tlsext_host_name(n->ssl, host);
    }
    SSL_set_connect_state(n->ssl);
    n->wants_write = true;
    return n;
}

/* What an SSL call's result means: 0 wait, -1 broken. */
static int judge(struct net *n, int result)
{
    int e = SSL_get_error(n->ssl, result);
    n->wants_write = e == SSL_ERROR_WANT_WRITE;
    if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
        return 0;
    long verify = SSL_get_verify_result(n->ssl);
    if (e == SSL_ERROR_ZERO_RETURN)
        failed(n, "tcp", "closed by the other end");
    else if (verify != X509_V_OK)
        failed(n, "tls", X509_verify_cert_error_string(verify));
    else if (e == SSL_ERROR_SSL)
        failed(n, "tls", ERR_reason_error_string(ERR_get_error()));
    else
        failed(n, "tcp", errno ? strerror(errno) : "connection lost");
    ERR_clear_error();
    return -1;
}

enum net_state net_state(struct net *n)
{
    if (n->state != NET_CONNECTING)
        return n->state;
    if (!n->tcp_done) {
        struct pollfd p = {.fd = n->fd, .events = POLLOUT};
        int error = 0;
        socklen_t size = sizeof error;
        if (poll(&p, 1, 0) == 0)
            return n->state;
        getsockopt(n->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) {
            failed(n, "tcp", strerror(error));
            return n->state;
        }
        n->tcp_done = true;
    }
    errno = 0;
    int result = SSL_do_handshake(n->ssl);
    if (result == 1)
        n->state = NET_OPEN;
    else
        judge(n, result);
    return n->state;
}

int net_send(struct net *n, const void *data, size_t size)
{
    if (n->state != NET_OPEN)
        return -1;
    errno = 0;
    int result = SSL_write(n->ssl, data, (int)(size > 1 << 20 ? 1 << 20 : size));
    return result > 0 ? result : judge(n, result);
}

int net_recv(struct net *n, void *data, size_t size)
{
    if (n->state != NET_OPEN)
        return -1;
    errno = 0;
    int result = SSL_read(n->ssl, data, (int)size);
    return result > 0 ? result : judge(n, result);
}

const char *net_error(const struct net *n)
{
    return n->error[0] ? n->error : "tcp: connection lost";
}

void net_close(struct net *n)
{
    if (!n)
        return;
    if (n->ssl) {
        if (n->state == NET_OPEN)
            SSL_shutdown(n->ssl);
        SSL_free(n->ssl);
    }
    if (n->fd >= 0)
        close(n->fd);
    free(n);
}

void net_wait(struct net *const *set, const bool *want_write, size_t n, int extra, int timeout_ms)
{
    struct pollfd fds[NET_WAIT_MAX + 1];
    nfds_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (set[i]->fd < 0 || set[i]->state == NET_FAILED)
            timeout_ms = 0; /* it has something to tell already */
        else
            fds[count++] = (struct pollfd){
                .fd = set[i]->fd,
                .events = (short)(POLLIN | (want_write[i] || set[i]->wants_write || !set[i]->tcp_done ? POLLOUT : 0))};
        if (set[i]->ssl && SSL_pending(set[i]->ssl) > 0)
            timeout_ms = 0;
    }
    if (extra >= 0)
        fds[count++] = (struct pollfd){.fd = extra, .events = POLLIN};
    poll(fds, count, timeout_ms);
}
