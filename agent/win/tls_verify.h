/* Is this the service's certificate? Only the certificate authorities stamped into the program are trusted, whatever
 * Windows' own list says. */
#ifndef BEISTAND_WIN_TLS_VERIFY_H
#define BEISTAND_WIN_TLS_VERIFY_H

#include "win.h"

#include <wincrypt.h>

/* pem: one or more certificates. 0, or -1 when there is none. Once per process. */
int tls_trust(const char *pem);
/* NULL when the chain of leaf ends at one of them, is valid now and for host (DNS name or IP address, RFC 6125 with
 * a wildcard as the whole first label); else why not, as static text. */
const char *tls_verify(PCCERT_CONTEXT leaf, const char *host);

#endif
