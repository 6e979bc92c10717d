/* SPDX-License-Identifier: MIT */
/* GET /health and /health/ready: answers with the health document.
 *
 *   200, 503  by the document's rule (health.h), body JSON
 *   404       another path, or ?block= of no account or block
 *   401       no or a wrong secret, or no certificate of TLSClientCA
 *   405       neither GET nor HEAD
 *   400       the length of a body is told twice
 *   500       out of memory; body text
 *   503       the file with the secret could not be read yet, or too many
 *             requests are under way; body text
 *
 * The listener's thread makes the answer from a snapshot: it waits for no
 * network, disk or other thread. Files are read by the thread of its upkeep. */
#ifndef GENESYS_HEALTH_ENDPOINT_H
#define GENESYS_HEALTH_ENDPOINT_H

#include "common/base/err.h"
#include "common/genesys/sample.h"
#include "plugins/genesys/health.h"

struct health_endpoint;

/* All members are borrowed as long as the endpoint lives. */
struct health_endpoint_settings {
  const struct health_options *options;
  const char *version; /* of the package */
  /* Reports the outcome of listening and of reading a file, and a secret that
   * every user of the host can read. Any thread. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

/* Makes an endpoint. */
struct health_endpoint *
health_endpoint_new(const struct health_endpoint_settings *settings);
/* Listens. A thread of the listener tries again, and takes a changed secret and
 * changed certificates. */
void health_endpoint_start(struct health_endpoint *e);
/* Puts the lifetime of TLSCert, if there is one. Any thread. */
void health_endpoint_put_certificate(const struct health_endpoint *e,
                                     const struct gc_sample_writer *w);
/* Stops and frees `e`, which may be NULL. */
void health_endpoint_free(struct health_endpoint *e);

#endif
