/* The check digit of H. Michael Damm (thesis "Total anti-symmetrische Quasigruppen", Marburg 2004): finds every
 * single wrong digit and every swap of neighbours. */
#ifndef BEISTAND_DAMM_H
#define BEISTAND_DAMM_H

#include <stdbool.h>
#include <stddef.h>

/* '0'..'9' for n digits, or NUL when there is another character. */
char damm_check_digit(const char *digits, size_t n);
/* The last of n digits is the right check digit of the others. */
bool damm_valid(const char *digits, size_t n);

#endif
