/* SPDX-License-Identifier: MIT */
#include "common/net/redis/tls.h"

#include "gc_config.h"

#ifdef GC_HIREDIS_TLS

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

bool redis_has_tls(void) { return true; }

static bool load_authorities(SSL_CTX *context, const char *place) {
  struct stat what;
  if (place == NULL)
    return SSL_CTX_set_default_verify_paths(context) == 1;
  bool is_folder = stat(place, &what) == 0 && S_ISDIR(what.st_mode);
  return SSL_CTX_load_verify_locations(context, is_folder ? NULL : place,
                                       is_folder ? place : NULL) == 1;
}

/* Requires the certificate to name `host`; a certificate holds host names and
 * addresses in different fields. */
static bool require_host(SSL *ssl, const char *host) {
  unsigned char address[sizeof(struct in6_addr)];
  bool is_address = inet_pton(AF_INET, host, address) == 1 ||
                    inet_pton(AF_INET6, host, address) == 1;
  if (is_address)
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
  return SSL_set1_host(ssl, host) == 1;
}

static SSL *ssl_new(const struct redis_settings *s, struct gc_err *err) {
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  SSL *ssl = NULL;
  if (context == NULL || !load_authorities(context, s->tls->ca_cert))
    (void)gc_fail(err, GC_ERR_TLS, "cannot read the certificates of CACert %s",
                  s->tls->ca_cert != NULL ? s->tls->ca_cert : "(the system's)");
  else if ((ssl = SSL_new(context)) == NULL)
    (void)gc_fail(err, GC_ERR_MEMORY, "out of memory");
  SSL_CTX_free(context); /* the connection keeps a reference */
  if (ssl == NULL)
    return NULL;
  SSL_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_set_verify(ssl, s->tls->verify_peer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                 NULL);
  bool good = SSL_set_tlsext_host_name(ssl, s->url.host) == 1;
  if (good && s->tls->verify_host)
    good = require_host(ssl, s->url.host);
  if (good)
    return ssl;
  SSL_free(ssl);
  (void)gc_fail(err, GC_ERR_TLS, "%s: TLS cannot be set up", s->url.shown);
  return NULL;
}

enum gc_code redis_tls_start(struct redisContext *c,
                             const struct redis_settings *s,
                             struct gc_err *err) {
  struct gc_err why = {.code = GC_ERR_TLS};
  SSL *ssl = ssl_new(s, &why);
  if (ssl == NULL)
    return gc_fail(err, why.code, "%s", why.text);
  if (redisInitiateSSL(c, ssl) == REDIS_OK)
    return GC_OK;
  SSL_free(ssl);
  return gc_fail(err, GC_ERR_TLS, "%s: %.100s", s->url.shown, c->errstr);
}

#else

bool redis_has_tls(void) { return false; }

enum gc_code redis_tls_start(struct redisContext *c,
                             const struct redis_settings *s,
                             struct gc_err *err) {
  (void)c;
  return gc_fail(err, GC_ERR_CONFIG, "%s: hiredis of this build has no TLS",
                 s->url.shown);
}

#endif
