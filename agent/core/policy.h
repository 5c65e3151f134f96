/* Decisions about the PC as pure functions of numbers, so that they are tested without Windows. */
#ifndef BEISTAND_POLICY_H
#define BEISTAND_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* S-27: Windows 10 1809 (build 17763), 11, Server 2016 (build 14393) or newer. */
bool policy_windows_supported(uint32_t major, uint32_t build, bool server);

/* What making the account came to. status: NET_API_STATUS of NetUserAdd or NetLocalGroupAddMembers (lmerr.h,
 * winerror.h). "" when it is fine, ACCOUNT_SKIPPED on a domain controller, which has no local accounts (S-13), else
 * the reason of S-32. */
#define ACCOUNT_SKIPPED "skipped"
const char *policy_account_reason(uint32_t status);
/* Does NetUserAdd's answer mean that the account is there already (from a set-up that was interrupted)? */
bool policy_account_exists(uint32_t status);

#endif
