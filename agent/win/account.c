/* See account.h. */
#include "account.h"

#include "agent/core/policy.h"
#include "pc.h"

#include <lm.h>
#include <sddl.h>
#include <stdio.h>
#include <string.h>
#include <userenv.h>
#include <wtsapi32.h>

#define HIDDEN_KEY L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon\\SpecialAccounts\\UserList"

/* ---- hidden from the sign-in screen ---- */

static bool hide(void)
{
    static const DWORD hidden = 0;
    return RegSetKeyValueW(HKEY_LOCAL_MACHINE, HIDDEN_KEY, ACCOUNT_NAME, REG_DWORD, &hidden, sizeof hidden) == ERROR_SUCCESS;
}

/* The value; and the keys above it when they are empty, for most PCs have none of them. */
static bool unhide(void)
{
    wchar_t key[] = HIDDEN_KEY;
    LSTATUS status = RegDeleteKeyValueW(HKEY_LOCAL_MACHINE, HIDDEN_KEY, ACCOUNT_NAME);
    for (int i = 0; i < 2; i++) {
        DWORD keys = 1, values = 1;
        HKEY open;
        if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, key, 0, KEY_QUERY_VALUE, &open) != ERROR_SUCCESS)
            break;
        RegQueryInfoKeyW(open, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, NULL, NULL, NULL);
        RegCloseKey(open);
        if (keys || values || RegDeleteKeyW(HKEY_LOCAL_MACHINE, key) != ERROR_SUCCESS)
            break;
        *wcsrchr(key, L'\\') = L'\0';
    }
    return status == ERROR_SUCCESS || status == ERROR_FILE_NOT_FOUND;
}

/* ---- the account ---- */

static NET_API_STATUS add_user(wchar_t *password)
{
    wchar_t name[] = ACCOUNT_NAME, comment[] = L"Temporary account of a support session; removed with it";
    USER_INFO_1 info = {.usri1_name = name,
                        .usri1_password = password,
                        .usri1_priv = USER_PRIV_USER,
                        .usri1_comment = comment,
                        .usri1_flags = UF_SCRIPT | UF_DONT_EXPIRE_PASSWD | UF_PASSWD_CANT_CHANGE};
    NET_API_STATUS status = NetUserAdd(NULL, 1, (BYTE *)&info, NULL);
    if (!policy_account_exists(status))
        return status;
    USER_INFO_1003 fresh = {.usri1003_password = password};
    return NetUserSetInfo(NULL, name, 1003, (BYTE *)&fresh, NULL);
}

static NET_API_STATUS join_administrators(void)
{
    wchar_t group[256], domain[256], name[] = ACCOUNT_NAME;
    DWORD group_size = 256, domain_size = 256;
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD sid_size = sizeof sid;
    SID_NAME_USE use;
    LOCALGROUP_MEMBERS_INFO_3 member = {.lgrmi3_domainandname = name};
    if (!CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &sid_size) ||
        !LookupAccountSidW(NULL, sid, group, &group_size, domain, &domain_size, &use))
        return GetLastError();
    return NetLocalGroupAddMembers(NULL, group, 3, (BYTE *)&member, 1);
}

static const char *make(wchar_t *password)
{
    const char *reason = policy_account_reason(add_user(password));
    if (*reason)
        return reason;
    if (!hide())
        return "account_failed";
    return policy_account_reason(join_administrators());
}

const char *account_make(void *user, const char *password)
{
    wchar_t wide[257];
    (void)user;
    if (pc_is_domain_controller()) {
        log_line("account skipped: domain controller");
        return NULL;
    }
    to_wide(wide, sizeof wide / sizeof *wide, password);
    const char *reason = wide[0] ? make(wide) : "password_refused_by_policy";
    SecureZeroMemory(wide, sizeof wide);
    log_line("account made: %s", *reason ? reason : "ok");
    if (!*reason || strcmp(reason, ACCOUNT_SKIPPED) == 0)
        return NULL;
    account_remove();
    return reason;
}

/* ---- removal ---- */

static void sign_off(void)
{
    PWTS_SESSION_INFOW list = NULL;
    DWORD n = 0;
    if (!WTSEnumerateSessionsW(WTS_CURRENT_SERVER_HANDLE, 0, 1, &list, &n))
        return;
    for (DWORD i = 0; i < n; i++) {
        wchar_t *name = NULL;
        DWORD size = 0;
        if (WTSQuerySessionInformationW(WTS_CURRENT_SERVER_HANDLE, list[i].SessionId, WTSUserName, &name, &size) && name) {
            if (_wcsicmp(name, ACCOUNT_NAME) == 0)
                WTSLogoffSession(WTS_CURRENT_SERVER_HANDLE, list[i].SessionId, TRUE);
            WTSFreeMemory(name);
        }
    }
    WTSFreeMemory(list);
}

static bool remove_profile(void)
{
    BYTE sid[SECURITY_MAX_SID_SIZE];
    wchar_t domain[256], *text = NULL;
    DWORD sid_size = sizeof sid, domain_size = 256;
    SID_NAME_USE use;
    if (!LookupAccountNameW(NULL, ACCOUNT_NAME, sid, &sid_size, domain, &domain_size, &use) || use != SidTypeUser ||
        !ConvertSidToStringSidW(sid, &text))
        return true; /* no account, no profile */
    bool ok = DeleteProfileW(text, NULL, NULL) || GetLastError() == ERROR_FILE_NOT_FOUND;
    LocalFree(text);
    return ok;
}

bool account_remove(void)
{
    sign_off();
    bool profile = remove_profile();
    NET_API_STATUS status = pc_is_domain_controller() ? NERR_UserNotFound : NetUserDel(NULL, ACCOUNT_NAME);
    bool gone = status == NERR_Success || status == NERR_UserNotFound || status == ERROR_NO_SUCH_USER;
    if (!gone)
        log_line("account not removed: %lu", status);
    return unhide() && profile && gone;
}
