/* See win.h: text, language, log. */
#include "win.h"

#include <stdarg.h>
#include <stdio.h>

void to_wide(wchar_t *out, size_t size, const char *utf8)
{
    if (MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, utf8, -1, out, (int)size) == 0)
        out[0] = L'\0';
}

void to_utf8(char *out, size_t size, const wchar_t *wide)
{
    if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, out, (int)size, NULL, NULL) == 0)
        out[0] = '\0';
}

enum language language_of_user(void)
{
    wchar_t name[LOCALE_NAME_MAX_LENGTH];
    char tag[LOCALE_NAME_MAX_LENGTH];
    LCID locale = MAKELCID(GetUserDefaultUILanguage(), SORT_DEFAULT);
    if (LCIDToLocaleName(locale, name, LOCALE_NAME_MAX_LENGTH, 0) == 0)
        return LANGUAGE_EN;
    to_utf8(tag, sizeof tag, name);
    return language_from_tag(tag);
}

/* ---- log ---- */

static HANDLE log_file = INVALID_HANDLE_VALUE;
static SRWLOCK log_lock = SRWLOCK_INIT;

void log_open(const wchar_t *folder)
{
    wchar_t path[MAX_PATH];
    _snwprintf(path, MAX_PATH, L"%ls\\support.log", folder);
    path[MAX_PATH - 1] = L'\0';
    AcquireSRWLockExclusive(&log_lock);
    if (log_file == INVALID_HANDLE_VALUE)
        log_file = CreateFileW(path, FILE_APPEND_DATA | SYNCHRONIZE, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                               OPEN_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    ReleaseSRWLockExclusive(&log_lock);
}

void log_line(const char *format, ...)
{
    char text[512], line[600];
    SYSTEMTIME t;
    LARGE_INTEGER size;
    DWORD written;
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    GetSystemTime(&t);
    int n = snprintf(line, sizeof line, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ %lu %s\r\n", t.wYear, t.wMonth, t.wDay, t.wHour,
                     t.wMinute, t.wSecond, t.wMilliseconds, GetCurrentProcessId(), text);
    AcquireSRWLockExclusive(&log_lock);
    if (log_file != INVALID_HANDLE_VALUE && n > 0 && GetFileSizeEx(log_file, &size) && size.QuadPart < LOG_MAX)
        WriteFile(log_file, line, (DWORD)n, &written, NULL);
    ReleaseSRWLockExclusive(&log_lock);
}

void log_close(void)
{
    AcquireSRWLockExclusive(&log_lock);
    if (log_file != INVALID_HANDLE_VALUE)
        CloseHandle(log_file);
    log_file = INVALID_HANDLE_VALUE;
    ReleaseSRWLockExclusive(&log_lock);
}
