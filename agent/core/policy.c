/* See policy.h. Numbers: lmerr.h (2100 + n) and winerror.h of the Windows SDK. */
#include "policy.h"

enum {
    DONE = 0,
    ACCESS_DENIED = 5,
    PASSWORD_RESTRICTION = 1325,
    MEMBER_IN_ALIAS = 1378,
    BAD_PASSWORD = 2203,
    USER_EXISTS = 2224,
    NOT_PRIMARY = 2226, /* a domain controller that cannot write: it has no local accounts either */
    PASSWORD_HIST_CONFLICT = 2244,
    PASSWORD_TOO_SHORT = 2245,
    PASSWORD_TOO_RECENT = 2246,
    PASSWORD_TOO_LONG = 2703,
    PASSWORD_NOT_COMPLEX = 2704,
    PASSWORD_FILTER = 2705,
    WINDOWS_10_1809 = 17763,
    SERVER_2016 = 14393,
};

bool policy_windows_supported(uint32_t major, uint32_t build, bool server)
{
    return major > 10 || (major == 10 && build >= (server ? SERVER_2016 : WINDOWS_10_1809));
}

bool policy_account_exists(uint32_t status)
{
    return status == USER_EXISTS;
}

const char *policy_account_reason(uint32_t status)
{
    switch (status) {
    case DONE:
    case MEMBER_IN_ALIAS: return "";
    case NOT_PRIMARY: return ACCOUNT_SKIPPED;
    case PASSWORD_RESTRICTION:
    case BAD_PASSWORD:
    case PASSWORD_HIST_CONFLICT:
    case PASSWORD_TOO_SHORT:
    case PASSWORD_TOO_RECENT:
    case PASSWORD_TOO_LONG:
    case PASSWORD_NOT_COMPLEX:
    case PASSWORD_FILTER: return "password_refused_by_policy";
    case ACCESS_DENIED:
    default: return "account_failed";
    }
}
