/* SPDX-License-Identifier: MIT */
/* GET /metrics: checks the client's credentials and answers with the
 * exposition; HEAD: with its headers, without its length.
 *
 *   200 all series                 404 another path
 *   401 no or wrong credentials    405 neither GET nor HEAD
 *   400 the length of a body is told twice
 *   503 a file with a secret cannot be read, no memory, or too many answers
 *       are under way
 *
 * A scrape is rendered on the listener's thread (net/listener); a client that
 * takes its answer slowly occupies its connection only. Files with secrets
 * are read at each scrape, so that a changed one applies at once; a scrape
 * waits 0.3 s at most for their disk. */
#ifndef GENESYS_PROMETHEUS_HTTP_ENDPOINT_H
#define GENESYS_PROMETHEUS_HTTP_ENDPOINT_H

#include "common/base/err.h"
#include "common/genesys/sample.h"
#include "common/net/listener/options.h"
#include "plugins/genesys_prometheus/series/store.h"

/* As configured. */
struct endpoint_options {
  struct gc_listener_options at;
  char *path;
  char *user, *password_file; /* both, or none */
  char *bearer_file;          /* NULL: none */
  bool wait_alias;            /* the waits have a second name */
};

/* All members are borrowed as long as the endpoint lives. */
struct endpoint_settings {
  const struct endpoint_options *options;
  struct store *store;
  /* Reports the outcome of listening and of reading a file. Any thread. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  /* Reports a secret that every user of the host can read. Any thread. */
  void (*warn)(void *ctx, const char *text);
  void *ctx;
};

/* The statuses of the answers. */
#define ENDPOINT_STATUS_MAP(XX) XX(200) XX(400) XX(401) XX(404) XX(405) XX(503)
enum endpoint_status {
#define XX(status) ENDPOINT_##status,
  ENDPOINT_STATUS_MAP(XX)
#undef XX
      ENDPOINT_STATUS_COUNT
};

struct endpoint_stats {
  uint64_t answers[ENDPOINT_STATUS_COUNT];
  uint64_t cut;    /* clients that did not take the whole answer */
  double scrape_s; /* time to render the newest scrape; < 0: none yet */
};

struct endpoint;

/* Makes an endpoint. Reads the files with secrets once and reports the
 * outcomes; waits for their disk as a scrape does. */
struct endpoint *endpoint_new(const struct endpoint_settings *settings);
/* Listens. A thread of the listener tries again, takes changed certificates,
 * and checks the modes of changed files. */
void endpoint_start(struct endpoint *e);
/* True while the endpoint listens. */
bool endpoint_is_up(const struct endpoint *e);
struct endpoint_stats endpoint_stats(struct endpoint *e);
/* Puts the lifetime of TLSCert, if there is one. */
void endpoint_put_certificate(const struct endpoint *e,
                              const struct gc_sample_writer *w);
/* Stops and frees `e`, which may be NULL. */
void endpoint_free(struct endpoint *e);

#endif
