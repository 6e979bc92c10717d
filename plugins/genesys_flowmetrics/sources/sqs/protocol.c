/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/protocol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json/document.h"
#include "common/base/json/stream.h"
#include "plugins/genesys_flowmetrics/events/decode.h"

static const char *host_of(const char *url) {
  const char *p = strstr(url, "://");
  return p != NULL ? p + 3 : url;
}

void sqs_endpoint(const char *queue_url, char out[GC_URL_SIZE]) {
  const char *host = host_of(queue_url);
  size_t len = (size_t)(host - queue_url) + strcspn(host, "/");
  snprintf(out, GC_URL_SIZE, "%.*s/", (int)len, queue_url);
}

/* Knows sqs.REGION.amazonaws.com, sqs-fips.REGION.…, VPCE.sqs.REGION.vpce.…,
 * and the old REGION.queue.amazonaws.com. */
bool sqs_region_of(const char *queue_url, char out[64]) {
  const char *host = host_of(queue_url), *before = NULL, *at = NULL;
  const char *end = host + strcspn(host, ":/");
  for (const char *p = host; p < end && at == NULL;
       p += strcspn(p, ".:/") + 1) {
    if (strncmp(p, "sqs.", 4) == 0 || strncmp(p, "sqs-fips.", 9) == 0)
      at = p + strcspn(p, ".") + 1;
    else if (strncmp(p, "queue.", 6) == 0)
      at = before;
    before = p;
  }
  size_t len = at != NULL ? strcspn(at, ".:/") : 0;
  if (len == 0 || len >= 64)
    return false;
  memcpy(out, at, len);
  out[len] = '\0';
  return true;
}

enum gc_code sqs_receive_body(const char *queue_url, unsigned messages,
                              unsigned wait_s, uint32_t visibility_s,
                              struct gc_buf *out, struct gc_err *err) {
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *body = gc_document_add_object(&d, NULL, NULL);
  gc_buf_reset(out);
  gc_document_add_text(&d, body, "QueueUrl", queue_url);
  gc_document_add_int(&d, body, "MaxNumberOfMessages", messages);
  gc_document_add_int(&d, body, "WaitTimeSeconds", wait_s);
  gc_document_add_int(&d, body, "VisibilityTimeout", visibility_s);
  struct json_object *names =
      gc_document_add_array(&d, body, "MessageSystemAttributeNames");
  gc_document_add_text(&d, names, NULL, "SentTimestamp");
  return gc_document_write(&d, out, err);
}

void sqs_receipts_add(struct sqs_receipts *r, char *receipt) {
  if (r->count == r->cap) {
    r->cap = r->cap == 0 ? SQS_BATCH_MAX : r->cap * 2;
    r->at = gc_resize(r->at, r->cap, sizeof(*r->at));
  }
  r->at[r->count++] = receipt;
}

void sqs_receipts_clear(struct sqs_receipts *r) {
  for (size_t i = 0; i < r->count; i++)
    free(r->at[i]);
  free(r->at);
  *r = (struct sqs_receipts){0};
}

void sqs_receipts_move(struct sqs_receipts *from, size_t max,
                       struct sqs_receipts *to) {
  size_t n = from->count < max ? from->count : max;
  for (size_t i = 0; i < n; i++)
    sqs_receipts_add(to, from->at[i]);
  from->count -= n;
  if (from->count > 0)
    memmove(from->at, from->at + n, from->count * sizeof(*from->at));
}

enum gc_code sqs_delete_body(const char *queue_url,
                             const struct sqs_receipts *receipts,
                             struct gc_buf *out, struct gc_err *err) {
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *body = gc_document_add_object(&d, NULL, NULL);
  char id[8];
  gc_buf_reset(out);
  gc_document_add_text(&d, body, "QueueUrl", queue_url);
  struct json_object *entries = gc_document_add_array(&d, body, "Entries");
  for (size_t i = 0; i < receipts->count; i++) {
    struct json_object *entry = gc_document_add_object(&d, entries, NULL);
    snprintf(id, sizeof(id), "%u", (unsigned)i % 100);
    gc_document_add_text(&d, entry, "Id", id);
    gc_document_add_text(&d, entry, "ReceiptHandle", receipts->at[i]);
  }
  return gc_document_write(&d, out, err);
}

/* ---- the answer to ReceiveMessage ---- */

enum { K_MESSAGES = 1, K_RECEIPT, K_BODY, K_ATTRIBUTES, K_SENT, K_TYPE };

static const struct gc_json_key keys[] = {
    {"Messages", K_MESSAGES},  {"ReceiptHandle", K_RECEIPT},
    {"Body", K_BODY},          {"Attributes", K_ATTRIBUTES},
    {"SentTimestamp", K_SENT}, {"__type", K_TYPE},
};

struct sqs_answer {
  struct gc_json_stream *stream;
  enum gc_code (*each)(void *ctx, const struct sqs_message *m);
  void *ctx;
  struct gc_buf receipt, body;
  bool has_body;
  int64_t sent_ms;
};

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct sqs_answer *a = ctx;
  if (at->path == GC_JSON_PATH2(K_MESSAGES, GC_JSON_ITEM)) {
    gc_buf_reset(&a->receipt);
    gc_buf_reset(&a->body);
    a->has_body = false;
    a->sent_ms = 0;
  }
  return GC_OK;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct sqs_answer *a = ctx;
  if (at->path != GC_JSON_PATH2(K_MESSAGES, GC_JSON_ITEM))
    return GC_OK;
  if (a->receipt.len == 0 || !a->has_body)
    return gc_fail(at->err, GC_ERR_PARSE,
                   "a message without ReceiptHandle or Body");
  const struct sqs_message m = {.receipt = gc_buf_string(&a->receipt),
                                .body = gc_buf_string(&a->body),
                                .body_len = a->body.len,
                                .sent_ms = a->sent_ms};
  return a->each(a->ctx, &m);
}

static enum gc_code copy_string(struct gc_buf *out,
                                const struct gc_json_value *v) {
  gc_buf_reset(out);
  return v->kind == GC_JSON_STRING ? gc_buf_add(out, v->text, v->len) : GC_OK;
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct sqs_answer *a = ctx;
  switch (at->path) {
  case GC_JSON_PATH3(K_MESSAGES, GC_JSON_ITEM, K_RECEIPT):
    return copy_string(&a->receipt, v);
  case GC_JSON_PATH3(K_MESSAGES, GC_JSON_ITEM, K_BODY):
    a->has_body = v->kind == GC_JSON_STRING;
    return copy_string(&a->body, v);
  case GC_JSON_PATH4(K_MESSAGES, GC_JSON_ITEM, K_ATTRIBUTES, K_SENT):
    if (!gc_decimal_int(v->text, v->len, &a->sent_ms))
      a->sent_ms = 0;
    return GC_OK;
  case GC_JSON_PATH1(K_MESSAGES):
    if (v->kind == GC_JSON_NULL)
      return GC_OK; /* a queue without messages */
    return gc_fail(at->err, GC_ERR_PARSE,
                   "an answer whose Messages are no list");
  case GC_JSON_PATH2(K_MESSAGES, GC_JSON_ITEM):
    return gc_fail(at->err, GC_ERR_PARSE, "a message that is no object");
  case GC_JSON_PATH1(K_TYPE): /* a refusal, whatever the status is */
    return gc_fail(at->err, GC_ERR_PARSE, "answered with the error %.*s",
                   (int)(v->len < 60 ? v->len : 60), v->text);
  default:
    return GC_OK;
  }
}

static const struct gc_json_reader reader = {.keys = keys,
                                             .key_count = GC_COUNT(keys),
                                             .skip_unknown = true,
                                             .bytes_max = SQS_ANSWER_MAX_BYTES,
                                             .string_max = EVENT_MAX_BYTES,
                                             .open = on_open,
                                             .close = on_close,
                                             .value = on_value};

struct sqs_answer *
sqs_answer_new(enum gc_code (*each)(void *ctx, const struct sqs_message *m),
               void *ctx) {
  struct sqs_answer *a = gc_zalloc(1, sizeof(*a));
  a->each = each;
  a->ctx = ctx;
  a->receipt.max = SQS_RECEIPT_MAX_BYTES;
  a->body.max = EVENT_MAX_BYTES;
  a->stream = gc_json_stream_new(&reader, a);
  return a;
}

void sqs_answer_free(struct sqs_answer *a) {
  if (a == NULL)
    return;
  gc_json_stream_free(a->stream);
  gc_buf_clear(&a->receipt);
  gc_buf_clear(&a->body);
  free(a);
}

static void sink_begin(void *ctx) {
  struct sqs_answer *a = ctx;
  gc_json_stream_reset(a->stream);
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct sqs_answer *a = ctx;
  return gc_json_stream_feed(a->stream, bytes, len, err);
}

struct gc_sink sqs_answer_sink(struct sqs_answer *a) {
  return (struct gc_sink){.begin = sink_begin, .write = sink_write, .ctx = a};
}

enum gc_code sqs_answer_end(struct sqs_answer *a, struct gc_err *err) {
  return gc_json_stream_end(a->stream, err);
}

/* ---- other answers ---- */

enum gc_code sqs_check_visibility(uint64_t took_ms, uint32_t visibility_s,
                                  struct gc_err *err) {
  if (took_ms < visibility_s * UINT64_C(1000))
    return GC_OK;
  return gc_fail(err, GC_ERR_TIMEOUT,
                 "messages were committed %.0f s after their receipt, but "
                 "VisibilityTimeout is %u s: SQS delivers them again "
                 "meanwhile, and this counts towards maxReceiveCount; raise "
                 "VisibilityTimeout, or see why the state is slow "
                 "(commit_time)",
                 (double)took_ms / 1000, (unsigned)visibility_s);
}

/* Counts the entries of "Successful"; a missing list counts as empty. SQS
 * delivers all other messages again. */
size_t sqs_deleted(const char *body, size_t len, size_t count) {
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  if (gc_document_read(&answer, body, len, 65536, NULL) != GC_OK)
    return 0;
  size_t done =
      gc_document_count(gc_document_member(answer.root, "Successful"));
  return done < count ? done : count;
}
