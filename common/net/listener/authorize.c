/* SPDX-License-Identifier: MIT */
/* Checks certificates and secrets of clients. */
#include "common/net/listener/internal.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

/* Compares hashes: they have one length, and a prefix reveals nothing. */
bool gc_listener_same_secret(const char *a, size_t a_len, const char *b,
                             size_t b_len) {
  unsigned char x[SHA256_DIGEST_LENGTH], y[SHA256_DIGEST_LENGTH];
  SHA256((const unsigned char *)a, a_len, x);
  SHA256((const unsigned char *)b, b_len, y);
  return CRYPTO_memcmp(x, y, sizeof(x)) == 0;
}

/* libmicrohttpd requests a certificate of TLSClientCA and leaves its
 * verification to the application. The same authority may sign servers, whose
 * certificates are not for clients. */
bool gc_listener_has_certificate(const struct gc_listener *l,
                                 struct MHD_Connection *c) {
  if (l->settings.options->tls_client_ca == NULL)
    return true;
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  char purpose[] = GNUTLS_KP_TLS_WWW_CLIENT;
  gnutls_typed_vdata_st wanted = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                  .data = (unsigned char *)purpose};
  unsigned status = ~0u;
  return info != NULL && info->tls_session != NULL &&
         gnutls_certificate_verify_peers(info->tls_session, &wanted, 1,
                                         &status) == 0 &&
         status == 0;
}
