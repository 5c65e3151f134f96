/* See capture.h. */
#include "capture.h"

#include "cursor.h"
#include "share.h"

#include <string.h>

enum { SECTIONS_KEPT = 2 };

struct picture {
    HDC memory;
    HBITMAP bitmap[SHARE_FRAMES];
    HGDIOBJ before;
};

static struct {
    struct capture_hooks hooks;
    HANDLE asked;
    HDESK desktop;
    HDC screen;
    int left, top;
    unsigned width, height;
    HANDLE section[SECTIONS_KEPT]; /* this one and the one before, which the service may still be opening */
    struct share *share;
    struct picture picture;
    int back; /* the picture that is ours */
} c;

bool desktop_follow(HDESK *current)
{
    wchar_t name[64] = L"", known[64] = L"";
    HDESK input = OpenInputDesktop(0, FALSE, GENERIC_ALL);
    if (!input)
        return false;
    GetUserObjectInformationW(input, UOI_NAME, name, sizeof name, NULL);
    GetUserObjectInformationW(GetThreadDesktop(GetCurrentThreadId()), UOI_NAME, known, sizeof known, NULL);
    if (wcscmp(name, known) == 0 || !SetThreadDesktop(input)) {
        CloseDesktop(input);
        return false;
    }
    if (*current)
        CloseDesktop(*current);
    *current = input;
    return true;
}

static void drop_pictures(void)
{
    if (c.picture.memory) {
        SelectObject(c.picture.memory, c.picture.before);
        DeleteDC(c.picture.memory);
    }
    for (int i = 0; i < SHARE_FRAMES; i++)
        if (c.picture.bitmap[i])
            DeleteObject(c.picture.bitmap[i]);
    memset(&c.picture, 0, sizeof c.picture);
    if (c.share)
        UnmapViewOfFile(c.share);
    c.share = NULL;
}

static bool make_section(void)
{
    size_t size = share_size(c.width, c.height);
    if (c.section[1])
        CloseHandle(c.section[1]);
    c.section[1] = c.section[0];
    c.section[0] = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, (DWORD)(size >> 32), (DWORD)size, NULL);
    c.share = c.section[0] ? MapViewOfFile(c.section[0], FILE_MAP_ALL_ACCESS, 0, 0, size) : NULL;
    if (!c.share)
        return false;
    /* 0 is ours, 1 the service's, 2 on its way and old. */
    c.back = 0;
    c.share->mailbox = 2;
    return true;
}

/* GDI draws straight into the section. */
static bool make_bitmaps(void)
{
    BITMAPINFO info = {.bmiHeader = {.biSize = sizeof info.bmiHeader,
                                     .biWidth = (LONG)c.width,
                                     .biHeight = -(LONG)c.height, /* top row first */
                                     .biPlanes = 1,
                                     .biBitCount = 32,
                                     .biCompression = BI_RGB}};
    void *pixels;
    c.picture.memory = CreateCompatibleDC(c.screen);
    for (int i = 0; c.picture.memory && i < SHARE_FRAMES; i++) {
        DWORD offset = (DWORD)(SHARE_FRAMES_AT + (size_t)i * share_frame_size(c.width, c.height));
        c.picture.bitmap[i] = CreateDIBSection(c.screen, &info, DIB_RGB_COLORS, &pixels, c.section[0], offset);
        if (!c.picture.bitmap[i])
            return false;
    }
    if (c.picture.memory)
        c.picture.before = SelectObject(c.picture.memory, c.picture.bitmap[c.back]);
    return c.picture.memory != NULL;
}

/* Follows desktop and screen size. false: there is nothing to draw from at the moment. */
static bool prepare(void)
{
    bool moved = desktop_follow(&c.desktop);
    int left = GetSystemMetrics(SM_XVIRTUALSCREEN), top = GetSystemMetrics(SM_YVIRTUALSCREEN);
    int width = GetSystemMetrics(SM_CXVIRTUALSCREEN), height = GetSystemMetrics(SM_CYVIRTUALSCREEN);
    if (width <= 0 || height <= 0)
        return false;
    c.left = left;
    c.top = top;
    if (c.screen && !moved && c.share && (unsigned)width == c.width && (unsigned)height == c.height)
        return true;
    drop_pictures();
    if (c.screen)
        ReleaseDC(NULL, c.screen);
    c.screen = GetDC(NULL);
    c.width = (unsigned)width;
    c.height = (unsigned)height;
    if (!c.screen || !make_section() || !make_bitmaps()) {
        log_line("capture: no picture of %ux%u", c.width, c.height);
        drop_pictures();
        return false;
    }
    c.hooks.screen(c.hooks.user, c.width, c.height, c.section[0]);
    return true;
}

static void publish(void)
{
    c.share->taken_ms[c.back] = (LONG64)GetTickCount64();
    LONG old = InterlockedExchange(&c.share->mailbox, c.back | SHARE_FRESH);
    c.back = old & ~SHARE_FRESH;
    SelectObject(c.picture.memory, c.picture.bitmap[c.back]);
}

static void draw(void)
{
    /* CAPTUREBLT: layered windows too (tool tips, menus, our own banner). */
    if (!prepare())
        return;
    if (!BitBlt(c.picture.memory, 0, 0, (int)c.width, (int)c.height, c.screen, c.left, c.top, SRCCOPY | CAPTUREBLT)) {
        drop_pictures(); /* the desktop went away under us: the next call starts anew */
        return;
    }
    GdiFlush();
    publish();
    cursor_share(c.share);
    c.hooks.frame(c.hooks.user);
}

__attribute__((noreturn)) static DWORD WINAPI run(void *unused)
{
    (void)unused;
    for (;;) {
        WaitForSingleObject(c.asked, INFINITE);
        draw();
    }
}

bool capture_start(const struct capture_hooks *hooks)
{
    c.hooks = *hooks;
    c.asked = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE thread = c.asked ? CreateThread(NULL, 0, run, NULL, 0, NULL) : NULL;
    if (thread)
        CloseHandle(thread);
    return thread != NULL;
}

void capture_grab(void)
{
    SetEvent(c.asked);
}
