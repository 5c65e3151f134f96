/* See tls_verify.h. */
#include "tls_verify.h"

#include <string.h>

enum { PINS_MAX = 8 };

static HCERTSTORE pins;
static PCCERT_CONTEXT pinned[PINS_MAX];
static size_t n_pinned;

static const char pem_begin[] = "-----BEGIN CERTIFICATE-----", pem_end[] = "-----END CERTIFICATE-----";

static void add_pin(const char *text, size_t n)
{
    BYTE der[4096];
    DWORD size = sizeof der;
    PCCERT_CONTEXT certificate = NULL;
    if (n_pinned == PINS_MAX || !CryptStringToBinaryA(text, (DWORD)n, CRYPT_STRING_BASE64HEADER, der, &size, NULL, NULL))
        return;
    if (CertAddEncodedCertificateToStore(pins, X509_ASN_ENCODING, der, size, CERT_STORE_ADD_ALWAYS, &certificate))
        pinned[n_pinned++] = certificate;
}

int tls_trust(const char *pem)
{
    pins = CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, NULL);
    for (const char *begin = pem; pins && (begin = strstr(begin, pem_begin));) {
        const char *end = strstr(begin, pem_end);
        if (!end)
            break;
        end += sizeof pem_end - 1;
        add_pin(begin, (size_t)(end - begin));
        begin = end;
    }
    return n_pinned > 0 ? 0 : -1;
}

/* ---- the name ---- */

static bool dns_matches(const wchar_t *pattern, const wchar_t *host)
{
    if (pattern[0] == L'*' && pattern[1] == L'.') {
        const wchar_t *dot = wcschr(host, L'.');
        return dot && dot != host && wcschr(dot + 1, L'.') && _wcsicmp(pattern + 1, dot) == 0;
    }
    return _wcsicmp(pattern, host) == 0;
}

static bool ip_matches(const CRYPT_DATA_BLOB *address, const char *host)
{
    uint8_t wanted[16];
    if (inet_pton(AF_INET, host, wanted) == 1)
        return address->cbData == 4 && memcmp(address->pbData, wanted, 4) == 0;
    return inet_pton(AF_INET6, host, wanted) == 1 && address->cbData == 16 && memcmp(address->pbData, wanted, 16) == 0;
}

static bool name_matches(PCCERT_CONTEXT leaf, const char *host)
{
    wchar_t wide[256];
    union {
        CERT_ALT_NAME_INFO info;
        uint8_t room[8192];
    } decoded;
    DWORD size = sizeof decoded;
    bool found = false;
    PCERT_EXTENSION names = CertFindExtension(szOID_SUBJECT_ALT_NAME2, leaf->pCertInfo->cExtension, leaf->pCertInfo->rgExtension);
    if (!names || !CryptDecodeObjectEx(X509_ASN_ENCODING, X509_ALTERNATE_NAME, names->Value.pbData, names->Value.cbData,
                                       CRYPT_DECODE_NOCOPY_FLAG, NULL, &decoded, &size))
        return false;
    to_wide(wide, sizeof wide / sizeof *wide, host);
    for (DWORD i = 0; i < decoded.info.cAltEntry && !found; i++) {
        const CERT_ALT_NAME_ENTRY *e = &decoded.info.rgAltEntry[i];
        if (e->dwAltNameChoice == CERT_ALT_NAME_DNS_NAME)
            found = dns_matches(e->pwszDNSName, wide);
        else if (e->dwAltNameChoice == CERT_ALT_NAME_IP_ADDRESS)
            found = ip_matches(&e->IPAddress, host);
    }
    return found;
}

/* ---- the chain ---- */

static bool is_pinned(PCCERT_CONTEXT root)
{
    for (size_t i = 0; i < n_pinned; i++)
        if (root->cbCertEncoded == pinned[i]->cbCertEncoded &&
            memcmp(root->pbCertEncoded, pinned[i]->pbCertEncoded, root->cbCertEncoded) == 0)
            return true;
    return false;
}

static const char *judge(const CERT_CHAIN_CONTEXT *chain)
{
    /* The root is judged below by its bytes; revocation is not asked: a network call before the network is trusted. */
    static const DWORD accepted = CERT_TRUST_IS_UNTRUSTED_ROOT | CERT_TRUST_REVOCATION_STATUS_UNKNOWN | CERT_TRUST_IS_OFFLINE_REVOCATION;
    const CERT_SIMPLE_CHAIN *simple = chain->cChain == 1 ? chain->rgpChain[0] : NULL;
    DWORD errors = chain->TrustStatus.dwErrorStatus & ~accepted;
    if (!simple || simple->cElement == 0)
        return "no certificate chain";
    if (errors & CERT_TRUST_IS_NOT_TIME_VALID)
        return "the certificate is not valid at this time (is the PC's clock right?)";
    if (!is_pinned(simple->rgpElement[simple->cElement - 1]->pCertContext))
        return "the certificate is not the service's (something inspects the connection)";
    return errors ? "the certificate chain is not valid" : NULL;
}

const char *tls_verify(PCCERT_CONTEXT leaf, const char *host)
{
    LPSTR usage = (LPSTR)szOID_PKIX_KP_SERVER_AUTH;
    CERT_CHAIN_PARA para = {.cbSize = sizeof para};
    PCCERT_CHAIN_CONTEXT chain = NULL;
    para.RequestedUsage.dwType = USAGE_MATCH_TYPE_AND;
    para.RequestedUsage.Usage.cUsageIdentifier = 1;
    para.RequestedUsage.Usage.rgpszUsageIdentifier = &usage;
    if (!CertGetCertificateChain(NULL, leaf, NULL, pins, &para, CERT_CHAIN_CACHE_ONLY_URL_RETRIEVAL, NULL, &chain))
        return "the certificate chain cannot be built";
    const char *why = judge(chain);
    CertFreeCertificateChain(chain);
    return why ? why : name_matches(leaf, host) ? NULL : "the certificate is for another host";
}
