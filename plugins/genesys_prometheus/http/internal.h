/* SPDX-License-Identifier: MIT */
/* The parts of the endpoint: endpoint.c answers, credentials.c checks the
 * client's credentials. */
#ifndef GENESYS_PROMETHEUS_HTTP_INTERNAL_H
#define GENESYS_PROMETHEUS_HTTP_INTERNAL_H

#include "common/net/listener/listener.h"
#include "plugins/genesys_prometheus/http/endpoint.h"

#include <stdatomic.h>

enum { ENDPOINT_FILES = 3 }; /* PasswordFile, BearerTokenFile, TLSKey */

struct endpoint {
  struct endpoint_settings settings;
  struct gc_listener *listener;
  struct gc_detached *file_reads;
  _Atomic uint64_t answers[ENDPOINT_STATUS_COUNT], cut;
  _Atomic int64_t scrape_us;         /* < 0: none yet */
  uint64_t versions[ENDPOINT_FILES]; /* versions whose mode was checked */
};

/* Returns 200 when the request may be answered; else 401, or 503 when a file
 * with a secret cannot be read or memory is short. Runs on the listener's
 * thread. */
enum endpoint_status endpoint_authorize(struct endpoint *e,
                                        struct MHD_Connection *c);
/* Reports files that cannot be read, and files that every user can read. */
void endpoint_check_files(struct endpoint *e);
/* Checks the modes of files that have changed. One thread. */
void endpoint_check_modes(struct endpoint *e);

#endif
