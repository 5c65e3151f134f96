/* See ui.h. Plain Win32: controls Windows reads to a screen reader and that work without a mouse. */
#include "ui.h"

#include "generated/texts_program.h"

#include <stdio.h>
#include <string.h>

#define WINDOW_CLASS L"BeistandSupport"

enum { TEXT_MAX_CHARS = 1024, NOTE_CHARS = 512, ANSWER_CHARS = 256 };
enum { ID_TEXT = 100, ID_FIELD, ID_NOTE, ID_GO = IDOK, ID_LEAVE = IDCANCEL };
enum { MSG_APPLY = WM_APP + 1, MSG_STOP };
enum mode { MODE_BUSY, MODE_ASK, MODE_SESSION, MODE_CONNECTED, MODE_FINAL };

/* Sizes at 96 dots per inch. */
enum { WIDE = 460, TALL = 250, BANNER_WIDE = 420, BANNER_TALL = 96, MARGIN = 20, GAP = 12, LINE = 26, BUTTON = 110 };

static struct {
    struct ui_hooks hooks;
    enum language language;
    CRITICAL_SECTION lock; /* over wanted */
    struct {
        enum mode mode;
        enum ui_question question;
        wchar_t text[TEXT_MAX_CHARS], note[NOTE_CHARS];
    } wanted, shown;
    HANDLE thread, ready, read;
    HWND window, text, field, note, go, leave;
    HFONT font, large, small;
    HBRUSH alert;
    UINT dpi;
} u;

static int scaled(int v)
{
    return MulDiv(v, (int)u.dpi, 96);
}

static void set_label(HWND control, enum text_program id)
{
    wchar_t wide[128];
    to_wide(wide, sizeof wide / sizeof *wide, text_program(id, u.language));
    SetWindowTextW(control, wide);
}

/* ---- layout ---- */

static void place(HWND control, bool show, int x, int y, int w, int h)
{
    SetWindowPos(control, NULL, x, y, w, h, SWP_NOZORDER | SWP_NOACTIVATE | (show ? SWP_SHOWWINDOW : SWP_HIDEWINDOW));
}

static void place_window(bool banner, bool top)
{
    RECT area, outer = {0, 0, scaled(banner ? BANNER_WIDE : WIDE), scaled(banner ? BANNER_TALL : TALL)};
    DWORD style = (DWORD)GetWindowLongPtrW(u.window, GWL_STYLE);
    AdjustWindowRectEx(&outer, style, FALSE, (DWORD)GetWindowLongPtrW(u.window, GWL_EXSTYLE));
    int w = outer.right - outer.left, h = outer.bottom - outer.top;
    SystemParametersInfoW(SPI_GETWORKAREA, 0, &area, 0);
    int x = banner ? area.right - w - scaled(MARGIN) : area.left + (area.right - area.left - w) / 2;
    int y = banner ? area.bottom - h - scaled(MARGIN) : area.top + (area.bottom - area.top - h) / 3;
    SetWindowPos(u.window, top ? HWND_TOPMOST : HWND_NOTOPMOST, x, y, w, h, SWP_NOACTIVATE | SWP_SHOWWINDOW);
}

static void lay_out_banner(void)
{
    int w = scaled(BANNER_WIDE), h = scaled(BANNER_TALL), m = scaled(MARGIN / 2), b = scaled(BUTTON);
    place(u.text, true, m, m, w - b - 3 * m, h - 2 * m);
    place(u.leave, true, w - b - m, (h - scaled(32)) / 2, b, scaled(32));
    place(u.field, false, 0, 0, 0, 0);
    place(u.note, false, 0, 0, 0, 0);
    place(u.go, false, 0, 0, 0, 0);
}

static void lay_out_dialog(bool ask, bool final)
{
    int w = scaled(WIDE), h = scaled(TALL), m = scaled(MARGIN), inner = w - 2 * m, button_y = h - m - scaled(32);
    int text_h = ask ? scaled(74) : button_y - 2 * m;
    place(u.text, true, m, m, inner, text_h);
    place(u.field, ask, m, m + text_h + scaled(GAP / 2), inner, scaled(40));
    place(u.note, ask, m, m + text_h + scaled(40 + GAP), inner, scaled(2 * LINE - 8));
    place(u.go, ask || final, w - m - scaled(BUTTON), button_y, scaled(BUTTON), scaled(32));
    place(u.leave, ask, w - m - scaled(2 * BUTTON + GAP), button_y, scaled(BUTTON), scaled(32));
}

static void apply(void)
{
    EnterCriticalSection(&u.lock);
    bool another = u.wanted.mode != u.shown.mode || u.wanted.question != u.shown.question;
    u.shown = u.wanted;
    LeaveCriticalSection(&u.lock);
    static const char *const names[] = {"busy", "question", "session", "connected", "last words"};
    enum mode mode = u.shown.mode;
    log_line("window: %s", names[mode]);
    bool banner = mode == MODE_SESSION || mode == MODE_CONNECTED;
    SetWindowTextW(u.text, u.shown.text);
    SetWindowTextW(u.note, u.shown.note);
    set_label(u.leave, banner ? TEXT_PROGRAM_END : TEXT_PROGRAM_CANCEL);
    if (banner)
        lay_out_banner();
    else
        lay_out_dialog(mode == MODE_ASK, mode == MODE_FINAL);
    place_window(banner, mode == MODE_CONNECTED || mode == MODE_ASK);
    if (mode == MODE_ASK) {
        SetWindowTextW(u.field, L"");
        SendMessageW(u.field, EM_SETLIMITTEXT, ANSWER_CHARS - 1, 0);
    }
    if (another && (mode == MODE_ASK || mode == MODE_FINAL)) {
        SetForegroundWindow(u.window);
        SetFocus(mode == MODE_ASK ? u.field : u.go);
    }
    InvalidateRect(u.window, NULL, TRUE);
}

/* ---- the window ---- */

static void answer(void)
{
    wchar_t wide[ANSWER_CHARS];
    char text[ANSWER_CHARS * 3];
    if (u.shown.mode == MODE_FINAL) {
        SetEvent(u.read);
        return;
    }
    if (u.shown.mode != MODE_ASK || GetWindowTextW(u.field, wide, ANSWER_CHARS) == 0)
        return;
    to_utf8(text, sizeof text, wide);
    u.hooks.answered(u.hooks.user, u.shown.question, text);
    SecureZeroMemory(wide, sizeof wide);
    SecureZeroMemory(text, sizeof text);
    SetWindowTextW(u.field, L"");
}

static void leave(void)
{
    if (u.shown.mode == MODE_FINAL)
        SetEvent(u.read);
    else
        u.hooks.ended(u.hooks.user);
}

static LRESULT colour(HDC dc, HWND control)
{
    bool alert = u.shown.mode == MODE_CONNECTED;
    SetBkMode(dc, TRANSPARENT);
    SetTextColor(dc, alert ? RGB(255, 255, 255) : control == u.note ? RGB(176, 0, 32) : GetSysColor(COLOR_WINDOWTEXT));
    return (LRESULT)(alert ? u.alert : GetSysColorBrush(COLOR_WINDOW));
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM w, LPARAM l)
{
    RECT area;
    switch (message) {
    case MSG_APPLY: apply(); return 0;
    case MSG_STOP: DestroyWindow(window); return 0;
    case WM_COMMAND:
        if (LOWORD(w) == ID_GO)
            answer();
        else if (LOWORD(w) == ID_LEAVE)
            leave();
        return 0;
    case WM_CTLCOLORSTATIC: return colour((HDC)w, (HWND)l);
    case WM_ERASEBKGND:
        GetClientRect(window, &area);
        FillRect((HDC)w, &area, u.shown.mode == MODE_CONNECTED ? u.alert : GetSysColorBrush(COLOR_WINDOW));
        return 1;
    case WM_CLOSE: leave(); return 0;
    case WM_DESTROY: PostQuitMessage(0); return 0;
    default: return DefWindowProcW(window, message, w, l);
    }
}

static HWND control(const wchar_t *class, DWORD style, int id, HFONT font)
{
    HWND made = CreateWindowExW(0, class, L"", WS_CHILD | style, 0, 0, 0, 0, u.window, (HMENU)(intptr_t)id, GetModuleHandleW(NULL), NULL);
    SendMessageW(made, WM_SETFONT, (WPARAM)font, TRUE);
    return made;
}

static HFONT font_of(int points, int weight)
{
    return CreateFontW(-MulDiv(points, (int)u.dpi, 72), 0, 0, 0, weight, FALSE, FALSE, FALSE, DEFAULT_CHARSET, OUT_DEFAULT_PRECIS,
                       CLIP_DEFAULT_PRECIS, CLEARTYPE_QUALITY, DEFAULT_PITCH | FF_SWISS, L"Segoe UI");
}

static bool create(void)
{
    wchar_t title[64];
    WNDCLASSEXW class = {.cbSize = sizeof class,
                         .lpfnWndProc = on_message,
                         .hInstance = GetModuleHandleW(NULL),
                         .hIcon = LoadIconW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(1)),
                         .hCursor = LoadCursorW(NULL, (LPCWSTR)IDC_ARROW),
                         .lpszClassName = WINDOW_CLASS};
    HDC screen = GetDC(NULL);
    u.dpi = (UINT)GetDeviceCaps(screen, LOGPIXELSX);
    ReleaseDC(NULL, screen);
    RegisterClassExW(&class);
    to_wide(title, sizeof title / sizeof *title, text_program(TEXT_PROGRAM_TITLE, u.language));
    u.window = CreateWindowExW(WS_EX_CONTROLPARENT, WINDOW_CLASS, title, WS_CAPTION | WS_SYSMENU | WS_MINIMIZEBOX | WS_CLIPCHILDREN, 0, 0,
                               100, 100, NULL, NULL, GetModuleHandleW(NULL), NULL);
    if (!u.window) {
        log_line("window: %lu", GetLastError());
        return false;
    }
    u.font = font_of(11, FW_NORMAL);
    u.large = font_of(17, FW_SEMIBOLD);
    u.small = font_of(10, FW_NORMAL);
    u.alert = CreateSolidBrush(RGB(0x9C, 0x1C, 0x1C));
    u.text = control(L"STATIC", SS_LEFT | SS_NOPREFIX, ID_TEXT, u.font);
    u.field = control(L"EDIT", WS_TABSTOP | WS_BORDER | ES_AUTOHSCROLL, ID_FIELD, u.large);
    u.note = control(L"STATIC", SS_LEFT | SS_NOPREFIX, ID_NOTE, u.small);
    u.leave = control(L"BUTTON", WS_TABSTOP | BS_PUSHBUTTON, ID_LEAVE, u.font);
    u.go = control(L"BUTTON", WS_TABSTOP | BS_DEFPUSHBUTTON, ID_GO, u.font);
    set_label(u.go, TEXT_PROGRAM_OK);
    return true;
}

static DWORD WINAPI run(void *unused)
{
    MSG m;
    (void)unused;
    /* The desktop people work on: a thread of a process that a service started need not be there by itself. */
    HDESK desktop = OpenDesktopW(L"Default", 0, FALSE, GENERIC_ALL);
    if (desktop && !SetThreadDesktop(desktop))
        log_line("desktop: %lu", GetLastError());
    bool made = create();
    SetEvent(u.ready);
    while (made && GetMessageW(&m, NULL, 0, 0) > 0) {
        if (IsDialogMessageW(u.window, &m))
            continue;
        TranslateMessage(&m);
        DispatchMessageW(&m);
    }
    return 0;
}

/* ---- from other threads ---- */

bool ui_start(enum language language, const struct ui_hooks *hooks)
{
    u.hooks = *hooks;
    u.language = language;
    InitializeCriticalSection(&u.lock);
    u.ready = CreateEventW(NULL, TRUE, FALSE, NULL);
    u.read = CreateEventW(NULL, TRUE, FALSE, NULL);
    u.thread = u.ready && u.read ? CreateThread(NULL, 0, run, NULL, 0, NULL) : NULL;
    if (!u.thread)
        return false;
    WaitForSingleObject(u.ready, INFINITE);
    return u.window != NULL;
}

static void want(enum mode mode, enum ui_question question, const char *text, const char *note)
{
    EnterCriticalSection(&u.lock);
    u.wanted.mode = mode;
    u.wanted.question = question;
    to_wide(u.wanted.text, TEXT_MAX_CHARS, text);
    to_wide(u.wanted.note, NOTE_CHARS, note);
    LeaveCriticalSection(&u.lock);
    PostMessageW(u.window, MSG_APPLY, 0, 0);
}

void ui_show(enum ui_look look, const char *text)
{
    want(look == UI_BUSY ? MODE_BUSY : look == UI_SESSION ? MODE_SESSION : MODE_CONNECTED, UI_CODE, text, "");
}

void ui_ask(enum ui_question question, const char *text, const char *note)
{
    want(MODE_ASK, question, text, note);
}

void ui_final(const char *text, unsigned ms)
{
    want(MODE_FINAL, UI_CODE, text, "");
    WaitForSingleObject(u.read, ms);
    ui_stop();
}

void ui_stop(void)
{
    if (!u.thread)
        return;
    PostMessageW(u.window, MSG_STOP, 0, 0);
    WaitForSingleObject(u.thread, 5000);
    CloseHandle(u.thread);
    u.thread = NULL;
}
