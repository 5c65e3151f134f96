/* See store.h. */
#include "store.h"

#include <sddl.h>
#include <shlobj.h>
#include <stdio.h>
#include <string.h>
#include <wincrypt.h>

enum { FILE_MAX = 65536 };

/* Full control for SYSTEM and the administrators, inherited, nobody else. */
static const wchar_t access_list[] = L"D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
static const char purpose[] = "beistand program store v1";

const wchar_t *store_folder(void)
{
    static wchar_t folder[MAX_PATH];
    wchar_t base[MAX_PATH];
    if (folder[0])
        return folder;
    if (SHGetFolderPathW(NULL, CSIDL_PROGRAM_FILES, NULL, SHGFP_TYPE_CURRENT, base) != S_OK)
        wcscpy(base, L"C:\\Program Files");
    _snwprintf(folder, MAX_PATH, L"%ls\\%ls", base, PROGRAM_FOLDER);
    folder[MAX_PATH - 1] = L'\0';
    return folder;
}

void store_path(wchar_t *out, const wchar_t *name)
{
    _snwprintf(out, MAX_PATH, L"%ls\\%ls", store_folder(), name);
    out[MAX_PATH - 1] = L'\0';
}

bool store_make_folder(void)
{
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof attributes};
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(access_list, SDDL_REVISION_1, &attributes.lpSecurityDescriptor, NULL))
        return false;
    bool ok = CreateDirectoryW(store_folder(), &attributes);
    DWORD error = ok ? 0 : GetLastError();
    /* One that somebody else made beforehand gets our access list too. */
    if (error == ERROR_ALREADY_EXISTS)
        ok = SetFileSecurityW(store_folder(), DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                              attributes.lpSecurityDescriptor);
    LocalFree(attributes.lpSecurityDescriptor);
    return ok;
}

static void blob_path(const char *name, const wchar_t *suffix, wchar_t out[MAX_PATH])
{
    wchar_t wide[64], file[96];
    to_wide(wide, sizeof wide / sizeof *wide, name);
    _snwprintf(file, sizeof file / sizeof *file, L"%ls.%ls", wide, suffix);
    store_path(out, file);
}

static bool write_file(const wchar_t *path, const void *data, DWORD n)
{
    DWORD written = 0;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    bool ok = WriteFile(file, data, n, &written, NULL) && written == n && FlushFileBuffers(file);
    CloseHandle(file);
    return ok;
}

bool store_save(void *user, const char *name, const void *data, size_t n)
{
    wchar_t fresh[MAX_PATH], path[MAX_PATH];
    DATA_BLOB plain = {(DWORD)n, (BYTE *)data}, entropy = {sizeof purpose, (BYTE *)purpose}, sealed = {0, NULL};
    (void)user;
    blob_path(name, L"new", fresh);
    blob_path(name, L"bin", path);
    if (!store_make_folder() ||
        !CryptProtectData(&plain, NULL, &entropy, NULL, NULL, CRYPTPROTECT_LOCAL_MACHINE | CRYPTPROTECT_UI_FORBIDDEN, &sealed))
        return false;
    bool ok = write_file(fresh, sealed.pbData, sealed.cbData) &&
              MoveFileExW(fresh, path, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH);
    LocalFree(sealed.pbData);
    return ok;
}

static DWORD read_file(const wchar_t *path, BYTE *out, DWORD size)
{
    DWORD n = 0;
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return 0;
    if (!ReadFile(file, out, size, &n, NULL))
        n = 0;
    CloseHandle(file);
    return n;
}

int store_load(void *user, const char *name, void *data, size_t size)
{
    static BYTE file[FILE_MAX];
    wchar_t path[MAX_PATH];
    DATA_BLOB sealed = {0, file}, entropy = {sizeof purpose, (BYTE *)purpose}, plain = {0, NULL};
    (void)user;
    blob_path(name, L"bin", path);
    sealed.cbData = read_file(path, file, sizeof file);
    if (sealed.cbData == 0 || !CryptUnprotectData(&sealed, NULL, &entropy, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &plain))
        return -1;
    int n = plain.cbData <= size ? (int)plain.cbData : -1;
    if (n > 0)
        memcpy(data, plain.pbData, plain.cbData);
    SecureZeroMemory(plain.pbData, plain.cbData);
    LocalFree(plain.pbData);
    return n;
}

void store_forget(void *user, const char *name)
{
    wchar_t path[MAX_PATH];
    (void)user;
    blob_path(name, L"bin", path);
    DeleteFileW(path);
    blob_path(name, L"new", path);
    DeleteFileW(path);
}
