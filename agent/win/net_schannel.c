/* agent/core/net.h on Windows: Winsock sockets, TLS by SChannel (SSPI), one event per connection. */
#define SECURITY_WIN32
#define SCHANNEL_USE_BLACKLISTS
#include "win.h"

#include "agent/core/net.h"
#include "tls_verify.h"

#include <subauth.h>
#include <schannel.h>
#include <security.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CIPHER_MAX = 2 * (16384 + 2048 + 5), PLAIN_MAX = 16384 + 2048, OUT_MAX = 32768 };
enum phase { PHASE_TCP, PHASE_HANDSHAKE, PHASE_OPEN };

#define HANDSHAKE_FLAGS                                                                                                \
    (ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY | ISC_REQ_EXTENDED_ERROR |              \
     ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_STREAM | ISC_REQ_MANUAL_CRED_VALIDATION | ISC_REQ_USE_SUPPLIED_CREDS)

struct net {
    SOCKET socket;
    WSAEVENT event;
    struct addrinfo *addresses, *address; /* address: the one being tried */
    enum net_state state;
    enum phase phase;
    char host[256];
    wchar_t host_wide[256];
    CtxtHandle context;
    bool has_context;
    bool blocked;    /* a write would have waited */
    bool incomplete; /* what came is no whole record yet */
    SecPkgContext_StreamSizes sizes;
    uint8_t cipher[CIPHER_MAX];
    size_t cipher_size;
    uint8_t plain[PLAIN_MAX];
    size_t plain_at, plain_size;
    uint8_t out[OUT_MAX];
    size_t out_at, out_size;
    char error[160];
};

static CredHandle credentials;

int64_t clock_monotonic_ms(void)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    return now.QuadPart / frequency.QuadPart * 1000 + now.QuadPart % frequency.QuadPart * 1000 / frequency.QuadPart;
}

int64_t clock_wall_ms(void)
{
    /* FILETIME counts 100 ns from 1601; 11644473600 s lie between that and 1970. */
    FILETIME t;
    GetSystemTimeAsFileTime(&t);
    return (int64_t)(((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime) / 10000) - 11644473600000;
}

/* SCH_CREDENTIALS allows TLS 1.3 where Windows has it (2019 and newer); older ones only know SCHANNEL_CRED. */
static int acquire(void)
{
    enum { FLAGS = SCH_CRED_MANUAL_CRED_VALIDATION | SCH_CRED_NO_DEFAULT_CREDS | SCH_CRED_NO_SERVERNAME_CHECK | SCH_USE_STRONG_CRYPTO };
    TLS_PARAMETERS below_1_2 = {.grbitDisabledProtocols = SP_PROT_TLS1_1_CLIENT | SP_PROT_TLS1_0_CLIENT | SP_PROT_SSL3_CLIENT};
    SCH_CREDENTIALS modern = {.dwVersion = SCH_CREDENTIALS_VERSION, .dwFlags = FLAGS, .cTlsParameters = 1, .pTlsParameters = &below_1_2};
    SCHANNEL_CRED old = {.dwVersion = SCHANNEL_CRED_VERSION, .dwFlags = FLAGS, .grbitEnabledProtocols = SP_PROT_TLS1_2_CLIENT};
    TimeStamp expiry;
    wchar_t package[] = UNISP_NAME_W;
    SECURITY_STATUS status =
        AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &modern, NULL, NULL, &credentials, &expiry);
    if (status != SEC_E_OK)
        status = AcquireCredentialsHandleW(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &old, NULL, NULL, &credentials, &expiry);
    return status == SEC_E_OK ? 0 : -1;
}

int net_start(const char *ca_pem)
{
    WSADATA data;
    return WSAStartup(MAKEWORD(2, 2), &data) == 0 && tls_trust(ca_pem) == 0 ? acquire() : -1;
}

static void failed(struct net *n, const char *kind, const char *why, long code)
{
    if (n->state == NET_FAILED)
        return;
    n->state = NET_FAILED;
    if (code)
        snprintf(n->error, sizeof n->error, "%s: %s (%ld)", kind, why, code);
    else
        snprintf(n->error, sizeof n->error, "%s: %s", kind, why);
}

/* ---- TCP ---- */

static void close_socket(struct net *n)
{
    if (n->socket != INVALID_SOCKET)
        closesocket(n->socket);
    n->socket = INVALID_SOCKET;
}

/* The addresses of the host are tried one after the other. */
static void try_next_address(struct net *n, long last_error)
{
    for (; n->address; n->address = n->address->ai_next) {
        BOOL on = TRUE;
        close_socket(n);
        n->socket = socket(n->address->ai_family, SOCK_STREAM, IPPROTO_TCP);
        if (n->socket == INVALID_SOCKET)
            continue;
        setsockopt(n->socket, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof on);
        /* Also makes it non-blocking. */
        WSAEventSelect(n->socket, n->event, FD_CONNECT | FD_READ | FD_WRITE | FD_CLOSE);
        if (connect(n->socket, n->address->ai_addr, (int)n->address->ai_addrlen) == 0 || WSAGetLastError() == WSAEWOULDBLOCK)
            return;
        last_error = WSAGetLastError();
    }
    failed(n, "tcp", "no connection", last_error);
}

struct net *net_connect(const char *host, uint16_t port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    char service[8];
    struct net *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->socket = INVALID_SOCKET;
    n->event = WSACreateEvent();
    snprintf(n->host, sizeof n->host, "%s", host);
    to_wide(n->host_wide, sizeof n->host_wide / sizeof *n->host_wide, host);
    snprintf(service, sizeof service, "%u", port);
    int e = getaddrinfo(host, service, &hints, &n->addresses);
    n->address = n->addresses;
    if (e != 0)
        failed(n, "tcp", "the host's name is not known", e);
    else
        try_next_address(n, 0);
    return n;
}

static void step_tcp(struct net *n)
{
    fd_set writable, broken;
    struct timeval now = {0, 0};
    FD_ZERO(&writable);
    FD_ZERO(&broken);
    FD_SET(n->socket, &writable);
    FD_SET(n->socket, &broken);
    if (select(0, NULL, &writable, &broken, &now) <= 0)
        return;
    if (FD_ISSET(n->socket, &broken)) {
        int error = 0, size = sizeof error;
        getsockopt(n->socket, SOL_SOCKET, SO_ERROR, (char *)&error, &size);
        n->address = n->address->ai_next;
        try_next_address(n, error);
        return;
    }
    n->phase = PHASE_HANDSHAKE;
}

/* false: broken. */
static bool flush(struct net *n)
{
    while (n->out_at < n->out_size) {
        int sent = send(n->socket, (const char *)n->out + n->out_at, (int)(n->out_size - n->out_at), 0);
        if (sent < 0 && WSAGetLastError() == WSAEWOULDBLOCK) {
            n->blocked = true;
            return true;
        }
        if (sent <= 0) {
            failed(n, "tcp", "connection lost", WSAGetLastError());
            return false;
        }
        n->out_at += (size_t)sent;
    }
    n->out_at = n->out_size = 0;
    n->blocked = false;
    return true;
}

/* Reads ciphertext. 1 something came, 0 nothing now, -1 closed or broken. */
static int fill(struct net *n)
{
    if (n->cipher_size == sizeof n->cipher)
        return 1;
    int got = recv(n->socket, (char *)n->cipher + n->cipher_size, (int)(sizeof n->cipher - n->cipher_size), 0);
    if (got > 0) {
        n->cipher_size += (size_t)got;
        n->incomplete = false;
        return 1;
    }
    if (got < 0 && WSAGetLastError() == WSAEWOULDBLOCK)
        return 0;
    failed(n, "tcp", got == 0 ? "closed by the other end" : "connection lost", got == 0 ? 0 : WSAGetLastError());
    return -1;
}

/* ---- TLS ---- */

static void keep_extra(struct net *n, const SecBuffer *buffers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (buffers[i].BufferType == SECBUFFER_EXTRA && buffers[i].cbBuffer <= n->cipher_size) {
            memmove(n->cipher, n->cipher + n->cipher_size - buffers[i].cbBuffer, buffers[i].cbBuffer);
            n->cipher_size = buffers[i].cbBuffer;
            return;
        }
    n->cipher_size = 0;
}

static bool queue_token(struct net *n, SecBuffer *token)
{
    bool fits = token->cbBuffer <= sizeof n->out - n->out_size;
    if (token->pvBuffer && token->cbBuffer > 0 && fits) {
        memcpy(n->out + n->out_size, token->pvBuffer, token->cbBuffer);
        n->out_size += token->cbBuffer;
    }
    if (token->pvBuffer)
        FreeContextBuffer(token->pvBuffer);
    if (!fits)
        failed(n, "tls", "the handshake's message is too large", 0);
    return fits && flush(n);
}

static void handshake_done(struct net *n)
{
    PCCERT_CONTEXT leaf = NULL;
    const char *why = "no certificate";
    if (QueryContextAttributesW(&n->context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &leaf) == SEC_E_OK && leaf)
        why = tls_verify(leaf, n->host);
    if (leaf)
        CertFreeCertificateContext(leaf);
    if (why) {
        failed(n, "tls", why, 0);
    } else if (QueryContextAttributesW(&n->context, SECPKG_ATTR_STREAM_SIZES, &n->sizes) != SEC_E_OK) {
        failed(n, "tls", "no stream sizes", 0);
    } else {
        n->phase = PHASE_OPEN;
        n->state = NET_OPEN;
    }
}

/* One call of SChannel with what has come. true: call again at once. */
static bool handshake_once(struct net *n)
{
    SecBuffer in[2] = {{(unsigned long)n->cipher_size, SECBUFFER_TOKEN, n->cipher}, {0, SECBUFFER_EMPTY, NULL}};
    SecBuffer out[1] = {{0, SECBUFFER_TOKEN, NULL}};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 2, in}, out_desc = {SECBUFFER_VERSION, 1, out};
    ULONG attributes;
    TimeStamp expiry;
    bool first = !n->has_context;
    SECURITY_STATUS status =
        InitializeSecurityContextW(&credentials, first ? NULL : &n->context, n->host_wide, HANDSHAKE_FLAGS, 0, 0,
                                   first ? NULL : &in_desc, 0, &n->context, &out_desc, &attributes, &expiry);
    if (status == SEC_E_INCOMPLETE_MESSAGE)
        return fill(n) > 0;
    n->has_context = n->has_context || status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED;
    if (!queue_token(n, &out[0]))
        return false;
    if (status == SEC_I_INCOMPLETE_CREDENTIALS)
        return true; /* the server would like a certificate of ours: go on without */
    if (!first && (status == SEC_E_OK || status == SEC_I_CONTINUE_NEEDED))
        keep_extra(n, in, 2);
    if (status == SEC_E_OK) {
        if (n->state != NET_OPEN)
            handshake_done(n);
        return false;
    }
    if (status != SEC_I_CONTINUE_NEEDED) {
        failed(n, "tls", "the handshake failed", status);
        return false;
    }
    return n->cipher_size > 0 || fill(n) > 0;
}

enum net_state net_state(struct net *n)
{
    if (n->state == NET_CONNECTING && n->phase == PHASE_TCP)
        step_tcp(n);
    if (n->state == NET_CONNECTING && n->phase == PHASE_HANDSHAKE && flush(n) && (!n->has_context || fill(n) > 0))
        while (handshake_once(n))
            ;
    return n->state;
}

int net_send(struct net *n, const void *data, size_t size)
{
    if (n->state != NET_OPEN || !flush(n))
        return -1;
    if (n->out_size > 0)
        return 0;
    size_t room = sizeof n->out - n->sizes.cbHeader - n->sizes.cbTrailer;
    size = size < n->sizes.cbMaximumMessage ? size : n->sizes.cbMaximumMessage;
    size = size < room ? size : room;
    memcpy(n->out + n->sizes.cbHeader, data, size);
    SecBuffer buffers[4] = {{n->sizes.cbHeader, SECBUFFER_STREAM_HEADER, n->out},
                            {(unsigned long)size, SECBUFFER_DATA, n->out + n->sizes.cbHeader},
                            {n->sizes.cbTrailer, SECBUFFER_STREAM_TRAILER, n->out + n->sizes.cbHeader + size},
                            {0, SECBUFFER_EMPTY, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
    SECURITY_STATUS status = EncryptMessage(&n->context, 0, &desc, 0);
    if (status != SEC_E_OK) {
        failed(n, "tls", "encryption failed", status);
        return -1;
    }
    n->out_size = buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer;
    return flush(n) ? (int)size : -1;
}

static void take_plain(struct net *n, const SecBuffer *buffers)
{
    n->plain_at = n->plain_size = 0;
    for (int i = 0; i < 4; i++)
        if (buffers[i].BufferType == SECBUFFER_DATA && buffers[i].cbBuffer <= sizeof n->plain) {
            memcpy(n->plain, buffers[i].pvBuffer, buffers[i].cbBuffer);
            n->plain_size = buffers[i].cbBuffer;
        }
}

/* One record of what has come. 1 go on, 0 more is needed, -1 over. */
static int decrypt(struct net *n)
{
    SecBuffer buffers[4] = {{(unsigned long)n->cipher_size, SECBUFFER_DATA, n->cipher},
                            {0, SECBUFFER_EMPTY, NULL},
                            {0, SECBUFFER_EMPTY, NULL},
                            {0, SECBUFFER_EMPTY, NULL}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 4, buffers};
    if (n->cipher_size == 0)
        return 0;
    SECURITY_STATUS status = DecryptMessage(&n->context, &desc, 0, NULL);
    n->incomplete = status == SEC_E_INCOMPLETE_MESSAGE;
    if (n->incomplete)
        return 0;
    if (status != SEC_E_OK && status != SEC_I_RENEGOTIATE) {
        failed(n, status == SEC_I_CONTEXT_EXPIRED ? "tcp" : "tls",
               status == SEC_I_CONTEXT_EXPIRED ? "closed by the other end" : "decryption failed",
               status == SEC_I_CONTEXT_EXPIRED ? 0 : status);
        return -1;
    }
    take_plain(n, buffers);
    keep_extra(n, buffers, 4);
    /* TLS 1.3: a ticket or a key update came; SChannel wants it back as a handshake token. */
    if (status == SEC_I_RENEGOTIATE)
        while (n->state == NET_OPEN && handshake_once(n))
            ;
    return n->state == NET_OPEN ? 1 : -1;
}

int net_recv(struct net *n, void *data, size_t size)
{
    if (n->state != NET_OPEN)
        return -1;
    while (n->plain_at == n->plain_size) {
        int result = decrypt(n);
        if (result < 0)
            return -1;
        if (result == 0) {
            result = fill(n);
            if (result <= 0)
                return result;
        }
    }
    size_t got = n->plain_size - n->plain_at;
    got = got < size ? got : size;
    memcpy(data, n->plain + n->plain_at, got);
    n->plain_at += got;
    return (int)got;
}

const char *net_error(const struct net *n)
{
    return n->error[0] ? n->error : "tcp: connection lost";
}

/* close_notify (RFC 8446, 6.1), as far as the socket takes it. */
static void shut_down(struct net *n)
{
    DWORD kind = SCHANNEL_SHUTDOWN;
    SecBuffer in[1] = {{sizeof kind, SECBUFFER_TOKEN, &kind}}, out[1] = {{0, SECBUFFER_TOKEN, NULL}};
    SecBufferDesc in_desc = {SECBUFFER_VERSION, 1, in}, out_desc = {SECBUFFER_VERSION, 1, out};
    ULONG attributes;
    TimeStamp expiry;
    if (!flush(n) || ApplyControlToken(&n->context, &in_desc) != SEC_E_OK)
        return;
    if (InitializeSecurityContextW(&credentials, &n->context, n->host_wide, HANDSHAKE_FLAGS, 0, 0, NULL, 0, NULL, &out_desc,
                                   &attributes, &expiry) == SEC_E_OK)
        queue_token(n, &out[0]);
}

void net_close(struct net *n)
{
    if (!n)
        return;
    if (n->state == NET_OPEN)
        shut_down(n);
    if (n->has_context)
        DeleteSecurityContext(&n->context);
    close_socket(n);
    if (n->event != WSA_INVALID_EVENT)
        WSACloseEvent(n->event);
    if (n->addresses)
        freeaddrinfo(n->addresses);
    SecureZeroMemory(n, sizeof *n);
    free(n);
}

/* extra: a HANDLE (Windows keeps handles within 32 bits for exactly such uses). */
void net_wait(struct net *const *set, const bool *want_write, size_t n, int extra, int timeout_ms)
{
    HANDLE handles[NET_WAIT_MAX + 1];
    struct net *of[NET_WAIT_MAX];
    DWORD count = 0, events = 0;
    for (size_t i = 0; i < n; i++) {
        const struct net *one = set[i];
        bool readable = one->plain_at < one->plain_size || (one->cipher_size > 0 && !one->incomplete);
        bool writable = want_write[i] && !one->blocked;
        if (one->state == NET_FAILED || (one->state == NET_OPEN && (readable || writable)))
            timeout_ms = 0;
        of[events] = set[i];
        handles[events++] = set[i]->event;
    }
    count = events;
    if (extra >= 0)
        handles[count++] = (HANDLE)(intptr_t)extra;
    if (count == 0) {
        Sleep((DWORD)timeout_ms);
        return;
    }
    if (WaitForMultipleObjects(count, handles, FALSE, (DWORD)timeout_ms) == WAIT_TIMEOUT)
        return;
    for (DWORD i = 0; i < events; i++) {
        WSANETWORKEVENTS happened;
        /* Resets the event; reads and writes that follow arm it again. */
        if (of[i]->socket != INVALID_SOCKET && WSAEnumNetworkEvents(of[i]->socket, of[i]->event, &happened) == 0 &&
            (happened.lNetworkEvents & FD_WRITE))
            of[i]->blocked = false;
    }
}
