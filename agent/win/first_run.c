/* See first_run.h. */
#include "first_run.h"

#include "account.h"
#include "agent/core/program.h"
#include "config.h"
#include "generated/texts_program.h"
#include "install.h"
#include "pc.h"
#include "proto/c/crockford.h"
#include "service.h"
#include "store.h"
#include "ui.h"

#include <shellapi.h>
#include <stdio.h>
#include <string.h>

enum { STEP_MS = 200, SERVICE_START_MS = 30000, WORDS_MS = 120000, LINK_CHARS = 512 };

static struct {
    struct program_config config;
    struct program *program;
    enum language language;
    HANDLE wake;
    CRITICAL_SECTION lock; /* over typed */
    char typed[LINK_CHARS];
    volatile LONG cancelled;
    const char *verdict; /* found before the core asks: a reason, or NULL */
    struct program_earlier earlier;
    bool handed_over;
    char reason[64];
} f;

static const char *text(enum text_program id)
{
    return text_program(id, f.language);
}

/* ---- the window ---- */

static void on_answered(void *user, enum ui_question question, const char *answer)
{
    (void)user, (void)question;
    EnterCriticalSection(&f.lock);
    snprintf(f.typed, sizeof f.typed, "%s", answer);
    LeaveCriticalSection(&f.lock);
    SetEvent(f.wake);
}

static void on_ended(void *user)
{
    (void)user;
    InterlockedExchange(&f.cancelled, 1);
    SetEvent(f.wake);
}

static void last_words(const char *code)
{
    char words[1024];
    const struct reason *why = reason_find(code);
    const char *const values[] = {"technician", f.earlier.technician, "company", f.earlier.company, NULL};
    text_fill(words, sizeof words, why ? why->customer[f.language] : code, values);
    ui_final(words, WORDS_MS);
}

/* ---- rights ---- */

/* Starts itself again as administrator. false: that was declined or is not possible. */
static bool elevate(const char *link)
{
    wchar_t own[MAX_PATH], parameters[LINK_CHARS];
    GetModuleFileNameW(NULL, own, MAX_PATH);
    to_wide(parameters, LINK_CHARS, link ? link : "");
    SHELLEXECUTEINFOW info = {.cbSize = sizeof info,
                              .fMask = SEE_MASK_NOASYNC | SEE_MASK_FLAG_NO_UI,
                              .lpVerb = L"runas",
                              .lpFile = own,
                              .lpParameters = parameters,
                              .nShow = SW_SHOWNORMAL};
    return ShellExecuteExW(&info);
}

/* ---- the link ---- */

static bool token_of_file_name(char token[LINK_TOKEN_TEXT + 1])
{
    wchar_t own[MAX_PATH];
    char name[MAX_PATH * 3];
    GetModuleFileNameW(NULL, own, MAX_PATH);
    const wchar_t *base = wcsrchr(own, L'\\');
    to_utf8(name, sizeof name, base ? base + 1 : own);
    return link_token_find(name, token) >= 0;
}

static bool token_of_link(const char *link, char token[LINK_TOKEN_TEXT + 1])
{
    const char *hash = strchr(link, '#');
    return link_token_find(hash ? hash + 1 : link, token) >= 0;
}

/* A link on the clipboard is offered by simply being understood when pasted. false: cancelled. */
static bool ask_for_token(char token[LINK_TOKEN_TEXT + 1])
{
    const char *note = "";
    for (;;) {
        char typed[LINK_CHARS];
        ResetEvent(f.wake);
        ui_ask(UI_LINK, text(TEXT_PROGRAM_ASK_LINK), note);
        WaitForSingleObject(f.wake, INFINITE);
        if (f.cancelled)
            return false;
        EnterCriticalSection(&f.lock);
        memcpy(typed, f.typed, sizeof typed);
        LeaveCriticalSection(&f.lock);
        if (token_of_link(typed, token))
            return true;
        note = reason_find("not_found")->customer[f.language];
    }
}

/* ---- seams: like the service's, but what is shown and kept differs ---- */

static bool on_save(void *user, const char *name, const void *data, size_t n)
{
    return f.verdict || store_save(user, name, data, n);
}

static int on_load(void *user, const char *name, void *data, size_t n)
{
    return f.verdict ? -1 : store_load(user, name, data, n);
}

static void on_forget(void *user, const char *name)
{
    if (!f.verdict)
        store_forget(user, name);
}

static void on_remove(void *user, char *left, size_t n)
{
    /* A refused set-up made nothing of its own; what an open session has here is not ours to remove. */
    if (f.verdict)
        snprintf(left, n, "[]");
    else
        install_remove(user, left, n);
}

static void on_state(void *user, enum program_state state, const char *reason)
{
    char words[1024], port[8];
    const char *const values[] = {"host", f.config.origin.host, "port", port, "detail", f.program ? program_network_error(f.program) : "", NULL};
    (void)user;
    log_line("first run: %s %s", program_state_name(state), reason);
    snprintf(f.reason, sizeof f.reason, "%s", reason);
    snprintf(port, sizeof port, "%u", f.config.origin.port);
    if (strcmp(reason, "network_blocked") == 0) {
        text_fill(words, sizeof words, text(TEXT_PROGRAM_BLOCKED), values);
        ui_show(UI_BUSY, words);
    } else if (state < PROGRAM_CODE) {
        ui_show(UI_BUSY, text(TEXT_PROGRAM_CONTACTING));
    }
}

static void on_ask_code(void *user, const char *reason, int left, const char *technician, const char *company)
{
    (void)user, (void)reason, (void)left, (void)technician, (void)company;
    f.handed_over = true; /* set up: the service asks */
}

static const char *on_preflight(void *user, char *checks, size_t size)
{
    (void)user;
    const char *reason = pc_preflight(false, checks, size);
    if (f.verdict && strcmp(f.verdict, "already_activated") == 0)
        snprintf(checks, size, "{\"started\":\"ok\",\"no_session\":\"failed\"}");
    else if (f.verdict && strcmp(f.verdict, "service_failed") == 0)
        snprintf(checks, size, "{\"set_up\":\"failed\"}");
    return f.verdict ? f.verdict : reason;
}

static void on_ask_digits(void *user)
{
    (void)user;
}

static void on_viewers(void *user, const struct program_viewer *list, size_t n)
{
    (void)user, (void)list, (void)n;
}

/* ---- the run ---- */

/* Until the service can take over (true) or it is over. */
static bool run_core(const char *token)
{
    struct program_seams seams = {.save = on_save,
                                  .load = on_load,
                                  .forget = on_forget,
                                  .state = on_state,
                                  .ask_code = on_ask_code,
                                  .ask_digits = on_ask_digits,
                                  .viewers = on_viewers,
                                  .preflight = on_preflight,
                                  .install = install_make,
                                  .make_account = account_make,
                                  .remove_all = on_remove,
                                  .machine = pc_machine};
    f.program = program_new(&f.config, &seams, token);
    f.handed_over = false;
    while (f.program && program_state(f.program) != PROGRAM_OVER && !f.handed_over && !f.cancelled) {
        ResetEvent(f.wake);
        program_step(f.program, (int)(intptr_t)f.wake, STEP_MS);
    }
    program_free(f.program);
    f.program = NULL;
    return f.handed_over;
}

/* What the core could not find out itself is told to the technician's checklist like any other refusal. */
static void refuse(const char *verdict, const char *token)
{
    f.verdict = verdict;
    f.cancelled = 0;
    run_core(token);
    last_words(verdict);
}

static int set_up(const char *token)
{
    struct program_seams store = {.load = store_load};
    if (pc_is_elevated() && program_peek(&store, &f.earlier) && f.earlier.open) {
        refuse("already_activated", token);
        return 1;
    }
    if (pc_is_elevated() && install_found())
        install_clear();
    ui_show(UI_BUSY, text(TEXT_PROGRAM_CONTACTING));
    bool ready = run_core(token);
    if (ready) {
        service_keep_language(f.language);
        log_close();
        ui_stop();
        if (install_start_service(SERVICE_START_MS))
            return 0;
        install_clear();
        return 2;
    }
    install_finish();
    if (!f.cancelled)
        last_words(f.reason);
    return 1;
}

static int fail_plainly(const wchar_t *words)
{
    MessageBoxW(NULL, words, L"Support", MB_ICONERROR | MB_OK);
    return 1;
}

int first_run_main(const char *link)
{
    char token[LINK_TOKEN_TEXT + 1];
    struct ui_hooks hooks = {.answered = on_answered, .ended = on_ended};
    InitializeCriticalSection(&f.lock);
    f.language = language_of_user();
    f.wake = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (config_load(&f.config) != 0 || crypto_start() != 0 || net_start(f.config.ca_pem) != 0)
        return fail_plainly(L"This program is not complete. Please download it again from the link in the e-mail.");
    if (!pc_is_elevated() && elevate(link))
        return 0;
    if (!ui_start(f.language, &hooks))
        return fail_plainly(L"The window cannot be shown.");
    bool known = link ? token_of_link(link, token) : token_of_file_name(token);
    int status = known || ask_for_token(token) ? set_up(token) : 1;
    if (status == 2 && ui_start(f.language, &hooks))
        refuse("service_failed", token);
    ui_stop();
    return status;
}
