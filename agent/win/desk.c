/* See desk.h. */
#include "desk.h"

#include "account.h"
#include "generated/texts_program.h"
#include "install.h"
#include "pc.h"
#include "pipe.h"
#include "session.h"
#include "share.h"
#include "store.h"

#include <stdio.h>
#include <string.h>

enum {
    RESTART_MIN_MS = 1000,
    RESTART_MAX_MS = 30000,
    LOOK_MS = 1000,         /* is it still the active session? */
    FIRST_FRAME_MS = 3000,
    STALE_MS = 200,         /* an older picture is not shown: the next is on its way */
    LAST_WORDS_MS = 8000,   /* after a session */
    REFUSAL_MS = 120000,    /* after a set-up that came to nothing: somebody must read why */
    NO_SESSION = -1,
};

static struct {
    struct program *program;
    const struct program_config *config;
    enum language language;
    HANDLE wake, worker;
    struct pipe pipe;
    bool ready, connected, was_active, capturing;
    bool first; /* the next picture is the first of a connection */
    DWORD session;
    ULONGLONG restart_at, restart_ms, look_at;
    struct ipc_message shown; /* told again to a new worker */
    struct ipc_message asked; /* the customer's last word, done by desk_step(): never inside a call of the core */
    unsigned width, height;
    HANDLE section;
    struct share *share;
    int front;      /* the picture that is ours */
    LONG cursor_turn;
    struct rfb_cursor cursor;
} d;

static const char *text(enum text_program id)
{
    return text_program(id, d.language);
}

/* ---- talking to the worker ---- */

static void tell(enum ipc_type type, int32_t a, int32_t b, int32_t c)
{
    struct ipc_message m = {.type = (uint16_t)type, .v = {a, b, c}};
    pipe_send(&d.pipe, &m);
}

/* What stays on the customer's screen until something else is shown. */
static void show(enum ipc_type type, int32_t a, const char *words)
{
    d.shown = (struct ipc_message){.type = (uint16_t)type, .v = {a}};
    snprintf(d.shown.text, sizeof d.shown.text, "%s", words);
    if (d.ready)
        pipe_send(&d.pipe, &d.shown);
}

static void drop_share(void)
{
    if (d.share)
        UnmapViewOfFile(d.share);
    if (d.section)
        CloseHandle(d.section);
    d.share = NULL;
    d.section = NULL;
}

static void take_screen(const struct ipc_message *m)
{
    drop_share();
    d.width = (unsigned)m->v[0];
    d.height = (unsigned)m->v[1];
    if (m->v[0] < 1 || m->v[1] < 1 || d.width > RFB_SIZE_MAX || d.height > RFB_SIZE_MAX ||
        !DuplicateHandle(d.worker, (HANDLE)(intptr_t)m->v[2], GetCurrentProcess(), &d.section, 0, FALSE, DUPLICATE_SAME_ACCESS))
        return;
    d.share = MapViewOfFile(d.section, FILE_MAP_ALL_ACCESS, 0, 0, share_size(d.width, d.height));
    d.front = 1;
    d.cursor_turn = 0;
}

static void on_answer(const struct ipc_message *m)
{
    bool ok = m->v[0] ? program_digits(d.program, m->text) : program_code(d.program, m->text);
    if (ok && m->v[0])
        show(IPC_STATUS, IPC_LOOK_SESSION, text(TEXT_PROGRAM_CONTACTING));
    if (ok)
        return;
    /* The question stays, with what was wrong below it. */
    char again[IPC_TEXT_MAX + 1];
    snprintf(again, sizeof again, "%.*s\n%s", (int)strcspn(d.shown.text, "\n"), d.shown.text, text(TEXT_PROGRAM_MISTYPED));
    show(IPC_ASK, m->v[0], again);
}

static void on_message(void *user, const struct ipc_message *m)
{
    (void)user;
    switch (m->type) {
    case IPC_READY:
        d.ready = true;
        d.restart_ms = RESTART_MIN_MS;
        if (d.shown.type)
            pipe_send(&d.pipe, &d.shown);
        if (d.capturing)
            tell(IPC_GRAB, 0, 0, 0);
        break;
    case IPC_ANSWER:
        if (d.asked.type != IPC_END)
            d.asked = *m;
        break;
    case IPC_END: d.asked = *m; break;
    case IPC_SCREEN: take_screen(m); break;
    default: break; /* IPC_FRAME: that we woke is all of it */
    }
}

/* ---- the worker's life ---- */

static void stop_worker(void)
{
    if (!d.worker)
        return;
    pipe_close(&d.pipe); /* it ends by itself now */
    if (WaitForSingleObject(d.worker, 2000) == WAIT_TIMEOUT)
        TerminateProcess(d.worker, 1);
    CloseHandle(d.worker);
    d.worker = NULL;
    d.ready = false;
    drop_share();
}

static void start_worker(void)
{
    HANDLE in, out;
    d.session = session_active();
    d.restart_at = GetTickCount64() + d.restart_ms;
    d.restart_ms = d.restart_ms * 2 < RESTART_MAX_MS ? d.restart_ms * 2 : RESTART_MAX_MS;
    if (d.session == (DWORD)NO_SESSION || !pipe_open(&d.pipe, d.wake, &in, &out))
        return;
    d.worker = session_start_worker(d.session, in, out, d.language);
    CloseHandle(in);
    CloseHandle(out);
    if (!d.worker)
        pipe_close(&d.pipe);
}

static void do_asked(void)
{
    struct ipc_message m = d.asked;
    d.asked.type = 0;
    if (m.type == IPC_ANSWER)
        on_answer(&m);
    else if (m.type == IPC_END)
        program_end(d.program);
    SecureZeroMemory(&m, sizeof m);
    SecureZeroMemory(d.asked.text, sizeof d.asked.text);
}

void desk_step(void)
{
    if (d.worker && !pipe_poll(&d.pipe, on_message, NULL)) {
        DWORD status = 0;
        GetExitCodeProcess(d.worker, &status); /* 259: it still runs, but the pipe does not */
        log_line("the worker is gone: %lu", status);
        stop_worker();
    }
    if (d.worker && GetTickCount64() >= d.look_at) {
        d.look_at = GetTickCount64() + LOOK_MS;
        if (session_active() != d.session) {
            log_line("another session is active");
            stop_worker();
        }
    }
    if (!d.worker && GetTickCount64() >= d.restart_at)
        start_worker();
    do_asked();
}

void desk_begin(struct program *program, const struct program_config *config, enum language language)
{
    d.program = program;
    d.config = config;
    d.language = language;
    d.restart_ms = RESTART_MIN_MS;
    start_worker();
}

void desk_end(bool over)
{
    unsigned ms = d.was_active ? LAST_WORDS_MS : REFUSAL_MS;
    ULONGLONG end = GetTickCount64() + ms + 5000;
    const struct reason *why = reason_find(program_reason(d.program));
    if (over && d.worker && d.ready) {
        show(IPC_FINAL, (int32_t)ms, why ? why->customer[d.language] : text(TEXT_PROGRAM_REMOVING));
        while (GetTickCount64() < end && pipe_poll(&d.pipe, on_message, NULL))
            WaitForSingleObject(d.wake, 100);
    }
    stop_worker();
}

static HANDLE wake_event(void)
{
    if (!d.wake)
        d.wake = CreateEventW(NULL, TRUE, FALSE, NULL);
    return d.wake;
}

int desk_wake_handle(void)
{
    return (int)(intptr_t)wake_event();
}

void desk_wake(void)
{
    SetEvent(wake_event());
}

/* ---- seams: what the customer sees ---- */

static void show_waiting(void)
{
    char words[IPC_TEXT_MAX];
    const char *const values[] = {"technician", program_technician(d.program), NULL};
    text_fill(words, sizeof words, text(TEXT_PROGRAM_WAITING), values);
    show(IPC_STATUS, IPC_LOOK_SESSION, words);
}

static void show_blocked(void)
{
    char words[IPC_TEXT_MAX], port[8];
    snprintf(port, sizeof port, "%u", d.config->origin.port);
    const char *const values[] = {"host", d.config->origin.host, "port", port, "detail", program_network_error(d.program), NULL};
    text_fill(words, sizeof words, text(TEXT_PROGRAM_BLOCKED), values);
    show(IPC_STATUS, IPC_LOOK_BUSY, words);
}

static void on_state(void *user, enum program_state state, const char *reason)
{
    (void)user;
    log_line("state %s %s", program_state_name(state), reason);
    if (state == PROGRAM_ACTIVE)
        d.was_active = true;
    if (strcmp(reason, "network_blocked") == 0)
        show_blocked();
    else if (state == PROGRAM_REPORTING || state == PROGRAM_ACTIVATING)
        show(IPC_STATUS, IPC_LOOK_BUSY, text(TEXT_PROGRAM_CONTACTING));
    else if (state == PROGRAM_ACTIVE && strcmp(reason, "offline") == 0)
        show(IPC_STATUS, IPC_LOOK_SESSION, text(TEXT_PROGRAM_OFFLINE));
    else if (state == PROGRAM_ACTIVE && !d.connected)
        show_waiting();
    else if (state == PROGRAM_REMOVING || state == PROGRAM_RECEIPT)
        show(IPC_STATUS, IPC_LOOK_BUSY, text(TEXT_PROGRAM_REMOVING));
}

static void on_ask_code(void *user, const char *reason, int attempts_left, const char *technician, const char *company)
{
    char question[512], note[512] = "", words[IPC_TEXT_MAX + 1], tries[64] = "", left[16];
    const char *const who[] = {"technician", technician, "company", company, NULL};
    const struct reason *why = reason_find(reason);
    (void)user;
    text_fill(question, sizeof question, text(TEXT_PROGRAM_ASK_CODE), who);
    if (attempts_left > 0) {
        snprintf(left, sizeof left, "%d", attempts_left);
        const char *const values[] = {"left", left, NULL};
        text_fill(tries, sizeof tries, text(TEXT_PROGRAM_TRIES_LEFT), values);
    }
    if (why)
        snprintf(note, sizeof note, "%s %s", why->customer[d.language], tries);
    snprintf(words, sizeof words, "%s\n%s", question, note);
    show(IPC_ASK, 0, words);
}

static void on_ask_digits(void *user)
{
    (void)user;
    show(IPC_ASK, 1, text(TEXT_PROGRAM_ASK_DIGITS));
}

static void on_viewers(void *user, const struct program_viewer *list, size_t n)
{
    char words[IPC_TEXT_MAX];
    (void)user;
    d.connected = n > 0;
    if (n == 0) {
        if (program_state(d.program) == PROGRAM_ACTIVE && d.shown.type != IPC_ASK)
            show_waiting();
        return;
    }
    const char *const who[] = {"technician", list[0].technician, "company", list[0].company, NULL};
    text_fill(words, sizeof words, text(TEXT_PROGRAM_CONNECTED), who);
    show(IPC_STATUS, IPC_LOOK_CONNECTED, words);
}

/* ---- seams: screen and input ---- */

static void on_screen_wanted(void *user, bool wanted)
{
    (void)user;
    d.capturing = d.first = wanted;
    tell(IPC_CAPTURE, wanted, 0, 0);
    if (wanted)
        tell(IPC_GRAB, 0, 0, 0);
}

static bool fresh_frame(void)
{
    if (!d.share)
        return false;
    if (d.share->mailbox & SHARE_FRESH)
        d.front = InterlockedExchange(&d.share->mailbox, d.front) & ~SHARE_FRESH;
    LONG64 age = (LONG64)GetTickCount64() - d.share->taken_ms[d.front];
    return d.share->taken_ms[d.front] > 0 && age < STALE_MS;
}

/* Only the first picture of a connection is waited for: the worker may still be starting. */
static bool first_frame(void)
{
    ULONGLONG end = GetTickCount64() + FIRST_FRAME_MS;
    while (!fresh_frame()) {
        if (GetTickCount64() > end || !d.worker || !pipe_poll(&d.pipe, on_message, NULL))
            return false;
        if (d.ready)
            tell(IPC_GRAB, 0, 0, 0);
        WaitForSingleObject(d.wake, 20);
    }
    return true;
}

static bool on_grab(void *user, struct rfb_frame *out)
{
    (void)user;
    bool ok = d.first ? first_frame() : fresh_frame();
    d.first = false;
    tell(IPC_GRAB, 0, 0, 0); /* for the next call */
    if (ok)
        *out = (struct rfb_frame){.pixels = share_frame(d.share, d.width, d.height, d.front),
                                  .width = d.width,
                                  .height = d.height,
                                  .stride = (size_t)d.width * 4};
    return ok;
}

static bool on_cursor(void *user, struct rfb_cursor *out)
{
    static uint8_t pixels[SHARE_CURSOR_MAX * SHARE_CURSOR_MAX * 4];
    (void)user;
    LONG turn = d.share ? d.share->cursor_turn : 0;
    if (turn == d.cursor_turn || (turn & 1))
        return false;
    unsigned w = (unsigned)d.share->cursor_width, h = (unsigned)d.share->cursor_height;
    if (w > SHARE_CURSOR_MAX || h > SHARE_CURSOR_MAX)
        return false;
    *out = (struct rfb_cursor){.pixels = pixels,
                               .width = w,
                               .height = h,
                               .hot_x = (unsigned)d.share->cursor_hot_x,
                               .hot_y = (unsigned)d.share->cursor_hot_y};
    memcpy(pixels, share_cursor(d.share), (size_t)w * h * 4);
    MemoryBarrier();
    if (d.share->cursor_turn != turn)
        return false; /* written meanwhile: next time */
    d.cursor_turn = turn;
    return true;
}

static void on_key(void *user, bool down, uint32_t keysym, uint32_t scancode)
{
    (void)user;
    tell(IPC_KEY, down, (int32_t)keysym, (int32_t)scancode);
}

static void on_pointer(void *user, unsigned x, unsigned y, unsigned buttons)
{
    (void)user;
    tell(IPC_POINTER, (int32_t)x, (int32_t)y, (int32_t)buttons);
}

/* Here the program is set up already. */
static const char *on_preflight(void *user, char *checks, size_t size)
{
    (void)user;
    return pc_preflight(true, checks, size);
}

void desk_seams(struct program_seams *out)
{
    *out = (struct program_seams){.save = store_save,
                                  .load = store_load,
                                  .forget = store_forget,
                                  .state = on_state,
                                  .ask_code = on_ask_code,
                                  .ask_digits = on_ask_digits,
                                  .viewers = on_viewers,
                                  .preflight = on_preflight,
                                  .install = install_make,
                                  .make_account = account_make,
                                  .remove_all = install_remove,
                                  .machine = pc_machine,
                                  .grab = on_grab,
                                  .cursor = on_cursor,
                                  .key = on_key,
                                  .pointer = on_pointer,
                                  .screen_wanted = on_screen_wanted};
}
