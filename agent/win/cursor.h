/* The pointer's shape as BGRA pixels in the shared section. */
#ifndef BEISTAND_WIN_CURSOR_H
#define BEISTAND_WIN_CURSOR_H

#include "share.h"

/* Writes the shape when it is another than at the last call for this section. Capture thread. */
void cursor_share(struct share *s);

#endif
