/* From the viewer's key (X11 keysym and, when it knows it, XT scancode) to what Windows is told, as a pure function.
 * Characters go as Unicode, so that the technician's layout decides what is typed whatever the PC's layout is. */
#ifndef BEISTAND_KEYMAP_H
#define BEISTAND_KEYMAP_H

#include <stdbool.h>
#include <stdint.h>

enum key_kind {
    KEY_NOTHING,
    KEY_UNICODE,  /* code: the character */
    KEY_SHORTCUT, /* code: the character, to be pressed as its key because a modifier is down */
    KEY_VIRTUAL,  /* code: virtual-key code (winuser.h) */
    KEY_SCANCODE, /* code: XT set 1 */
};

struct key_action {
    enum key_kind kind;
    uint32_t code;
    bool extended; /* E0 key */
};

/* scancode: QEMU form (bit 7: E0), 0 unknown. shortcut: Ctrl, Alt or Windows is down. */
struct key_action keymap_translate(uint32_t keysym, uint32_t scancode, bool shortcut);
/* Is it Ctrl (1), Alt (2), Windows (4) or Delete (8)? else 0. */
enum { KEYMAP_CTRL = 1, KEYMAP_ALT = 2, KEYMAP_WINDOWS = 4, KEYMAP_DELETE = 8 };
unsigned keymap_role(uint32_t keysym);

#endif
