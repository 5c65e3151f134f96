/* See worker.h. The main thread reads the pipe and does the input; window and screen have threads of their own. */
#include "worker.h"

#include "agent/core/ipc.h"
#include "capture.h"
#include "input.h"
#include "store.h"
#include "ui.h"

#include <stdio.h>
#include <string.h>

static struct {
    HANDLE in, out;
    CRITICAL_SECTION lock; /* over out */
} w;

static void say(enum ipc_type type, const int32_t v[IPC_VALUES], const char *text)
{
    struct ipc_message m = {.type = (uint16_t)type};
    uint8_t bytes[IPC_MESSAGE_MAX];
    DWORD written;
    if (v)
        memcpy(m.v, v, sizeof m.v);
    snprintf(m.text, sizeof m.text, "%s", text);
    EnterCriticalSection(&w.lock);
    WriteFile(w.out, bytes, (DWORD)ipc_encode(bytes, &m), &written, NULL);
    LeaveCriticalSection(&w.lock);
    SecureZeroMemory(&m, sizeof m);
    SecureZeroMemory(bytes, sizeof bytes);
}

static void on_answered(void *user, enum ui_question question, const char *text)
{
    (void)user;
    say(IPC_ANSWER, (const int32_t[IPC_VALUES]){question == UI_DIGITS}, text);
}

static void on_ended(void *user)
{
    (void)user;
    say(IPC_END, NULL, "");
}

static void on_screen(void *user, unsigned width, unsigned height, HANDLE section)
{
    (void)user;
    say(IPC_SCREEN, (const int32_t[IPC_VALUES]){(int32_t)width, (int32_t)height, (int32_t)(intptr_t)section}, "");
}

static void on_frame(void *user)
{
    (void)user;
    say(IPC_FRAME, NULL, "");
}

static void ask(const struct ipc_message *m)
{
    char text[IPC_TEXT_MAX + 1];
    snprintf(text, sizeof text, "%s", m->text);
    char *note = strchr(text, '\n');
    if (note)
        *note++ = '\0';
    ui_ask(m->v[0] ? UI_DIGITS : UI_CODE, text, note ? note : "");
}

static void show(const struct ipc_message *m)
{
    ui_show(m->v[0] == IPC_LOOK_CONNECTED ? UI_CONNECTED : m->v[0] == IPC_LOOK_SESSION ? UI_SESSION : UI_BUSY, m->text);
}

/* false: these were the last words. */
static bool handle(const struct ipc_message *m)
{
    switch (m->type) {
    case IPC_STATUS: show(m); break;
    case IPC_ASK: ask(m); break;
    case IPC_FINAL: ui_final(m->text, (unsigned)m->v[0]); return false;
    case IPC_CAPTURE:
        if (!m->v[0])
            input_release();
        break;
    case IPC_GRAB: capture_grab(); break;
    case IPC_KEY: input_key(m->v[0] != 0, (uint32_t)m->v[1], (uint32_t)m->v[2]); break;
    case IPC_POINTER: input_pointer((unsigned)m->v[0], (unsigned)m->v[1], (unsigned)m->v[2]); break;
    default: return false;
    }
    return true;
}

static void serve(void)
{
    uint8_t input[2 * IPC_MESSAGE_MAX];
    size_t n = 0;
    DWORD got;
    struct ipc_message m;
    while (ReadFile(w.in, input + n, (DWORD)(sizeof input - n), &got, NULL) && got > 0) {
        int used;
        n += got;
        while ((used = ipc_decode(&m, input, n)) > 0) {
            n -= (size_t)used;
            memmove(input, input + used, n);
            if (!handle(&m))
                return;
        }
        if (used < 0)
            return;
    }
}

int worker_main(HANDLE in, HANDLE out, enum language language)
{
    struct ui_hooks ui = {.answered = on_answered, .ended = on_ended};
    struct capture_hooks capture = {.screen = on_screen, .frame = on_frame};
    w.in = in;
    w.out = out;
    InitializeCriticalSection(&w.lock);
    log_open(store_folder());
    if (!ui_start(language, &ui) || !capture_start(&capture)) {
        log_line("worker: no window or no screen");
        return 1;
    }
    say(IPC_READY, NULL, "");
    serve();
    input_release();
    ui_stop();
    return 0;
}
