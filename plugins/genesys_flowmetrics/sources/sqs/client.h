/* SPDX-License-Identifier: MIT */
/* What all requests to one SQS queue share: its address, the signature, the
 * clock to sign by, and the pause while this host's clock is in doubt.
 *
 * Requests are signed with Signature Version 4 (AWS docs, "Create a signed AWS
 * API request"). libcurl signs by this host's clock alone, and AWS refuses a
 * time that is 15 minutes off. One thread. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_CLIENT_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_CLIENT_H

#include "common/base/transport.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"

/* Decides when the consumers stop receiving because this host's clock may be
 * behind: every attribute of an answer is ahead of it, and no other clock
 * confirms it. Each receipt counts towards the queue's maxReceiveCount, so a
 * wrong clock would move good messages to the dead-letter queue. The pause ends
 * early when this host's clock is set. Pure.
 *
 * Example, a clock that stays wrong, with answers at once after each pause:
 * receipts at 0, 5, 15, 35, 75, 135 … minutes, then each hour. */
enum {
  CLOCK_PAUSE_MIN_MS = 5 * 60 * 1000, /* doubled with each pause */
  CLOCK_PAUSE_MAX_MS = 60 * 60 * 1000,
  CLOCK_PAUSE_STEP_MS = 60 * 1000, /* a step of the clock that ends the pause */
};
struct clock_pause {
  uint64_t until_ms;  /* monotonic; 0: the last answer was good */
  int64_t offset_ms;  /* wall minus monotonic clock, when the pause began */
  uint32_t length_ms; /* of the last pause; 0 after a good answer */
};
/* Returns true while the consumers must not receive. */
bool clock_pause_holds(const struct clock_pause *p, uint64_t now_ms,
                       int64_t wall_ms);
/* Takes an answer that was committed. `is_doubtful`: batch_doubts_clock. A
 * doubtful one that was requested before a pause does not prolong it. */
void clock_pause_note(struct clock_pause *p, bool is_doubtful, uint64_t now_ms,
                      int64_t wall_ms);

struct sqs_client {
  char endpoint[GC_URL_SIZE];
  const char *region;                 /* "eu-west-1"; borrowed */
  const struct ledger_source *source; /* receives the reports about clocks */
  struct clock_pause pause;
  int64_t offset_ms; /* the queue's clock minus the monotonic one; 0: this
                        host's clock signs */
};
void sqs_client_init(struct sqs_client *c, const char *queue_url,
                     const char *region, const struct ledger_source *source);

/* A POST to the queue, with its headers. May not be copied. */
struct sqs_request {
  struct gc_exchange exchange;
  struct gc_buf body;
  int64_t offset_ms;      /* that of the client when it was signed */
  const char *headers[6]; /* "Name: value", NULL at the end */
  char date[40], action[80];
  char token[CREDENTIALS_TOKEN_SIZE + 32], authorization[512]; /* secret */
};
/* Signs the body for an action, such as "AmazonSQS.ReceiveMessage", and sets
 * the exchange except its result. The body stays until sqs_request_end. */
void sqs_request_sign(const struct sqs_client *c, struct sqs_request *r,
                      const struct credentials *keys, const char *action);
/* Does this by a time, epoch. Pure. */
void sqs_request_sign_at(const struct sqs_client *c, struct sqs_request *r,
                         const struct credentials *keys, const char *action,
                         int64_t time_ms);
/* Wipes the headers. */
void sqs_request_end(struct sqs_request *r);
/* Returns GC_OK when the reply is a success; otherwise fills err. */
GC_MUST_CHECK enum gc_code sqs_check_reply(const struct gc_reply *reply,
                                           const struct gc_err *why,
                                           const char *action,
                                           struct gc_err *err);

/* Takes the queue's time from a refusal for the time: from its words, else from
 * its Date, which is a second voice beside the refusal. Returns true if a
 * request that is signed by it may be accepted. */
bool sqs_client_take_clock(struct sqs_client *c, const struct gc_reply *reply);
/* Returns to this host's clock once it agrees with the queue's. */
void sqs_client_leave_clock(struct sqs_client *c);
/* Begins or ends the pause of all consumers, by the outcome of a commit. */
void sqs_client_note(struct sqs_client *c, bool is_doubtful);
/* True while the consumers must not receive. */
bool sqs_client_waits(const struct sqs_client *c);

#endif
