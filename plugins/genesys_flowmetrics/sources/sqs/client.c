/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/client.h"

#include <stdio.h>
#include <string.h>

#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "common/base/assert.h"
#include "common/base/timestamp.h"
#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/sources/sqs/aws_answer.h"
#include "plugins/genesys_flowmetrics/sources/sqs/protocol.h"

#define TYPE "application/x-amz-json-1.0"
#define SERVICE "sqs"

enum {
  CLOCK_CLOSE_MS = 60 * 1000, /* clocks that differ by less agree */
  HASH = SHA256_DIGEST_LENGTH,
  HEX_SIZE = 2 * HASH + 1,
  STAMP_SIZE = 17, /* 20230305T081804Z */
  DAY_BYTES = 8,
  CANONICAL_SIZE = CREDENTIALS_TOKEN_SIZE + GC_URL_SIZE + 1024,
};

static void print_hex(char out[HEX_SIZE], const unsigned char hash[HASH]) {
  for (int i = 0; i < HASH; i++)
    snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static void hash_text(char out[HEX_SIZE], const char *text, size_t len) {
  unsigned char hash[HASH];
  SHA256((const unsigned char *)text, len, hash);
  print_hex(out, hash);
}

/* Replaces the key by the HMAC of a text with it. */
static void chain(unsigned char key[HASH], const char *text) {
  unsigned char next[HASH];
  HMAC(EVP_sha256(), key, HASH, (const unsigned char *)text, strlen(text), next,
       NULL);
  memcpy(key, next, HASH);
  explicit_bzero(next, sizeof(next));
}

/* Writes the time in the basic form of ISO 8601. */
static void print_stamp(char out[STAMP_SIZE], int64_t time_ms) {
  char text[GC_TIMESTAMP_SIZE];
  size_t n = 0;
  gc_timestamp_print(text, time_ms);
  for (const char *p = text; *p != '.' && n + 2 < STAMP_SIZE; p++)
    if (*p != '-' && *p != ':')
      out[n++] = *p;
  out[n++] = 'Z';
  out[n] = '\0';
}

/* Writes host and port of the address, as the header Host has them: without the
 * scheme's own port. */
static void print_host(char out[GC_URL_SIZE], const char *url) {
  const char *host = strstr(url, "://");
  host = host != NULL ? host + 3 : url;
  size_t len = strcspn(host, "/?#");
  const char *port = strncmp(url, "https:", 6) == 0 ? ":443" : ":80";
  size_t port_len = strlen(port);
  if (len > port_len && memcmp(host + len - port_len, port, port_len) == 0)
    len -= port_len;
  snprintf(out, GC_URL_SIZE, "%.*s", (int)len, host);
}

/* Writes the hash of the request as AWS sees it. */
static void hash_request(char out[HEX_SIZE], const struct sqs_request *r,
                         const char *host, const char *stamp, const char *token,
                         const char *action, const char *names) {
  char text[CANONICAL_SIZE], body[HEX_SIZE];
  hash_text(body, gc_buf_string(&r->body), r->body.len);
  int len = snprintf(text, sizeof(text),
                     "POST\n/\n\ncontent-type:" TYPE "\nhost:%s\n"
                     "x-amz-date:%s\n%s%s%sx-amz-target:%s\n\n%s\n%s",
                     host, stamp, *token != '\0' ? "x-amz-security-token:" : "",
                     token, *token != '\0' ? "\n" : "", action, names, body);
  hash_text(out, text, (size_t)len < sizeof(text) ? (size_t)len : 0);
  explicit_bzero(text, sizeof(text));
}

static void sign_text(char out[HEX_SIZE], const char *secret, const char *day,
                      const char *region, const char *text) {
  char first[CREDENTIALS_SECRET_SIZE + 4];
  unsigned char key[HASH];
  int len = snprintf(first, sizeof(first), "AWS4%s", secret);
  HMAC(EVP_sha256(), first, len, (const unsigned char *)day, strlen(day), key,
       NULL);
  chain(key, region);
  chain(key, SERVICE);
  chain(key, "aws4_request");
  chain(key, text);
  print_hex(out, key);
  explicit_bzero(first, sizeof(first));
  explicit_bzero(key, sizeof(key));
}

void sqs_request_sign_at(const struct sqs_client *c, struct sqs_request *r,
                         const struct credentials *keys, const char *action,
                         int64_t time_ms) {
  char stamp[STAMP_SIZE], day[DAY_BYTES + 1], host[GC_URL_SIZE];
  char scope[128], text[512], request[HEX_SIZE], signature[HEX_SIZE];
  bool has_token = keys->token[0] != '\0';
  const char *names = has_token
                          ? "content-type;host;x-amz-date;x-amz-security-token;"
                            "x-amz-target"
                          : "content-type;host;x-amz-date;x-amz-target";
  print_stamp(stamp, time_ms);
  snprintf(day, sizeof(day), "%.8s", stamp);
  print_host(host, c->endpoint);
  snprintf(scope, sizeof(scope), "%s/%.32s/" SERVICE "/aws4_request", day,
           c->region);
  hash_request(request, r, host, stamp, keys->token, action, names);
  snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s\n%s", stamp, scope,
           request);
  sign_text(signature, keys->secret, day, c->region, text);

  snprintf(r->date, sizeof(r->date), "X-Amz-Date: %s", stamp);
  snprintf(r->action, sizeof(r->action), "X-Amz-Target: %s", action);
  snprintf(r->token, sizeof(r->token), "X-Amz-Security-Token: %s", keys->token);
  snprintf(r->authorization, sizeof(r->authorization),
           "Authorization: AWS4-HMAC-SHA256 Credential=%.159s/%s, "
           "SignedHeaders=%s, Signature=%s",
           keys->key_id, scope, names, signature);
  size_t n = 0;
  r->headers[n++] = "Content-Type: " TYPE;
  r->headers[n++] = r->date;
  r->headers[n++] = r->action;
  if (has_token)
    r->headers[n++] = r->token;
  r->headers[n++] = r->authorization;
  r->headers[n] = NULL;
}

/* ---- requests ---- */

void sqs_client_init(struct sqs_client *c, const char *queue_url,
                     const char *region, const struct ledger_source *source) {
  *c = (struct sqs_client){.region = region, .source = source};
  sqs_endpoint(queue_url, c->endpoint);
}

/* Returns the time to sign by: the queue's, once it has refused this host's. */
static int64_t signing_ms(const struct sqs_client *c) {
  return c->offset_ms != 0 ? (int64_t)gc_clock_now_ms() + c->offset_ms
                           : gc_clock_wall_ms();
}

void sqs_request_sign(const struct sqs_client *c, struct sqs_request *r,
                      const struct credentials *keys, const char *action) {
  sqs_request_sign_at(c, r, keys, action, signing_ms(c));
  r->offset_ms = c->offset_ms;
  r->exchange.method = "POST";
  r->exchange.url = c->endpoint;
  r->exchange.headers = r->headers;
  r->exchange.body = gc_buf_string(&r->body);
  r->exchange.body_len = r->body.len;
}

void sqs_request_end(struct sqs_request *r) {
  GC_ASSERT(r->exchange.transport_data == NULL);
  explicit_bzero(r->token, sizeof(r->token));
  explicit_bzero(r->authorization, sizeof(r->authorization));
}

enum gc_code sqs_check_reply(const struct gc_reply *reply,
                             const struct gc_err *why, const char *action,
                             struct gc_err *err) {
  if (reply->failure != GC_FAILURE_NONE && reply->status / 100 <= 2)
    return gc_fail(err, why->code, "%s: %s", action, why->text);
  if (reply->status / 100 != 2)
    return aws_refused(AWS_SQS, reply->status, gc_buf_string(&reply->body),
                       reply->body.len, action, err);
  return GC_OK;
}

/* ---- clocks ---- */

static bool are_close(int64_t a_ms, int64_t b_ms) {
  return a_ms - b_ms < CLOCK_CLOSE_MS && b_ms - a_ms < CLOCK_CLOSE_MS;
}

/* Reports which clock is off, and by how much; 0: none. */
static void report_clock(const struct sqs_client *c, int64_t off_ms) {
  struct gc_err err = {.code = GC_OK};
  if (off_ms != 0)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "this host's clock is %.0f s %s that of SQS, which refused "
                  "its time; requests are signed by the clock of SQS: correct "
                  "the time of this host (NTP)",
                  (double)(off_ms > 0 ? off_ms : -off_ms) / 1000,
                  off_ms > 0 ? "behind" : "ahead of");
  ledger_source_notice(c->source, "clock of SQS", &err);
}

bool sqs_client_take_clock(struct sqs_client *c, const struct gc_reply *reply) {
  int64_t server_ms = reply->date_ms;
  (void)aws_clock_of(gc_buf_string(&reply->body), reply->body.len, &server_ms);
  if (server_ms == 0 || are_close(server_ms, signing_ms(c)))
    return false;
  c->offset_ms = server_ms - (int64_t)gc_clock_now_ms();
  report_clock(c, server_ms - gc_clock_wall_ms());
  return true;
}

void sqs_client_leave_clock(struct sqs_client *c) {
  if (c->offset_ms == 0 || !are_close(signing_ms(c), gc_clock_wall_ms()))
    return;
  c->offset_ms = 0;
  report_clock(c, 0);
}

bool clock_pause_holds(const struct clock_pause *p, uint64_t now_ms,
                       int64_t wall_ms) {
  int64_t step_ms = wall_ms - (int64_t)now_ms - p->offset_ms;
  return now_ms < p->until_ms && step_ms < CLOCK_PAUSE_STEP_MS &&
         step_ms > -CLOCK_PAUSE_STEP_MS;
}

void clock_pause_note(struct clock_pause *p, bool is_doubtful, uint64_t now_ms,
                      int64_t wall_ms) {
  if (!is_doubtful) {
    *p = (struct clock_pause){0};
  } else if (!clock_pause_holds(p, now_ms, wall_ms)) {
    p->length_ms = p->length_ms == 0                       ? CLOCK_PAUSE_MIN_MS
                   : p->length_ms < CLOCK_PAUSE_MAX_MS / 2 ? p->length_ms * 2
                                                           : CLOCK_PAUSE_MAX_MS;
    p->until_ms = now_ms + p->length_ms;
    p->offset_ms = wall_ms - (int64_t)now_ms;
  }
}

void sqs_client_note(struct sqs_client *c, bool is_doubtful) {
  struct gc_err err = {.code = GC_OK};
  clock_pause_note(&c->pause, is_doubtful, gc_clock_now_ms(),
                   gc_clock_wall_ms());
  if (is_doubtful)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "all attributes of an answer are ahead of this host's clock, "
                  "and no other clock confirms it; nothing is received for 5 "
                  "minutes, later for up to an hour, or until the clock is "
                  "set, so that the messages do not use up maxReceiveCount: "
                  "check the time of this host (NTP)");
  ledger_source_notice(c->source, "receiving", &err);
}

bool sqs_client_waits(const struct sqs_client *c) {
  return clock_pause_holds(&c->pause, gc_clock_now_ms(), gc_clock_wall_ms());
}
