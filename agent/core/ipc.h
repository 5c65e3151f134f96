/* What the service of the Windows program and its worker in the customer's session say to each other through two
 * pipes: messages of one shape. Sans-I/O. Integers little-endian. */
#ifndef BEISTAND_IPC_H
#define BEISTAND_IPC_H

#include <stddef.h>
#include <stdint.h>

enum { IPC_VALUES = 4, IPC_TEXT_MAX = 1023, IPC_HEAD = 2 + 2 + 4 * IPC_VALUES, IPC_MESSAGE_MAX = IPC_HEAD + IPC_TEXT_MAX };

enum ipc_type {
    /* service → worker */
    IPC_STATUS = 1, /* text: what to show; v[0] enum ipc_look */
    IPC_ASK,        /* text: the question, '\n', a note; v[0]: 0 code, 1 last eight digits */
    IPC_FINAL,      /* text: the last words; v[0] milliseconds to show them; then the worker ends */
    IPC_CAPTURE,    /* v[0]: 1 start, 0 stop (and let go of every key) */
    IPC_GRAB,       /* one more picture, please */
    IPC_KEY,        /* v: down, keysym, scancode */
    IPC_POINTER,    /* v: x, y, buttons */
    /* worker → service */
    IPC_READY,      /* the worker's windows are there */
    IPC_ANSWER,     /* text: digits; v[0] as in IPC_ASK */
    IPC_END,        /* the customer ends the session or gives up */
    IPC_SCREEN,     /* v: width, height, handle of the shared section in the worker; text: "" */
    IPC_FRAME,      /* a picture is ready */
    IPC_TYPES
};

enum ipc_look { IPC_LOOK_BUSY, IPC_LOOK_SESSION, IPC_LOOK_CONNECTED };

struct ipc_message {
    uint16_t type;
    int32_t v[IPC_VALUES];
    char text[IPC_TEXT_MAX + 1];
};

/* Bytes written to out (IPC_MESSAGE_MAX). */
size_t ipc_encode(uint8_t *out, const struct ipc_message *m);
/* Bytes used, 0: more are needed, -1: no such message. */
int ipc_decode(struct ipc_message *out, const uint8_t *data, size_t n);

#endif
