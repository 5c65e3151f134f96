/* A window for tests of the Windows program. It shows a text that a test reads back from pixels of the screen (each byte is a
 * column of eight squares, as agent/sim/screen.h), and a field whose content it writes to a file at every change.
 *
 *     probe.exe TEXT FILE [moving] */
#include <windows.h>

#include <shellapi.h>
#include <stdio.h>
#include <string.h>

enum { SQUARE = 10, LEFT = 20, TOP = 20, TEXT_CHARS = 256, FIELD_ID = 1, TICK_MS = 15 };

static char shown[TEXT_CHARS];
static const wchar_t *file;
static HWND field;
static int turn;

static void square(HDC dc, int x, int y, COLORREF colour)
{
    RECT r = {LEFT + x * SQUARE, TOP + y * SQUARE, LEFT + (x + 1) * SQUARE, TOP + (y + 1) * SQUARE};
    HBRUSH brush = CreateSolidBrush(colour);
    FillRect(dc, &r, brush);
    DeleteObject(brush);
}

static void paint(HWND window)
{
    PAINTSTRUCT p;
    HDC dc = BeginPaint(window, &p);
    for (int i = 0; shown[i]; i++)
        for (int bit = 0; bit < 8; bit++)
            square(dc, i, bit, (unsigned char)shown[i] >> (7 - bit) & 1 ? RGB(0xF0, 0xF0, 0xF0) : RGB(0x10, 0x10, 0x10));
    TextOutA(dc, LEFT, TOP + 9 * SQUARE, shown, (int)strlen(shown));
    for (int i = 0; i < 40; i++)
        square(dc, i, 20, i == turn % 40 ? RGB(0xC0, 0x30, 0x20) : RGB(0x20, 0x30, 0x40));
    EndPaint(window, &p);
}

static void keep(void)
{
    wchar_t text[TEXT_CHARS], fresh[MAX_PATH];
    _snwprintf(fresh, MAX_PATH, L"%ls.new", file);
    int n = GetWindowTextW(field, text, TEXT_CHARS);
    char utf8[TEXT_CHARS * 3];
    n = WideCharToMultiByte(CP_UTF8, 0, text, n, utf8, sizeof utf8, NULL, NULL);
    FILE *f = _wfopen(fresh, L"wb");
    if (!f)
        return;
    fwrite(utf8, 1, (size_t)n, f);
    fclose(f);
    MoveFileExW(fresh, file, MOVEFILE_REPLACE_EXISTING);
}

static LRESULT CALLBACK on_message(HWND window, UINT message, WPARAM w, LPARAM l)
{
    RECT strip = {LEFT, TOP + 20 * SQUARE, LEFT + 40 * SQUARE, TOP + 21 * SQUARE};
    switch (message) {
    case WM_PAINT: paint(window); return 0;
    case WM_TIMER:
        turn++;
        InvalidateRect(window, &strip, FALSE);
        return 0;
    case WM_COMMAND:
        if (LOWORD(w) == FIELD_ID && HIWORD(w) == EN_CHANGE)
            keep();
        return 0;
    case WM_DESTROY: PostQuitMessage(0); return 0;
    default: return DefWindowProcW(window, message, w, l);
    }
}

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE before, PWSTR line, int show)
{
    int argc;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    WNDCLASSW class = {.lpfnWndProc = on_message, .hInstance = instance, .lpszClassName = L"Probe",
                       .hbrBackground = (HBRUSH)(COLOR_WINDOW + 1), .hCursor = LoadCursorW(NULL, (LPCWSTR)IDC_CROSS)};
    MSG m;
    (void)before, (void)line, (void)show;
    if (argc < 3)
        return 2;
    WideCharToMultiByte(CP_UTF8, 0, argv[1], -1, shown, sizeof shown, NULL, NULL);
    file = argv[2];
    RegisterClassW(&class);
    HWND window = CreateWindowExW(0, L"Probe", L"Probe", WS_POPUP | WS_VISIBLE, 0, 0, 1280, 400, NULL, NULL, instance, NULL);
    field = CreateWindowExW(0, L"EDIT", L"", WS_CHILD | WS_VISIBLE | WS_BORDER | ES_AUTOHSCROLL, LEFT, 150, 600, 30, window,
                            (HMENU)FIELD_ID, instance, NULL);
    if (argc > 3)
        SetTimer(window, 1, TICK_MS, NULL);
    SetForegroundWindow(window);
    SetFocus(field);
    while (GetMessageW(&m, NULL, 0, 0) > 0) {
        TranslateMessage(&m);
        DispatchMessageW(&m);
    }
    return 0;
}
