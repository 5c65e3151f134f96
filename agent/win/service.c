/* See service.h: the life of the process. What the customer sees is in desk.c. */
#include "service.h"

#include "agent/core/program.h"
#include "config.h"
#include "desk.h"
#include "install.h"
#include "store.h"

#include <stdio.h>
#include <string.h>

enum { STEP_MS = 500 };

static struct {
    SERVICE_STATUS_HANDLE handle;
    volatile LONG stopping;
    struct program_config config;
} s;

static void report(DWORD state)
{
    SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS,
                             .dwCurrentState = state,
                             .dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN : 0,
                             .dwWaitHint = state == SERVICE_STOP_PENDING ? 20000 : 3000};
    if (s.handle)
        SetServiceStatus(s.handle, &status);
}

static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type, (void)data, (void)context;
    if (control == SERVICE_CONTROL_STOP || control == SERVICE_CONTROL_SHUTDOWN) {
        report(SERVICE_STOP_PENDING);
        InterlockedExchange(&s.stopping, 1);
        desk_wake();
        return NO_ERROR;
    }
    return control == SERVICE_CONTROL_INTERROGATE ? NO_ERROR : ERROR_CALL_NOT_IMPLEMENTED;
}

/* Until the session is over or Windows stops us. true: it is over. */
static bool hold_session(void)
{
    struct program_seams seams;
    desk_seams(&seams);
    struct program *program = program_new(&s.config, &seams, NULL);
    if (!program) {
        log_line("nothing to go on with");
        return true;
    }
    desk_begin(program, &s.config, service_language());
    while (program_state(program) != PROGRAM_OVER && !s.stopping) {
        program_step(program, desk_wake_handle(), STEP_MS);
        desk_step();
    }
    bool over = program_state(program) == PROGRAM_OVER;
    desk_end(over);
    program_free(program);
    return over;
}

static void run(void)
{
    log_open(store_folder());
    if (config_load(&s.config) != 0 || crypto_start() != 0 || net_start(s.config.ca_pem) != 0) {
        log_line("the program is not complete");
        return;
    }
    if (hold_session())
        install_finish();
}

static void WINAPI begin(DWORD argc, wchar_t **argv)
{
    (void)argc, (void)argv;
    s.handle = RegisterServiceCtrlHandlerExW(SERVICE_NAME, on_control, NULL);
    report(SERVICE_RUNNING);
    run();
    report(SERVICE_STOPPED);
}

int service_main(void)
{
    wchar_t name[] = SERVICE_NAME;
    SERVICE_TABLE_ENTRYW table[] = {{name, begin}, {NULL, NULL}};
    return StartServiceCtrlDispatcherW(table) ? 0 : 1;
}

int service_check(void)
{
    if (install_service_runs() || install_start_service(10000))
        return 0;
    run();
    return 0;
}

enum language service_language(void)
{
    char tag[16] = "";
    int n = store_load(NULL, "language", tag, sizeof tag - 1);
    tag[n > 0 ? n : 0] = '\0';
    return language_from_tag(tag);
}

void service_keep_language(enum language language)
{
    const char *tag = language_tag(language);
    store_save(NULL, "language", tag, strlen(tag));
}
