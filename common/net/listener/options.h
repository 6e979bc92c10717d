/* SPDX-License-Identifier: MIT */
/* The address and the certificates of a listener: the options of the same names
 * of <Health>, <Attributes> and genesys_prometheus, which their rows fill.
 * Plain data. */
#ifndef GC_NET_LISTENER_OPTIONS_H
#define GC_NET_LISTENER_OPTIONS_H

#include <stdint.h>

struct gc_listener_options {
  char *listen;                             /* host name or address */
  char *tls_cert, *tls_key, *tls_client_ca; /* PEM files; NULL: none */
  uint32_t port;
};

#endif
