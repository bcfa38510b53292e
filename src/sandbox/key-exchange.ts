/**
 * The key exchanges of every TLS connection in the sandbox, in OpenSSL's notation. The runtime would offer post-quantum
 * ones as well: hundreds of clusters in one process feel what those cost.
 */
export const KEY_EXCHANGE = "X25519:P-256";
