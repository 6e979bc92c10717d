/* SPDX-License-Identifier: MIT */
/* Shared by the tests of the source "webhook": a webhook on a free port of the
 * loopback address, with a ledger behind it. Its secret is "s3cret", in the
 * header X-Api-Key. */
#ifndef GC_TESTS_SUPPORT_WEBHOOK_BENCH_H
#define GC_TESTS_SUPPORT_WEBHOOK_BENCH_H

#include "plugins/genesys_flowmetrics/sources/webhook.h"

struct webhook_bench {
  char folder[64], secret_file[96];
  struct stats stats;
  struct ledger *ledger;
  struct webhook *webhook;
  struct webhook_options options;
  struct gc_lease_gate *lease; /* of the source; NULL: none */
  _Atomic int64_t wall_ms;     /* the ledger's clock */
  _Atomic unsigned clock_notices, unread_notices, late_notices;
  /* The newest notice of each cause. */
  struct gc_err listening, handshake, unread_time, no_event;
};

extern struct webhook_bench webhook_bench;

/* Call them first and last in main: make and remove the folder. */
void webhook_bench_make(void);
void webhook_bench_remove(void);

/* Start and stop ledger and webhook, for one test. */
void webhook_bench_start(void);
void webhook_bench_stop(void);

/* Returns the newest notice of the listener, while its thread runs. */
struct gc_err webhook_bench_listening(void);

/* Returns a connection to the webhook. */
int webhook_bench_dial(void);

#endif
