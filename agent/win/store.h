/* Where the program keeps what must survive: blobs in its own folder, which only SYSTEM and administrators may
 * open, each sealed by DPAPI with the machine's key, so that a copied file is worth nothing elsewhere. */
#ifndef BEISTAND_WIN_STORE_H
#define BEISTAND_WIN_STORE_H

#include "win.h"

/* %ProgramFiles%\Beistand Support, without a trailing backslash. */
const wchar_t *store_folder(void);
/* folder\name into out (MAX_PATH characters). */
void store_path(wchar_t *out, const wchar_t *name);
/* Makes the folder with its access list when it is not there. */
bool store_make_folder(void);
/* What struct program_seams wants; user is unused. A save is written beside, flushed, then renamed. */
bool store_save(void *user, const char *name, const void *data, size_t n);
int store_load(void *user, const char *name, void *data, size_t size);
void store_forget(void *user, const char *name);

#endif
