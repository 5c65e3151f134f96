/* See pipe.h. */
#include "pipe.h"

#include "agent/core/crypto.h"

#include <stdio.h>
#include <string.h>

enum { BUFFER = 16384 };

/* One direction: the service's end is overlapped, the worker's inheritable and plain. */
static bool one_way(bool to_worker, HANDLE *ours, HANDLE *theirs)
{
    wchar_t name[80];
    uint8_t random[16];
    SECURITY_ATTRIBUTES inherit = {.nLength = sizeof inherit, .bInheritHandle = TRUE};
    crypto_random(random, sizeof random);
    size_t n = (size_t)_snwprintf(name, 80, L"\\\\.\\pipe\\beistand-");
    for (size_t i = 0; i < sizeof random; i++)
        n += (size_t)_snwprintf(name + n, 80 - n, L"%02x", random[i]);
    *ours = CreateNamedPipeW(name, (to_worker ? PIPE_ACCESS_OUTBOUND : PIPE_ACCESS_INBOUND) | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
                             PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, BUFFER, BUFFER, 0, NULL);
    if (*ours == INVALID_HANDLE_VALUE)
        return false;
    *theirs = CreateFileW(name, to_worker ? GENERIC_READ : GENERIC_WRITE, 0, &inherit, OPEN_EXISTING, 0, NULL);
    return *theirs != INVALID_HANDLE_VALUE;
}

bool pipe_open(struct pipe *p, HANDLE wake, HANDLE *worker_in, HANDLE *worker_out)
{
    memset(p, 0, sizeof *p);
    p->in = p->out = *worker_in = *worker_out = INVALID_HANDLE_VALUE;
    p->reading.hEvent = wake;
    p->writing.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (p->writing.hEvent && one_way(true, &p->out, worker_in) && one_way(false, &p->in, worker_out))
        return true;
    if (*worker_in != INVALID_HANDLE_VALUE)
        CloseHandle(*worker_in);
    pipe_close(p);
    return false;
}

static bool take_messages(struct pipe *p, void (*fn)(void *user, const struct ipc_message *m), void *user)
{
    struct ipc_message m;
    int used;
    while ((used = ipc_decode(&m, p->input, p->input_size)) > 0) {
        p->input_size -= (size_t)used;
        memmove(p->input, p->input + used, p->input_size);
        fn(user, &m);
    }
    return used == 0;
}

static bool start_read(struct pipe *p)
{
    /* A whole message fits behind whatever part of one is there. */
    DWORD room = (DWORD)(sizeof p->input - p->input_size);
    p->read_pending = ReadFile(p->in, p->input + p->input_size, room, NULL, &p->reading) || GetLastError() == ERROR_IO_PENDING;
    return p->read_pending;
}

/* 1 read something, 0 nothing yet, -1 over. */
static int finish_read(struct pipe *p)
{
    DWORD n = 0;
    if (!p->read_pending)
        return start_read(p) ? 0 : -1;
    if (!GetOverlappedResult(p->in, &p->reading, &n, FALSE))
        return GetLastError() == ERROR_IO_INCOMPLETE ? 0 : -1;
    p->read_pending = false;
    p->input_size += n;
    return n > 0 ? 1 : -1;
}

static void pump_out(struct pipe *p)
{
    DWORD n = 0;
    if (p->write_pending) {
        if (!GetOverlappedResult(p->out, &p->writing, &n, FALSE)) {
            p->broken = p->broken || GetLastError() != ERROR_IO_INCOMPLETE;
            return;
        }
        p->write_pending = false;
        p->queued -= n;
        memmove(p->queue, p->queue + n, p->queued);
    }
    if (p->queued == 0 || p->broken)
        return;
    /* What is in flight stays where it is: pipe_send() only appends. */
    p->write_pending = WriteFile(p->out, p->queue, (DWORD)p->queued, NULL, &p->writing) || GetLastError() == ERROR_IO_PENDING;
    p->broken = !p->write_pending;
}

bool pipe_poll(struct pipe *p, void (*fn)(void *user, const struct ipc_message *m), void *user)
{
    int result;
    ResetEvent(p->reading.hEvent);
    while ((result = finish_read(p)) > 0)
        if (!take_messages(p, fn, user) || !start_read(p))
            return false;
    pump_out(p);
    return result == 0 && !p->broken;
}

void pipe_send(struct pipe *p, const struct ipc_message *m)
{
    uint8_t bytes[IPC_MESSAGE_MAX];
    size_t n = ipc_encode(bytes, m);
    if (p->out == INVALID_HANDLE_VALUE || p->broken)
        return;
    if (n > sizeof p->queue - p->queued) {
        p->broken = true;
        return;
    }
    memcpy(p->queue + p->queued, bytes, n);
    p->queued += n;
    pump_out(p);
}

static void close_end(HANDLE *end, OVERLAPPED *io, bool pending)
{
    DWORD n;
    if (*end == INVALID_HANDLE_VALUE)
        return;
    if (pending && CancelIo(*end))
        GetOverlappedResult(*end, io, &n, TRUE); /* the buffer is ours again only then */
    CloseHandle(*end);
    *end = INVALID_HANDLE_VALUE;
}

void pipe_close(struct pipe *p)
{
    close_end(&p->in, &p->reading, p->read_pending);
    close_end(&p->out, &p->writing, p->write_pending);
    if (p->writing.hEvent)
        CloseHandle(p->writing.hEvent);
    p->writing.hEvent = NULL;
    p->read_pending = p->write_pending = false;
}
