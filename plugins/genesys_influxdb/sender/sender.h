/* SPDX-License-Identifier: MIT */
/* Sends the lines of a spool to a database, oldest first, one request at a
 * time, and moves the spool's read position when the database has accepted a
 * batch. Runs on the thread of the loop behind `env`; only this thread uses the
 * spool.
 *
 * A batch is sent when BatchSize lines wait or FlushInterval has passed since
 * the first of them. After an outage or a restart batches are sent at once
 * until none is left. After a failure the sender waits up to 1 s, or up to
 * 5 s if only an operator can help; after further failures up to 30 s
 * (base/policy/backoff.h); or as long as Retry-After says. Refused lines are
 * isolated (sender/batch.h, sender/conflict.h) and quarantined; if the disk
 * does not take them, they are lost and counted. */
#ifndef GENESYS_INFLUXDB_SENDER_SENDER_H
#define GENESYS_INFLUXDB_SENDER_SENDER_H

#include "common/base/env.h"
#include "common/net/api/secret.h"
#include "common/net/spool/spool.h"
#include "plugins/genesys_influxdb/sender/state.h"
#include "plugins/genesys_influxdb/sender/target.h"

enum {
  INFLUX_RETRY_MS = 1000,
  INFLUX_RETRY_MAX_MS = 30 * 1000,
  INFLUX_RETRY_OPERATOR_MS = 5 * 1000, /* credentials, a missing bucket */
  INFLUX_RETRY_AFTER_MAX_S = 3600,     /* a longer Retry-After is shortened */
  INFLUX_SECRET_AGE_MS = 10 * 1000,    /* age at which its file is read again */
  INFLUX_SECRET_SLOW_MS = 5 * 1000, /* a disk that hangs longer is reported */
  /* Bytes of the lines of one batch, which fit into one record of the spool. */
  INFLUX_BODY_MAX = GC_RECORD_PAYLOAD_MAX,
};

/* All members are borrowed as long as the sender lives. */
struct influx_sender_settings {
  struct influx_target target;
  const char *folder; /* for quarantined lines */
  uint32_t batch_size, flush_interval_ms;
  bool compresses;           /* gzip bodies */
  const char *secret_option; /* "TokenFile", for messages */
  struct gc_secret secret;   /* zero: there is none */
  struct gc_detached *reads; /* bounds the reads of its file */
  /* Appends up to `max` lines that the disk does not take, and returns their
   * number; asked when the spool gives none. The lines are the sender's from
   * then on. NULL: there are none. */
  size_t (*take)(void *ctx, size_t max, struct gc_buf *out);
  void *ctx;
};

struct influx_sender_stats {
  uint64_t sent, refused; /* lines, each once; refused: in quarantine */
  uint64_t lost;          /* refused lines that could not be quarantined */
  uint64_t requests_ok, requests_failed;
  uint64_t bytes;           /* bytes of accepted bodies, as sent */
  uint64_t last_success_ms; /* monotonic; 0: none yet */
  uint32_t latency_ms;      /* of the newest request that was accepted */
  bool is_up;               /* the database accepts lines; false at first */
};

struct influx_sender;

/* Makes a sender. `env` and `spool` are borrowed. env->notice gets the causes
 * "database", "refused lines", "quarantine" and "position".
 * Returns NULL when out of memory. */
struct influx_sender *
influx_sender_new(const struct influx_sender_settings *settings,
                  const struct gc_env *env, struct gc_spool *spool,
                  struct gc_err *err);
/* Ends a running request, whose lines stay in the spool. */
void influx_sender_stop(struct influx_sender *s);
/* Stops the sender and frees it; NULL is allowed. */
void influx_sender_free(struct influx_sender *s);

/* Notes that the spool has `lines` more. */
void influx_sender_add(struct influx_sender *s, uint64_t lines);
/* Starts to send all lines that wait: after the spool was opened, or for a
 * flush. */
void influx_sender_flush(struct influx_sender *s);
/* Notes that the spool was closed because its folder is gone: the present batch
 * no longer has a place in it. */
void influx_sender_forget_place(struct influx_sender *s);
/* Appends the lines of a batch without a place to the spool, where they are
 * safe, unless the batch is being sent. Fails as gc_spool_append. */
GC_MUST_CHECK enum gc_code influx_sender_save(struct influx_sender *s,
                                              struct gc_err *err);
/* Returns the lines of a batch without a place, which are in memory only, and
 * sets their bytes. */
size_t influx_sender_unsaved(const struct influx_sender *s, size_t *ret_bytes);

enum influx_state influx_sender_state(const struct influx_sender *s);
struct influx_sender_stats influx_sender_stats(const struct influx_sender *s);

#endif
