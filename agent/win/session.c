/* See session.h. */
#include "session.h"

#include <stdio.h>
#include <wtsapi32.h>

DWORD session_active(void)
{
    PWTS_SESSION_INFOW list = NULL;
    DWORD n = 0, found = WTSGetActiveConsoleSessionId(), remote = 0xFFFFFFFF;
    bool console_active = false;
    if (WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &list, &n)) {
        for (DWORD i = 0; i < n; i++) {
            if (list[i].State != WTSActive)
                continue;
            if (list[i].SessionId == found)
                console_active = true;
            else if (list[i].SessionId != 0)
                remote = list[i].SessionId;
        }
        WTSFreeMemory(list);
    }
    return console_active || remote == 0xFFFFFFFF ? found : remote;
}

/* Our own token, moved into the session. NULL where that is not possible (Wine has one session only). */
static HANDLE token_for(DWORD session)
{
    HANDLE own, token = NULL;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_DUPLICATE | TOKEN_QUERY, &own))
        return NULL;
    if (DuplicateTokenEx(own, MAXIMUM_ALLOWED, NULL, SecurityImpersonation, TokenPrimary, &token) &&
        !SetTokenInformation(token, TokenSessionId, &session, sizeof session)) {
        CloseHandle(token);
        token = NULL;
    }
    CloseHandle(own);
    return token;
}

/* Only the two pipes are inherited, whatever else this process has open. */
static LPPROC_THREAD_ATTRIBUTE_LIST inherit_only(HANDLE handles[2])
{
    SIZE_T size = 0;
    InitializeProcThreadAttributeList(NULL, 1, 0, &size);
    LPPROC_THREAD_ATTRIBUTE_LIST list = HeapAlloc(GetProcessHeap(), 0, size);
    if (list && InitializeProcThreadAttributeList(list, 1, 0, &size) &&
        UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles, 2 * sizeof *handles, NULL, NULL))
        return list;
    HeapFree(GetProcessHeap(), 0, list);
    return NULL;
}

HANDLE session_start_worker(DWORD session, HANDLE in, HANDLE out, enum language language)
{
    wchar_t own[MAX_PATH], command[2 * MAX_PATH], desktop[] = L"WinSta0\\Default", tag[16];
    HANDLE handles[2] = {in, out};
    STARTUPINFOEXW startup = {.StartupInfo = {.cb = sizeof startup, .lpDesktop = desktop}, .lpAttributeList = inherit_only(handles)};
    PROCESS_INFORMATION process = {0};
    DWORD flags = EXTENDED_STARTUPINFO_PRESENT | CREATE_UNICODE_ENVIRONMENT;
    GetModuleFileNameW(NULL, own, MAX_PATH);
    to_wide(tag, sizeof tag / sizeof *tag, language_tag(language));
    _snwprintf(command, 2 * MAX_PATH, L"\"%ls\" --worker %llx %llx %ls", own, (unsigned long long)(uintptr_t)in,
               (unsigned long long)(uintptr_t)out, tag);
    if (!startup.lpAttributeList)
        return NULL;
    HANDLE token = token_for(session);
    bool ok = token ? CreateProcessAsUserW(token, NULL, command, NULL, NULL, TRUE, flags, NULL, NULL, &startup.StartupInfo, &process)
                    : CreateProcessW(NULL, command, NULL, NULL, TRUE, flags, NULL, NULL, &startup.StartupInfo, &process);
    log_line("worker in session %lu: %lu", session, ok ? 0 : GetLastError());
    if (token)
        CloseHandle(token);
    DeleteProcThreadAttributeList(startup.lpAttributeList);
    HeapFree(GetProcessHeap(), 0, startup.lpAttributeList);
    if (ok)
        CloseHandle(process.hThread);
    return ok ? process.hProcess : NULL;
}
