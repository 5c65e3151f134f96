/* See input.h. */
#include "input.h"

#include "agent/core/keymap.h"
#include "capture.h"

#include <string.h>

enum { HELD_MAX = 32, WHEEL_STEP = 120, MOUSE_RANGE = 65535 };

static struct {
    HDESK desktop;
    struct held {
        uint32_t keysym;
        struct key_action action;
    } held[HELD_MAX]; /* the release sends what the press sent, whatever modifiers are down by then */
    size_t n_held;
    unsigned modifiers; /* KEYMAP_CTRL, _ALT, _WINDOWS */
    unsigned buttons;
} in;

static void send_key(WORD virtual_key, WORD scan, DWORD flags, bool down)
{
    INPUT i = {.type = INPUT_KEYBOARD, .ki = {.wVk = virtual_key, .wScan = scan, .dwFlags = flags | (down ? 0 : KEYEVENTF_KEYUP)}};
    SendInput(1, &i, sizeof i);
}

static void send_unicode(uint32_t c, bool down)
{
    if (c < 0x10000) {
        send_key(0, (WORD)c, KEYEVENTF_UNICODE, down);
        return;
    }
    send_key(0, (WORD)(0xD800 + ((c - 0x10000) >> 10)), KEYEVENTF_UNICODE, down);
    send_key(0, (WORD)(0xDC00 + ((c - 0x10000) & 0x3FF)), KEYEVENTF_UNICODE, down);
}

static void send_virtual(WORD code, bool extended, bool down)
{
    WORD scan = (WORD)MapVirtualKeyW(code, MAPVK_VK_TO_VSC);
    send_key(code, scan, extended ? KEYEVENTF_EXTENDEDKEY : 0, down);
}

/* Ctrl-C and the like: the key that has this character on the PC's own layout; Shift is sent by the viewer itself. */
static void send_shortcut(uint32_t c, bool down)
{
    HKL layout = GetKeyboardLayout(GetWindowThreadProcessId(GetForegroundWindow(), NULL));
    SHORT found = c < 0x10000 ? VkKeyScanExW((wchar_t)c, layout) : -1;
    if (found == -1)
        send_unicode(c, down);
    else
        send_virtual(LOBYTE(found), false, down);
}

static void perform(const struct key_action *a, bool down)
{
    switch (a->kind) {
    case KEY_UNICODE: send_unicode(a->code, down); break;
    case KEY_SHORTCUT: send_shortcut(a->code, down); break;
    case KEY_VIRTUAL: send_virtual((WORD)a->code, a->extended, down); break;
    case KEY_SCANCODE: send_key(0, (WORD)a->code, KEYEVENTF_SCANCODE | (a->extended ? KEYEVENTF_EXTENDEDKEY : 0), down); break;
    case KEY_NOTHING: break;
    }
}

static struct held *find_held(uint32_t keysym)
{
    for (size_t i = 0; i < in.n_held; i++)
        if (in.held[i].keysym == keysym)
            return &in.held[i];
    return NULL;
}

static void press(uint32_t keysym, uint32_t scancode)
{
    struct key_action action = keymap_translate(keysym, scancode, in.modifiers != 0);
    struct held *held = find_held(keysym);
    if (!held && in.n_held < HELD_MAX)
        in.held[in.n_held++] = (struct held){keysym, action};
    perform(held ? &held->action : &action, true);
}

static void let_go(uint32_t keysym)
{
    struct held *held = find_held(keysym);
    if (!held)
        return;
    perform(&held->action, false);
    *held = in.held[--in.n_held];
}

void input_key(bool down, uint32_t keysym, uint32_t scancode)
{
    unsigned role = keymap_role(keysym) & ~(unsigned)KEYMAP_DELETE;
    desktop_follow(&in.desktop);
    if (down)
        press(keysym, scancode);
    else
        let_go(keysym);
    in.modifiers = down ? in.modifiers | role : in.modifiers & ~role;
}

/* ---- pointer ---- */

static void send_mouse(DWORD flags, LONG x, LONG y, DWORD data)
{
    INPUT i = {.type = INPUT_MOUSE, .mi = {.dx = x, .dy = y, .mouseData = data, .dwFlags = flags}};
    SendInput(1, &i, sizeof i);
}

static void move(unsigned x, unsigned y)
{
    int width = GetSystemMetrics(SM_CXVIRTUALSCREEN), height = GetSystemMetrics(SM_CYVIRTUALSCREEN);
    if (width < 2 || height < 2)
        return;
    send_mouse(MOUSEEVENTF_MOVE | MOUSEEVENTF_ABSOLUTE | MOUSEEVENTF_VIRTUALDESK, (LONG)((uint64_t)x * MOUSE_RANGE / (unsigned)(width - 1)),
               (LONG)((uint64_t)y * MOUSE_RANGE / (unsigned)(height - 1)), 0);
}

void input_pointer(unsigned x, unsigned y, unsigned buttons)
{
    static const struct {
        unsigned bit;
        DWORD down, up, data; /* up 0: a wheel, which has no release */
    } table[] = {
        {1 << 0, MOUSEEVENTF_LEFTDOWN, MOUSEEVENTF_LEFTUP, 0},
        {1 << 1, MOUSEEVENTF_MIDDLEDOWN, MOUSEEVENTF_MIDDLEUP, 0},
        {1 << 2, MOUSEEVENTF_RIGHTDOWN, MOUSEEVENTF_RIGHTUP, 0},
        {1 << 3, MOUSEEVENTF_WHEEL, 0, WHEEL_STEP},
        {1 << 4, MOUSEEVENTF_WHEEL, 0, (DWORD)-WHEEL_STEP},
        {1 << 5, MOUSEEVENTF_HWHEEL, 0, (DWORD)-WHEEL_STEP},
        {1 << 6, MOUSEEVENTF_HWHEEL, 0, WHEEL_STEP},
        {1 << 7, MOUSEEVENTF_XDOWN, MOUSEEVENTF_XUP, XBUTTON1},
        {1 << 8, MOUSEEVENTF_XDOWN, MOUSEEVENTF_XUP, XBUTTON2},
    };
    desktop_follow(&in.desktop);
    move(x, y);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        bool is = buttons & table[i].bit, was = in.buttons & table[i].bit;
        if (is && !was)
            send_mouse(table[i].down, 0, 0, table[i].data);
        else if (!is && was && table[i].up)
            send_mouse(table[i].up, 0, 0, table[i].data);
    }
    in.buttons = buttons;
}

void input_release(void)
{
    POINT at;
    while (in.n_held > 0)
        let_go(in.held[in.n_held - 1].keysym);
    in.modifiers = 0;
    if (in.buttons && GetCursorPos(&at))
        input_pointer((unsigned)(at.x - GetSystemMetrics(SM_XVIRTUALSCREEN)), (unsigned)(at.y - GetSystemMetrics(SM_YVIRTUALSCREEN)), 0);
}
