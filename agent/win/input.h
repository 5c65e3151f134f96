/* Keys and pointer into the desktop that has the input. One thread only, without windows. */
#ifndef BEISTAND_WIN_INPUT_H
#define BEISTAND_WIN_INPUT_H

#include "win.h"

/* As struct program_seams has them. */
void input_key(bool down, uint32_t keysym, uint32_t scancode);
void input_pointer(unsigned x, unsigned y, unsigned buttons);
/* Lets go of everything that is held: the viewer has left. */
void input_release(void);

#endif
