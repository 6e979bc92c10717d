/* SPDX-License-Identifier: MIT */
/* Opens one connection to a server, with the settings of all other connections,
 * and reports its address, times and certificates: for genesys-probe. Sends no
 * request. */
#ifndef GC_NET_HTTP_INSPECT_H
#define GC_NET_HTTP_INSPECT_H

#include "common/base/connect.h"
#include "common/base/transport.h"

/* In the order of a connection. */
enum gc_inspect_step {
  GC_INSPECT_DNS,
  GC_INSPECT_TCP,
  GC_INSPECT_TLS, /* the proxy's answer too */
  GC_INSPECT_STEP_COUNT
};

struct gc_inspection {
  /* The step that failed; GC_INSPECT_STEP_COUNT: none, and `err` is GC_OK. */
  enum gc_inspect_step failed;
  struct gc_err err; /* "HOST:PORT: WORDS; HINT", without a secret */
  /* The numeric address of the connection; without a connection, those that
   * were tried ("::1, 127.0.0.1"); "" if there is none. With a proxy these are
   * addresses of the proxy. */
  char address[160];
  char proxy[160];                    /* " (proxy HOST:PORT of Proxy)", or "" */
  uint32_t ms[GC_INSPECT_STEP_COUNT]; /* from the beginning to the step's end */
  /* The certificates that the server sent, its own first. */
  char chain[300];      /* "CN=… < CN=…", the issuers last; "": none */
  int64_t not_after_ms; /* when the first of them expires, epoch; 0: unknown */
};

/* Opens the connection and fills `ret`. Takes `limit_ms` at most, and
 * GC_FILES_WAIT_MS more for each file of the settings on a disk that hangs
 * (net/http/tls_files). Any thread. */
GC_API void gc_http_inspect(const struct gc_connect *c, const char *url,
                            uint32_t limit_ms, struct gc_inspection *ret);

/* Writes "CN=…" of the name of a certificate's subject or issuer, as OpenSSL
 * writes it ("C = DE, O = Genesys, CN = login.mypurecloud.de", "/C=DE/CN=…"),
 * else the whole name. Pure. */
GC_API void gc_certificate_short_name(const char *name, char *out, size_t size);

#endif
