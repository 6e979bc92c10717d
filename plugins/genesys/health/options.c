/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/health/options.h"

#include <string.h>

#include "common/base/url.h"

const struct gc_opt health_rows[] = {
    GC_OPT_STR(struct health_options, at.listen, "Listen", "127.0.0.1", 0,
               "Address or host name to listen on. Any address except the "
               "loopback address needs TLSCert or SharedSecretFile; both are "
               "better. An address that is in use or not there yet is tried "
               "again each second.",
               "0.0.0.0"),
    GC_OPT_INT(struct health_options, at.port, "Port", "8080", 1, 65535, "",
               "TCP port.", "8080"),
    GC_OPT_STR(struct health_options, at.tls_cert, "TLSCert", NULL, 0,
               "PEM file with the certificate and its chain: HTTPS, TLS 1.2 or "
               "later. A changed file counts without a restart.",
               "/etc/collectd/health.crt"),
    GC_OPT_STR(struct health_options, at.tls_key, "TLSKey", NULL, 0,
               "PEM file with the key of `TLSCert`; default: `TLSCert` holds "
               "it, too.",
               "/etc/collectd/health.key"),
    GC_OPT_STR(struct health_options, at.tls_client_ca, "TLSClientCA", NULL, 0,
               "PEM file: only clients with a certificate of this authority "
               "are answered.",
               "/etc/collectd/clients.pem"),
    GC_OPT_STR(struct health_options, secret_file, "SharedSecretFile", NULL, 0,
               "File that holds the secret that requests must carry. A changed "
               "file counts within two seconds.",
               "/etc/collectd/health.secret"),
    GC_OPT_STR(struct health_options, secret_header, "SharedSecretHeader",
               "X-Api-Key", 0, "Header of a request that carries the secret.",
               "X-Health-Key"),
    GC_OPT_END,
};

static bool is_header_name(const char *name) {
  static const char token[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return *name != '\0' && strspn(name, token) == strlen(name);
}

/* Refuses an address that other hosts can reach without authentication or TLS,
 * and warns if it has only one of them. */
static enum gc_code check_public(const struct health_options *o,
                                 struct gc_err *warning, struct gc_err *err) {
  bool authenticates = o->secret_file != NULL || o->at.tls_client_ca != NULL;
  if (gc_host_is_loopback(o->at.listen, strlen(o->at.listen)))
    return GC_OK;
  if (!authenticates && o->at.tls_cert == NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Listen \"%.60s\": other hosts could read names of blocks "
                   "and error texts; set SharedSecretFile and TLSCert, or "
                   "listen on 127.0.0.1",
                   o->at.listen);
  if (!authenticates)
    (void)gc_fail(warning, GC_ERR_CONFIG,
                  "Listen \"%.60s\" without SharedSecretFile and TLSClientCA: "
                  "any host that reaches it can read names of blocks and "
                  "error texts",
                  o->at.listen);
  else if (o->at.tls_cert == NULL)
    (void)gc_fail(warning, GC_ERR_CONFIG,
                  "Listen \"%.60s\" without TLSCert: the secret is sent "
                  "unencrypted",
                  o->at.listen);
  return GC_OK;
}

enum gc_code health_check(const struct health_options *o,
                          struct gc_err *warning, struct gc_err *err) {
  if (o->at.listen == NULL)
    return gc_fail(err, GC_ERR_CONFIG, "Listen needs an address");
  if (o->at.tls_cert == NULL &&
      (o->at.tls_key != NULL || o->at.tls_client_ca != NULL))
    return gc_fail(err, GC_ERR_CONFIG, "TLSKey and TLSClientCA need a TLSCert");
  if (o->secret_header == NULL || !is_header_name(o->secret_header))
    return gc_fail(err, GC_ERR_CONFIG,
                   "SharedSecretHeader is not the name of a header");
  return check_public(o, warning, err);
}
