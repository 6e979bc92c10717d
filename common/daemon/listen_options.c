/* SPDX-License-Identifier: MIT */
#include "common/daemon/listen_options.h"

#include <string.h>

#include "common/base/url.h"

enum gc_code gc_listen_check(const struct gc_listener_options *o,
                             struct gc_err *err) {
  if (o->listen == NULL)
    return gc_fail(err, GC_ERR_CONFIG, "Listen needs an address");
  if (o->tls_cert == NULL && (o->tls_key != NULL || o->tls_client_ca != NULL))
    return gc_fail(err, GC_ERR_CONFIG, "TLSKey and TLSClientCA need a TLSCert");
  return GC_OK;
}

static bool is_header_name(const char *name) {
  static const char token[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  return *name != '\0' && strspn(name, token) == strlen(name);
}

static enum gc_code check_public(const struct gc_listener_options *o,
                                 const struct gc_listen_secret *secret,
                                 struct gc_err *warning, struct gc_err *err) {
  bool authenticates = secret->file != NULL || o->tls_client_ca != NULL;
  if (gc_host_is_loopback(o->listen, strlen(o->listen)))
    return GC_OK;
  if (!authenticates && o->tls_cert == NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Listen \"%.60s\": other hosts could %s; set "
                   "SharedSecretFile and TLSCert, or listen on 127.0.0.1",
                   o->listen, secret->client_can);
  if (!authenticates)
    (void)gc_fail(warning, GC_ERR_CONFIG,
                  "Listen \"%.60s\" without SharedSecretFile and TLSClientCA: "
                  "any host that reaches it can %s",
                  o->listen, secret->client_can);
  else if (o->tls_cert == NULL)
    (void)gc_fail(warning, GC_ERR_CONFIG,
                  "Listen \"%.60s\" without TLSCert: the secret and what it "
                  "protects are sent unencrypted",
                  o->listen);
  return GC_OK;
}

enum gc_code gc_listen_check_secret(const struct gc_listener_options *o,
                                    const struct gc_listen_secret *secret,
                                    struct gc_err *warning,
                                    struct gc_err *err) {
  GC_TRY(gc_listen_check(o, err));
  if (secret->header == NULL || !is_header_name(secret->header))
    return gc_fail(err, GC_ERR_CONFIG,
                   "SharedSecretHeader is not the name of a header");
  return check_public(o, secret, warning, err);
}
