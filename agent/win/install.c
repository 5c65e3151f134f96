/* See install.h. */
#include "install.h"

#include "account.h"
#include "store.h"
#include "task.h"

#include <stdio.h>
#include <string.h>
#include <wctype.h>

enum { STOP_WAIT_MS = 20000, POLL_MS = 50 };

static void program_path(wchar_t out[MAX_PATH])
{
    store_path(out, PROGRAM_FILE);
}

static bool runs_from_folder(void)
{
    wchar_t own[MAX_PATH], installed[MAX_PATH];
    program_path(installed);
    return GetModuleFileNameW(NULL, own, MAX_PATH) < MAX_PATH && _wcsicmp(own, installed) == 0;
}

/* ---- the service ---- */

/* NULL when there is none. Both handles are the caller's. */
static SC_HANDLE open_service(SC_HANDLE *manager, DWORD access)
{
    *manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    return *manager ? OpenServiceW(*manager, SERVICE_NAME, access) : NULL;
}

static void close_service(SC_HANDLE manager, SC_HANDLE service)
{
    if (service)
        CloseServiceHandle(service);
    if (manager)
        CloseServiceHandle(manager);
}

static void configure(SC_HANDLE service)
{
    wchar_t about[] = L"Lets a technician help during one support session, then removes itself.";
    SERVICE_DESCRIPTIONW description = {about};
    SC_ACTION actions[] = {{SC_ACTION_RESTART, 1000}, {SC_ACTION_RESTART, 5000}, {SC_ACTION_RESTART, 30000}};
    SERVICE_FAILURE_ACTIONSW failure = {.dwResetPeriod = 3600, .cActions = 3, .lpsaActions = actions};
    ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &description);
    ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure);
}

static bool make_service(const wchar_t *path)
{
    wchar_t command[MAX_PATH + 32];
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CREATE_SERVICE);
    _snwprintf(command, MAX_PATH + 32, L"\"%ls\" --service", path);
    SC_HANDLE service = manager ? CreateServiceW(manager, SERVICE_NAME, L"Beistand Support", SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS,
                                                 SERVICE_AUTO_START, SERVICE_ERROR_NORMAL, command, NULL, NULL, NULL, NULL, NULL)
                                : NULL;
    DWORD error = service ? 0 : GetLastError();
    if (service)
        configure(service);
    close_service(manager, service);
    log_line("service made: %lu", error);
    return error == 0 || error == ERROR_SERVICE_EXISTS;
}

static DWORD service_state(SC_HANDLE service)
{
    SERVICE_STATUS status;
    return QueryServiceStatus(service, &status) ? status.dwCurrentState : 0;
}

static bool wait_for_state(SC_HANDLE service, DWORD state, DWORD ms)
{
    ULONGLONG end = GetTickCount64() + ms;
    while (service_state(service) != state) {
        if (GetTickCount64() > end)
            return false;
        Sleep(POLL_MS);
    }
    return true;
}

bool install_start_service(DWORD ms)
{
    SC_HANDLE manager, service = open_service(&manager, SERVICE_START | SERVICE_QUERY_STATUS);
    bool ok = service && (StartServiceW(service, 0, NULL) || GetLastError() == ERROR_SERVICE_ALREADY_RUNNING) &&
              wait_for_state(service, SERVICE_RUNNING, ms);
    close_service(manager, service);
    return ok;
}

bool install_service_runs(void)
{
    SC_HANDLE manager, service = open_service(&manager, SERVICE_QUERY_STATUS);
    DWORD state = service ? service_state(service) : 0;
    close_service(manager, service);
    return state == SERVICE_RUNNING || state == SERVICE_START_PENDING;
}

static void stop_service(void)
{
    SERVICE_STATUS status;
    SC_HANDLE manager, service = open_service(&manager, SERVICE_STOP | SERVICE_QUERY_STATUS);
    if (service && ControlService(service, SERVICE_CONTROL_STOP, &status))
        wait_for_state(service, SERVICE_STOPPED, STOP_WAIT_MS);
    close_service(manager, service);
}

static bool delete_service(void)
{
    SC_HANDLE manager, service = open_service(&manager, DELETE);
    DWORD error = service ? 0 : GetLastError();
    if (service && !DeleteService(service))
        error = GetLastError();
    close_service(manager, service);
    return error == 0 || error == ERROR_SERVICE_DOES_NOT_EXIST || error == ERROR_SERVICE_MARKED_FOR_DELETE;
}

/* ---- making ---- */

bool install_make(void *user)
{
    wchar_t own[MAX_PATH], path[MAX_PATH];
    (void)user;
    program_path(path);
    if (runs_from_folder())
        return true;
    if (!store_make_folder() || GetModuleFileNameW(NULL, own, MAX_PATH) >= MAX_PATH || !CopyFileW(own, path, FALSE)) {
        log_line("copy failed: %lu", GetLastError());
        return false;
    }
    log_open(store_folder());
    /* Without the task only the service looks after the deadline: worth a line, not a refusal. */
    if (!task_make(path))
        log_line("no scheduled task");
    return make_service(path);
}

bool install_found(void)
{
    SC_HANDLE manager, service = open_service(&manager, SERVICE_QUERY_STATUS);
    bool there = service != NULL;
    close_service(manager, service);
    return there || GetFileAttributesW(store_folder()) != INVALID_FILE_ATTRIBUTES;
}

/* ---- removing ---- */

void install_remove(void *user, char *left, size_t size)
{
    (void)user;
    snprintf(left, size, "%s", account_remove() ? "[]" : "[\"account\"]");
}

/* Everything in the folder but this program's own running file. */
static void delete_files(bool own_too)
{
    wchar_t pattern[MAX_PATH], path[MAX_PATH];
    WIN32_FIND_DATAW found;
    store_path(pattern, L"*");
    HANDLE search = FindFirstFileW(pattern, &found);
    if (search == INVALID_HANDLE_VALUE)
        return;
    do {
        if (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY || (!own_too && _wcsicmp(found.cFileName, PROGRAM_FILE) == 0))
            continue;
        store_path(path, found.cFileName);
        DeleteFileW(path);
    } while (FindNextFileW(search, &found));
    FindClose(search);
}

/* The system's own shell tries once a second for a minute to delete the file, then folder and task (the task last, for it
 * would do this again after a power cut). MoveFileEx at the next start is the last resort. */
static void leave_rest_to_shell(void)
{
    wchar_t system[MAX_PATH], path[MAX_PATH], command[4 * MAX_PATH];
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    program_path(path);
    GetSystemDirectoryW(system, MAX_PATH);
    _snwprintf(command, 4 * MAX_PATH,
               L"\"%ls\\cmd.exe\" /d /q /s /c \"for /l %%i in (1,1,60) do (del /f /q \"%ls\" >nul 2>nul & if not exist \"%ls\" (rd \"%ls\" & "
               L"schtasks /delete /f /tn %ls >nul 2>nul & exit) else ping -n 2 127.0.0.1 >nul)\"",
               system, path, path, store_folder(), TASK_NAME);
    if (CreateProcessW(NULL, command, NULL, NULL, FALSE, CREATE_NO_WINDOW | DETACHED_PROCESS, NULL, system, &startup, &process)) {
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
        return;
    }
    log_line("shell: %lu", GetLastError());
    MoveFileExW(path, NULL, MOVEFILE_DELAY_UNTIL_REBOOT);
    MoveFileExW(store_folder(), NULL, MOVEFILE_DELAY_UNTIL_REBOOT);
}

void install_finish(void)
{
    bool own = runs_from_folder();
    delete_service();
    log_close();
    delete_files(!own);
    if (own) {
        leave_rest_to_shell();
        return;
    }
    task_remove();
    RemoveDirectoryW(store_folder());
}

void install_clear(void)
{
    stop_service();
    account_remove();
    install_finish();
}
