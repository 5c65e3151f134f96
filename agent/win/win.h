/* What every file of the Windows program shares: one set of Windows headers, text conversion, the log. */
#ifndef BEISTAND_WIN_H
#define BEISTAND_WIN_H

#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "generated/reasons.h"

#define SERVICE_NAME L"BeistandSupport"
#define ACCOUNT_NAME L"BeistandRemoteUser"
#define TASK_NAME L"BeistandSupportDeadline"
#define PROGRAM_FOLDER L"Beistand Support"
#define PROGRAM_FILE L"beistand-support.exe"

/* Both: size in units of out, always NUL-terminated; what does not fit or is no valid text gives "". */
void to_wide(wchar_t *out, size_t size, const char *utf8);
void to_utf8(char *out, size_t size, const wchar_t *wide);

/* What is kept of the person who started the program, for the service that has no person: language of Windows'
 * surface. Default English. */
enum language language_of_user(void);

/* One line into support.log in the program's folder (at most LOG_MAX bytes, then no more); never a code, a
 * password, a token or what was typed. Any thread. Nothing happens before log_open(). */
enum { LOG_MAX = 262144 };
void log_open(const wchar_t *folder);
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The file is closed, so that its folder can go. */
void log_close(void);

#endif
