/* What stands between the program and its service, told apart from the little that can be seen (S-37). Pure. */
#ifndef BEISTAND_NETWORK_H
#define BEISTAND_NETWORK_H

enum network_block { NETWORK_FREE, NETWORK_FIREWALL, NETWORK_PROXY, NETWORK_TLS_INSPECTION };

/* Of a request that the service did not answer. status: of an HTTP answer that is not ours, 0 or less when there was none;
 * error: text of net_error() or of the HTTP client.
 *  - no connection, no answer, cut: a firewall;
 *  - a connection whose TLS or certificate is not the service's: somebody inspects TLS;
 *  - HTTP that the service never says, or no HTTP at all inside good TLS: a proxy or gateway answers in its place. */
enum network_block network_classify(int status, const char *error);
/* "", "firewall", "proxy", "tls_inspection" */
const char *network_block_name(enum network_block b);

#endif
