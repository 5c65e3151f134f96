/* See damm.h. */
#include "damm.h"

/* The totally anti-symmetric quasigroup of order 10 of the thesis, page 106. */
static const char table[10][11] = {"0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
                                   "3674209581", "5869720134", "8945362017", "9438617205", "2581436790"};

char damm_check_digit(const char *digits, size_t n)
{
    char interim = '0';
    for (size_t i = 0; i < n; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return '\0';
        interim = table[interim - '0'][digits[i] - '0'];
    }
    return interim;
}

bool damm_valid(const char *digits, size_t n)
{
    return n > 1 && damm_check_digit(digits, n - 1) == digits[n - 1];
}
