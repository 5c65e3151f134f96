/* See pc.h. */
#include "pc.h"

#include "agent/core/json.h"
#include "agent/core/policy.h"

#include <stdio.h>
#include <string.h>

#define HOST_SERVICE L"BeistandHost"
#define HOST_KEY L"SOFTWARE\\Beistand\\Host"
#define VERSION_KEY L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"

bool pc_is_elevated(void)
{
    HANDLE token;
    TOKEN_ELEVATION elevation = {0};
    DWORD size = 0;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return false;
    bool ok = GetTokenInformation(token, TokenElevation, &elevation, sizeof elevation, &size) && elevation.TokenIsElevated;
    CloseHandle(token);
    return ok;
}

static RTL_OSVERSIONINFOEXW version(void)
{
    RTL_OSVERSIONINFOEXW v = {.dwOSVersionInfoSize = sizeof v};
    /* GetVersionEx lies to programs without a manifest entry for the newest Windows; ntdll does not. */
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    LONG(WINAPI * get)(RTL_OSVERSIONINFOEXW *) = NULL;
    FARPROC found = ntdll ? GetProcAddress(ntdll, "RtlGetVersion") : NULL;
    memcpy(&get, &found, sizeof get);
    if (get)
        get(&v);
    return v;
}

bool pc_windows_supported(void)
{
    RTL_OSVERSIONINFOEXW v = version();
    return policy_windows_supported(v.dwMajorVersion, v.dwBuildNumber, v.wProductType != VER_NT_WORKSTATION);
}

bool pc_is_domain_controller(void)
{
    return version().wProductType == VER_NT_DOMAIN_CONTROLLER;
}

static bool service_exists(const wchar_t *name)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = manager ? OpenServiceW(manager, name, SERVICE_QUERY_STATUS) : NULL;
    bool there = service != NULL;
    if (service)
        CloseServiceHandle(service);
    if (manager)
        CloseServiceHandle(manager);
    return there;
}

bool pc_has_host(void)
{
    HKEY key;
    if (service_exists(HOST_SERVICE))
        return true;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, HOST_KEY, 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &key) != ERROR_SUCCESS)
        return false;
    RegCloseKey(key);
    return true;
}

static void registry_text(const wchar_t *name, char *out, size_t size)
{
    wchar_t wide[128];
    DWORD bytes = sizeof wide;
    if (RegGetValueW(HKEY_LOCAL_MACHINE, VERSION_KEY, name, RRF_RT_REG_SZ, NULL, wide, &bytes) == ERROR_SUCCESS)
        to_utf8(out, size, wide);
    else
        out[0] = '\0';
}

/* Windows 11 still calls itself Windows 10 in the registry; its builds begin at 22000. */
static void system_name(const RTL_OSVERSIONINFOEXW *v, char *out, size_t size)
{
    char product[128];
    registry_text(L"ProductName", product, sizeof product);
    const char *edition = strncmp(product, "Windows 10", 10) == 0 && v->dwBuildNumber >= 22000 ? product + 10 : NULL;
    if (edition)
        snprintf(out, size, "Windows 11%s", edition);
    else
        snprintf(out, size, "%s", product[0] ? product : "Windows");
}

static const char *architecture(void)
{
    SYSTEM_INFO info;
    GetNativeSystemInfo(&info);
    switch (info.wProcessorArchitecture) {
    case PROCESSOR_ARCHITECTURE_AMD64: return "x64";
    case PROCESSOR_ARCHITECTURE_ARM64: return "arm64";
    default: return "x86";
    }
}

void pc_machine(void *user, char *json, size_t size)
{
    wchar_t wide[256];
    DWORD n = sizeof wide / sizeof *wide;
    char name[256] = "", os[160], text[64];
    struct json_out o;
    RTL_OSVERSIONINFOEXW v = version();
    (void)user;
    if (GetComputerNameExW(ComputerNamePhysicalDnsHostname, wide, &n))
        to_utf8(name, sizeof name, wide);
    system_name(&v, os, sizeof os);
    snprintf(text, sizeof text, "%lu.%lu.%lu", v.dwMajorVersion, v.dwMinorVersion, v.dwBuildNumber);
    json_out_init(&o, json, size);
    json_open(&o, NULL);
    json_put_text(&o, "name", name);
    json_put_text(&o, "os", os);
    json_put_text(&o, "version", text);
    json_put_text(&o, "arch", architecture());
    json_close(&o);
}

const char *pc_preflight(bool set_up, char *checks, size_t size)
{
    bool administrator = pc_is_elevated(), version_fits = pc_windows_supported(), host = pc_has_host();
    snprintf(checks, size,
             "{\"started\":\"ok\",\"administrator\":\"%s\",\"windows_version\":\"%s\",\"no_host\":\"%s\",\"no_session\":\"ok\","
             "\"network\":\"ok\"%s}",
             administrator ? "ok" : "failed", version_fits ? "ok" : "failed", host ? "failed" : "ok",
             set_up ? ",\"set_up\":\"ok\"" : "");
    return !administrator ? "not_administrator" : !version_fits ? "windows_unsupported" : host ? "host_installed" : NULL;
}
