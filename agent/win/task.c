/* See task.h. */
#define COBJMACROS
#define INITGUID
#include "task.h"

#include <stdio.h>
#include <taskschd.h>

enum { XML_MAX = 2048 };

static const wchar_t definition[] =
    L"<?xml version=\"1.0\" encoding=\"UTF-16\"?>"
    L"<Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">"
    L"<RegistrationInfo><Description>Removes the support program when its session is over.</Description></RegistrationInfo>"
    L"<Triggers><BootTrigger><Enabled>true</Enabled></BootTrigger>"
    L"<TimeTrigger><Repetition><Interval>PT15M</Interval></Repetition><StartBoundary>2020-01-01T00:00:00</StartBoundary>"
    L"<Enabled>true</Enabled></TimeTrigger></Triggers>"
    L"<Principals><Principal id=\"Author\"><UserId>S-1-5-18</UserId><RunLevel>HighestAvailable</RunLevel></Principal></Principals>"
    L"<Settings><MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>"
    L"<DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries><StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>"
    L"<StartWhenAvailable>true</StartWhenAvailable><Hidden>true</Hidden><ExecutionTimeLimit>PT0S</ExecutionTimeLimit></Settings>"
    L"<Actions Context=\"Author\"><Exec><Command>\"%ls\"</Command><Arguments>--check</Arguments></Exec></Actions></Task>";

/* The root folder of the scheduler; released by the caller. NULL when it cannot be had. */
static ITaskFolder *open_folder(void)
{
    ITaskService *service = NULL;
    ITaskFolder *folder = NULL;
    VARIANT none = {0};
    BSTR root = SysAllocString(L"\\");
    if (root && SUCCEEDED(CoCreateInstance(&CLSID_TaskScheduler, NULL, CLSCTX_INPROC_SERVER, &IID_ITaskService, (void **)&service))) {
        if (SUCCEEDED(ITaskService_Connect(service, none, none, none, none)))
            ITaskService_GetFolder(service, root, &folder);
        ITaskService_Release(service);
    }
    SysFreeString(root);
    return folder;
}

static HRESULT register_task(const wchar_t *program)
{
    wchar_t xml[XML_MAX];
    VARIANT none = {0};
    IRegisteredTask *task = NULL;
    int n = _snwprintf(xml, XML_MAX, definition, program);
    ITaskFolder *folder = n > 0 && n < XML_MAX ? open_folder() : NULL;
    if (!folder)
        return E_FAIL;
    BSTR name = SysAllocString(TASK_NAME), text = SysAllocString(xml);
    HRESULT result = name && text ? ITaskFolder_RegisterTask(folder, name, text, TASK_CREATE_OR_UPDATE, none, none,
                                                             TASK_LOGON_SERVICE_ACCOUNT, none, &task)
                                  : E_OUTOFMEMORY;
    if (SUCCEEDED(result) && task)
        IRegisteredTask_Release(task);
    SysFreeString(name);
    SysFreeString(text);
    ITaskFolder_Release(folder);
    return result;
}

bool task_make(const wchar_t *program)
{
    HRESULT com = CoInitializeEx(NULL, COINIT_MULTITHREADED);
    HRESULT result = register_task(program);
    log_line("task registered: 0x%08lx", (unsigned long)result);
    if (SUCCEEDED(com))
        CoUninitialize();
    return SUCCEEDED(result);
}

bool task_remove(void)
{
    HRESULT com = CoInitializeEx(NULL, COINIT_MULTITHREADED), result = E_FAIL;
    ITaskFolder *folder = open_folder();
    BSTR name = SysAllocString(TASK_NAME);
    if (folder && name)
        result = ITaskFolder_DeleteTask(folder, name, 0);
    SysFreeString(name);
    if (folder)
        ITaskFolder_Release(folder);
    if (SUCCEEDED(com))
        CoUninitialize();
    return SUCCEEDED(result) || result == HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
}
