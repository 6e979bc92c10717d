/* SPDX-License-Identifier: MIT */
/* The settings of connections: one set for REST, the token endpoint and the
 * sockets, so that TLS, CA and proxy are configured once. They do not change
 * after the configuration is read; `files` reads the files that they name. */
#ifndef GC_BASE_CONNECT_H
#define GC_BASE_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

struct gc_tls_files;

struct gc_connect {
  uint32_t timeout_ms;         /* whole request */
  uint32_t connect_timeout_ms; /* DNS, TCP, proxy and TLS together */
  bool verify_peer, verify_host;
  char *ca_cert;         /* file or folder; NULL: the system's */
  char *client_cert;     /* PEM file; NULL: none */
  char *client_key;      /* PEM file; NULL: the key is in client_cert */
  char *client_key_pass; /* secret; NULL: none */
  char *proxy; /* URL, may hold user:password (secret); "none": none; NULL: as
                  the environment says (net/http/proxy) */
  /* Reads ca_cert, client_cert and client_key; the owner of the settings makes
   * it once the configuration is read, and frees it. NULL: libcurl reads the
   * files. */
  struct gc_tls_files *files;
  char *no_proxy; /* host list; NULL: as the environment says */
  /* The option that names the server, for the advice of messages; NULL: the
   * default of net/http/curl_error. */
  const char *address_option;
};

#endif
