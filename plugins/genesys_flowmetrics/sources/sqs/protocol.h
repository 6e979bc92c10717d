/* SPDX-License-Identifier: MIT */
/* Requests and answers of Amazon SQS in its JSON protocol
 * (application/x-amz-json-1.0): one endpoint, with the action in a header.
 * Pure. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_PROTOCOL_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_PROTOCOL_H

#include "common/base/buf.h"
#include "common/base/transport.h"
#include "common/base/url.h"

enum {
  SQS_BATCH_MAX = 10, /* messages of one answer, entries of one deletion */
  SQS_WAIT_S = 20,    /* the longest poll that SQS permits */
  SQS_RECEIPT_MAX_BYTES = 4096,
  /* Ten messages of 1 MB, each byte escaped. */
  SQS_ANSWER_MAX_BYTES = 64 * 1024 * 1024,
};

/* Makes "https://sqs.eu-west-1.amazonaws.com/" of
 * "https://sqs.eu-west-1.amazonaws.com/123456789012/genesys", which
 * gc_url_check has checked. */
void sqs_endpoint(const char *queue_url, char out[GC_URL_SIZE]);
/* Finds the region in the host's name, such as "eu-west-1". Returns false when
 * there is none. */
bool sqs_region_of(const char *queue_url, char out[64]);

/* Replaces `out` by the body of ReceiveMessage, of up to 10 `messages`. */
GC_MUST_CHECK enum gc_code
sqs_receive_body(const char *queue_url, unsigned messages, unsigned wait_s,
                 uint32_t visibility_s, struct gc_buf *out, struct gc_err *err);
/* Receipt handles of messages to be deleted; owns them. Zeroed: empty. */
struct sqs_receipts {
  char **at;
  size_t count, cap;
};
void sqs_receipts_add(struct sqs_receipts *r, char *receipt);
/* Moves at most `max` receipts from the front of `from`. */
void sqs_receipts_move(struct sqs_receipts *from, size_t max,
                       struct sqs_receipts *to);
void sqs_receipts_clear(struct sqs_receipts *r);

/* Replaces `out` by the body of DeleteMessageBatch for 1 to 10 receipts. Entry
 * i has the id "i". */
GC_MUST_CHECK enum gc_code sqs_delete_body(const char *queue_url,
                                           const struct sqs_receipts *receipts,
                                           struct gc_buf *out,
                                           struct gc_err *err);

/* One message, borrowed for the call. Its body may be any text. */
struct sqs_message {
  const char *receipt;
  const char *body;
  size_t body_len;
  int64_t sent_ms; /* epoch; 0 when the answer does not have it */
};

struct sqs_answer;
/* Makes a reader of answers to ReceiveMessage. Its sink takes the bytes as they
 * arrive and calls `each` for each message. When the answer breaks off, discard
 * all its messages. */
struct sqs_answer *
sqs_answer_new(enum gc_code (*each)(void *ctx, const struct sqs_message *m),
               void *ctx);
void sqs_answer_free(struct sqs_answer *a);
struct gc_sink sqs_answer_sink(struct sqs_answer *a);
/* Ends an answer after its last byte. Returns GC_OK when the answer is whole.
 */
GC_MUST_CHECK enum gc_code sqs_answer_end(struct sqs_answer *a,
                                          struct gc_err *err);

/* Returns GC_ERR_TIMEOUT and a text when the commit of messages took `took_ms`
 * and this is not less than VisibilityTimeout, so that SQS delivers them again.
 */
enum gc_code sqs_check_visibility(uint64_t took_ms, uint32_t visibility_s,
                                  struct gc_err *err);

/* Returns how many of `count` entries were deleted, by the answer to
 * DeleteMessageBatch. */
size_t sqs_deleted(const char *body, size_t len, size_t count);

#endif
