/* SPDX-License-Identifier: MIT */
/* The source "sqs": consumers that poll an Amazon SQS queue, on one thread with
 * a loop of its own. Each keeps one long poll under way. Received events go to
 * the ledger, and their messages are deleted after the commit. A body that is
 * no event is counted and not deleted, so that the queue's dead-letter policy
 * applies. After any failure the messages stay in the queue. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_SQS_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_SQS_H

#include "common/base/connect.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"

/* The options of this source. */
struct sqs_options {
  char *queue_url, *region, *access_key_id, *secret_access_key_file;
  uint32_t consumers, visibility_s;

  /* Set by attributes_check; borrowed. */
  const struct gc_connect *connect;
  const struct credentials_source *credentials;
};

struct sqs;

/* Starts the consumers. `options` and `source` are borrowed as long as the
 * source lives; its notice runs on the thread. Returns NULL and
 * fills err on failure. */
struct sqs *sqs_start(const struct sqs_options *options,
                      const struct ledger_source *source, struct gc_err *err);
/* Ends the thread at once. The ledger may still hold their batches; call
 * ledger_stop before sqs_free. */
void sqs_stop(struct sqs *s);
void sqs_free(struct sqs *s);

#endif
