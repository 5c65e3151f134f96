/* The service's end of the two pipes to a worker: overlapped, so that the one loop never waits for it. */
#ifndef BEISTAND_WIN_PIPE_H
#define BEISTAND_WIN_PIPE_H

#include "win.h"

#include "agent/core/ipc.h"

enum { PIPE_QUEUE_MAX = 65536 };

struct pipe {
    HANDLE in, out; /* INVALID_HANDLE_VALUE: none */
    OVERLAPPED reading, writing;
    bool read_pending, write_pending, broken;
    uint8_t input[2 * IPC_MESSAGE_MAX];
    size_t input_size;
    uint8_t queue[PIPE_QUEUE_MAX];
    size_t queued;
};

/* wake: manual-reset event that is set when something came. worker_in and worker_out are inheritable and the caller's
 * to close once the worker has started. */
bool pipe_open(struct pipe *p, HANDLE wake, HANDLE *worker_in, HANDLE *worker_out);
/* Hands every whole message to fn. false: the worker is gone or speaks nonsense. */
bool pipe_poll(struct pipe *p, void (*fn)(void *user, const struct ipc_message *m), void *user);
/* A worker that does not read for PIPE_QUEUE_MAX bytes is broken. */
void pipe_send(struct pipe *p, const struct ipc_message *m);
void pipe_close(struct pipe *p);

#endif
