/* beistand-support.exe: one file, roles by its first argument. Without one it is the customer who starts it. */
#include "win.h"

#include "first_run.h"
#include "install.h"
#include "load_config.h"
#include "service.h"
#include "worker.h"

#include <shellapi.h>
#include <stdlib.h>

static int as_worker(int argc, wchar_t **argv)
{
    char tag[16];
    if (argc != 5)
        return 2;
    to_utf8(tag, sizeof tag, argv[4]);
    return worker_main((HANDLE)(uintptr_t)_wcstoui64(argv[2], NULL, 16), (HANDLE)(uintptr_t)_wcstoui64(argv[3], NULL, 16),
                       language_from_tag(tag));
}

static int as_customer(const wchar_t *argument)
{
    char link[1024];
    if (!argument)
        return first_run_main(NULL);
    to_utf8(link, sizeof link, argument);
    return first_run_main(link);
}

/* By hand, should ever something be left: takes all of it away. */
static int as_remover(void)
{
    install_clear();
    return install_found() ? 1 : 0;
}

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE before, PWSTR line, int show)
{
    int argc = 0;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    const wchar_t *role = argv && argc > 1 ? argv[1] : NULL;
    (void)instance, (void)before, (void)line, (void)show;
    /* Libraries come from the system's folder only, never from the folder that the browser downloads into: here for what is
     * loaded while it runs, by load_config.c for what is loaded before. */
    if (!SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32) || !load_config_keep())
        return 1;
    if (role && wcscmp(role, L"--service") == 0)
        return service_main();
    if (role && wcscmp(role, L"--worker") == 0)
        return as_worker(argc, argv);
    if (role && wcscmp(role, L"--check") == 0)
        return service_check();
    if (role && wcscmp(role, L"--remove") == 0)
        return as_remover();
    return as_customer(role);
}
