/* See keymap.h. Keysyms: X11/keysymdef.h (X Window System Protocol, appendix A); virtual keys: winuser.h. */
#include "keymap.h"

#include <stddef.h>

enum { UNICODE_KEYSYM = 0x01000000, UNICODE_END = 0x110000, SCANCODE_E0 = 0x80, F1 = 0xFFBE, F24 = 0xFFD5, VK_F1_CODE = 0x70 };

static const struct {
    uint16_t keysym;
    uint8_t virtual_key;
    bool extended;
} keys[] = {
    {0xFF08, 0x08, false}, /* BackSpace */
    {0xFF09, 0x09, false}, /* Tab */
    {0xFE20, 0x09, false}, /* ISO_Left_Tab */
    {0xFF0D, 0x0D, false}, /* Return */
    {0xFF13, 0x13, false}, /* Pause */
    {0xFF14, 0x91, false}, /* Scroll_Lock */
    {0xFF1B, 0x1B, false}, /* Escape */
    {0xFF50, 0x24, true},  /* Home */
    {0xFF51, 0x25, true},  /* Left */
    {0xFF52, 0x26, true},  /* Up */
    {0xFF53, 0x27, true},  /* Right */
    {0xFF54, 0x28, true},  /* Down */
    {0xFF55, 0x21, true},  /* Prior */
    {0xFF56, 0x22, true},  /* Next */
    {0xFF57, 0x23, true},  /* End */
    {0xFF61, 0x2C, true},  /* Print */
    {0xFF63, 0x2D, true},  /* Insert */
    {0xFF67, 0x5D, true},  /* Menu */
    {0xFF7F, 0x90, true},  /* Num_Lock */
    {0xFF8D, 0x0D, true},  /* KP_Enter */
    {0xFF95, 0x24, false}, /* KP_Home */
    {0xFF96, 0x25, false}, /* KP_Left */
    {0xFF97, 0x26, false}, /* KP_Up */
    {0xFF98, 0x27, false}, /* KP_Right */
    {0xFF99, 0x28, false}, /* KP_Down */
    {0xFF9A, 0x21, false}, /* KP_Prior */
    {0xFF9B, 0x22, false}, /* KP_Next */
    {0xFF9C, 0x23, false}, /* KP_End */
    {0xFF9D, 0x0C, false}, /* KP_Begin */
    {0xFF9E, 0x2D, false}, /* KP_Insert */
    {0xFF9F, 0x2E, false}, /* KP_Delete */
    {0xFFAA, 0x6A, false}, /* KP_Multiply */
    {0xFFAB, 0x6B, false}, /* KP_Add */
    {0xFFAC, 0x6C, false}, /* KP_Separator */
    {0xFFAD, 0x6D, false}, /* KP_Subtract */
    {0xFFAE, 0x6E, false}, /* KP_Decimal */
    {0xFFAF, 0x6F, true},  /* KP_Divide */
    {0xFFB0, 0x60, false}, {0xFFB1, 0x61, false}, {0xFFB2, 0x62, false}, {0xFFB3, 0x63, false}, {0xFFB4, 0x64, false},
    {0xFFB5, 0x65, false}, {0xFFB6, 0x66, false}, {0xFFB7, 0x67, false}, {0xFFB8, 0x68, false}, {0xFFB9, 0x69, false},
    {0xFFE1, 0xA0, false}, /* Shift_L */
    {0xFFE2, 0xA1, false}, /* Shift_R */
    {0xFFE3, 0xA2, false}, /* Control_L */
    {0xFFE4, 0xA3, true},  /* Control_R */
    {0xFFE5, 0x14, false}, /* Caps_Lock */
    {0xFFE7, 0xA4, false}, /* Meta_L */
    {0xFFE8, 0xA5, true},  /* Meta_R */
    {0xFFE9, 0xA4, false}, /* Alt_L */
    {0xFFEA, 0xA5, true},  /* Alt_R */
    {0xFFEB, 0x5B, true},  /* Super_L */
    {0xFFEC, 0x5C, true},  /* Super_R */
    {0xFFFF, 0x2E, true},  /* Delete */
};

/* 0 when the keysym is no character. */
static uint32_t character_of(uint32_t keysym)
{
    if ((keysym >= 0x20 && keysym <= 0x7E) || (keysym >= 0xA0 && keysym <= 0xFF))
        return keysym;
    if (keysym == 0x20AC) /* EuroSign has a keysym of its own, the same number */
        return keysym;
    uint32_t c = keysym - UNICODE_KEYSYM;
    bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    return keysym >= UNICODE_KEYSYM + 0x20 && c < UNICODE_END && !surrogate ? c : 0;
}

/* ISO_Level3_Shift and Mode_switch: what AltGr makes comes as the finished character. */
static bool is_silent(uint32_t keysym)
{
    return keysym == 0xFE03 || keysym == 0xFF7E;
}

struct key_action keymap_translate(uint32_t keysym, uint32_t scancode, bool shortcut)
{
    uint32_t c = character_of(keysym);
    if (is_silent(keysym))
        return (struct key_action){KEY_NOTHING, 0, false};
    if (c)
        return (struct key_action){shortcut ? KEY_SHORTCUT : KEY_UNICODE, c, false};
    if (keysym >= F1 && keysym <= F24)
        return (struct key_action){KEY_VIRTUAL, VK_F1_CODE + (keysym - F1), false};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (keys[i].keysym == keysym)
            return (struct key_action){KEY_VIRTUAL, keys[i].virtual_key, keys[i].extended};
    if (scancode > 0 && scancode < 0x100)
        return (struct key_action){KEY_SCANCODE, scancode & ~(uint32_t)SCANCODE_E0, (scancode & SCANCODE_E0) != 0};
    return (struct key_action){KEY_NOTHING, 0, false};
}

unsigned keymap_role(uint32_t keysym)
{
    switch (keysym) {
    case 0xFFE3:
    case 0xFFE4: return KEYMAP_CTRL;
    case 0xFFE7:
    case 0xFFE8:
    case 0xFFE9:
    case 0xFFEA: return KEYMAP_ALT;
    case 0xFFEB:
    case 0xFFEC: return KEYMAP_WINDOWS;
    case 0xFFFF:
    case 0xFF9F: return KEYMAP_DELETE;
    default: return 0;
    }
}
