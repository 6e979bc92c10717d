/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/health/options.h"

#include "common/daemon/listen_options.h"

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

enum gc_code health_check(const struct health_options *o,
                          struct gc_err *warning, struct gc_err *err) {
  const struct gc_listen_secret secret = {
      .file = o->secret_file,
      .header = o->secret_header,
      .client_can = "read names of blocks and error texts"};
  return gc_listen_check_secret(&o->at, &secret, warning, err);
}
