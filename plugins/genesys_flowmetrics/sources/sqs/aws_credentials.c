/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/url.h"
#include "common/net/api/secret.h"
#include "common/net/file.h"
#include "plugins/genesys_flowmetrics/sources/sqs/aws_answer.h"

enum {
  ANSWER_MAX_BYTES = 65536,
  HEADER_SIZE = GC_SECRET_MAX_BYTES + 64,
  ROLE_SIZE = 128,
  REREAD_MS = 5 * 60 * 1000,  /* age at which a file is read again */
  RETRY_MS = 30 * 1000,       /* pause after a renewal that failed */
  FILES_WAIT_MS = 300,        /* longest wait for a disk that hangs */
  REFUSED_MS = 5 * 60 * 1000, /* as at the platform's token endpoint */
};

#define INSTANCE_PATH "/latest/meta-data/iam/security-credentials/"
#define INSTANCE_TTL "X-aws-ec2-metadata-token-ttl-seconds: 21600"

/* Advice for a failure at the instance metadata, the last place. On a host that
 * is no instance, usually an option or a variable is missing. */
static const char no_role[] =
    "; without a role for the instance, set AccessKeyId and "
    "SecretAccessKeyFile";

/* The requests for an instance's metadata, in this order. */
enum step { STEP_TOKEN, STEP_ROLE, STEP_KEYS };

struct credentials_keeper {
  const struct credentials_source *source;
  const struct gc_transport *transport;
  uint64_t (*now_ms)(void);
  int64_t (*wall_ms)(void);
  struct gc_detached *reads; /* reads of files */

  struct credentials now;
  bool has_now;
  uint64_t renew_ms;   /* monotonic time to renew `now` */
  uint64_t expires_ms; /* monotonic time of the end of `now`; 0: no end */
  struct credentials refused;
  uint64_t refused_ms; /* monotonic; 0: none was refused */
  bool holds_any;      /* also hold keys that differ from `refused` */

  struct gc_exchange exchange;
  bool is_fetching;
  enum step step;
  char url[GC_URL_SIZE + ROLE_SIZE];
  char header[HEADER_SIZE];
  const char *headers[2];
  struct gc_buf body; /* has the web identity token */
  void (*ready)(void *ctx, const struct gc_err *err);
  void *ctx;
};

/* Copies a secret from the place that `secret` names to `out`. */
static enum gc_code read_secret(struct credentials_keeper *k,
                                const struct gc_secret *secret, char *out,
                                size_t room, struct gc_err *err) {
  GC_AUTO(gc_buf_wipe) struct gc_buf text = {.max = GC_SECRET_MAX_BYTES};
  GC_TRY(gc_secret_read(k->reads, secret, &text, err));
  if (text.len >= room)
    return gc_fail(err, GC_ERR_AUTH, "the secret is longer than %zu bytes",
                   room - 1);
  memcpy(out, gc_buf_string(&text), text.len + 1);
  return GC_OK;
}

static enum gc_code read_pair(struct credentials_keeper *k,
                              struct credentials *c, struct gc_err *err) {
  const struct credentials_source *s = k->source;
  const struct gc_secret secret = {.file = s->secret_file,
                                   .env = s->secret_env,
                                   .what = s->secret_file != NULL
                                               ? "SecretAccessKeyFile"
                                               : "AWS credentials"};
  const struct gc_secret token = {.env = s->token_env,
                                  .what = "AWS credentials"};
  snprintf(c->key_id, sizeof(c->key_id), "%s", s->key_id);
  GC_TRY(read_secret(k, &secret, c->secret, sizeof(c->secret), err));
  if (s->token_env == NULL)
    return GC_OK;
  return read_secret(k, &token, c->token, sizeof(c->token), err);
}

/* Reads a file into the empty buffer `out`. */
static enum gc_code read_all(struct credentials_keeper *k, const char *path,
                             struct gc_buf *out, struct gc_err *err) {
  struct gc_file file = {.text = *out};
  switch (gc_file_look(k->reads, path, &file, err)) {
  case GC_OK:
    *out = file.text;
    return GC_OK;
  case GC_ERR_TIMEOUT:
    err->code = GC_ERR_AUTH;
    return GC_ERR_AUTH;
  case GC_ERR_LIMIT:
    return gc_fail(err, GC_ERR_AUTH, "%.200s is too large", path);
  default:
    return gc_fail(err, GC_ERR_AUTH, "%.200s cannot be read", path);
  }
}

static enum gc_code read_file(struct credentials_keeper *k,
                              struct credentials *c, struct gc_err *err) {
  GC_AUTO(gc_buf_wipe) struct gc_buf text = {.max = 1 << 20};
  const struct credentials_source *s = k->source;
  GC_TRY(read_all(k, s->file, &text, err));
  enum gc_code code = credentials_parse_file(gc_buf_string(&text), text.len,
                                             s->profile, c, err);
  return code == GC_OK ? code : gc_fail_in(err, code, "%s: ", s->file);
}

/* Returns the milliseconds between two times of the wall clock, at least
 * `least_ms`: keys that seem to have expired are tried, because that clock may
 * be wrong. */
static uint64_t span_ms(int64_t from_ms, int64_t to_ms, int64_t least_ms) {
  int64_t span_ms = to_ms - from_ms;
  return (uint64_t)(span_ms > least_ms ? span_ms : least_ms);
}

/* Takes new keys. Reads the wall clock once, to learn for how long they are
 * valid. */
static void set_credentials(struct credentials_keeper *k,
                            const struct credentials *c) {
  uint64_t now_ms = k->now_ms();
  int64_t wall_ms = k->wall_ms(), end_ms = c->expires_ms;
  k->now = *c;
  k->has_now = true;
  k->expires_ms =
      end_ms != 0 ? now_ms + span_ms(wall_ms, end_ms, 2 * RETRY_MS) : 0;
  k->renew_ms =
      now_ms +
      (end_ms != 0
           ? span_ms(wall_ms, credentials_renew_at(end_ms, wall_ms), RETRY_MS)
           : REREAD_MS);
}

/* Reads the credentials from a place that needs no request. */
static enum gc_code read_local(struct credentials_keeper *k,
                               struct gc_err *err) {
  struct credentials c = {.expires_ms = 0};
  enum gc_code code = k->source->place == CREDENTIALS_FILE
                          ? read_file(k, &c, err)
                          : read_pair(k, &c, err);
  if (code == GC_OK)
    set_credentials(k, &c);
  explicit_bzero(&c, sizeof(c));
  return code;
}

/* ---- places behind HTTP ---- */

static void finish_fetch(struct credentials_keeper *k,
                         const struct gc_err *err) {
  void (*ready)(void *, const struct gc_err *) = k->ready;
  explicit_bzero(k->header, sizeof(k->header));
  gc_buf_wipe(&k->body);
  k->is_fetching = false;
  k->ready = NULL;
  if (ready != NULL)
    ready(k->ctx, err);
}

static enum gc_code set_container(struct credentials_keeper *k,
                                  struct gc_err *err) {
  const struct credentials_source *s = k->source;
  const struct gc_secret secret = {
      .file = s->header_file,
      .env = s->header_file != NULL ? NULL : s->header_env,
      .what = "the container's authorization token"};
  static const char name[] = "Authorization: ";
  snprintf(k->url, sizeof(k->url), "%s", s->url);
  k->headers[0] = NULL;
  if (secret.file == NULL && secret.env == NULL)
    return GC_OK;
  memcpy(k->header, name, sizeof(name));
  k->headers[0] = k->header;
  return read_secret(k, &secret, k->header + sizeof(name) - 1,
                     sizeof(k->header) - sizeof(name), err);
}

/* Reads the token's file each time: the kubelet replaces it before the token
 * expires. */
static enum gc_code set_web_identity(struct credentials_keeper *k,
                                     struct gc_err *err) {
  GC_AUTO(gc_buf_wipe) struct gc_buf token = {.max = 2 * STS_TOKEN_MAX_BYTES};
  const struct credentials_source *s = k->source;
  struct gc_err why = {.code = GC_OK};
  if (read_all(k, s->token_file, &token, &why) != GC_OK)
    return gc_fail(err, why.code,
                   "AWS_WEB_IDENTITY_TOKEN_FILE: %s; mount the service "
                   "account's token there, readable by collectd's user",
                   why.text);
  snprintf(k->url, sizeof(k->url), "%s/", s->url);
  k->headers[0] = "Content-Type: application/x-www-form-urlencoded";
  k->body.max = STS_BODY_MAX_BYTES;
  enum gc_code code =
      sts_request_body(s->role_arn, s->session_name, gc_buf_string(&token),
                       token.len, &k->body, err);
  return code == GC_OK
             ? code
             : gc_fail_in(err, code, "AWS_WEB_IDENTITY_TOKEN_FILE %.200s: ",
                          s->token_file);
}

static void on_answer(struct gc_exchange *x, const struct gc_reply *reply,
                      const struct gc_err *err);

static enum gc_code send_request(struct credentials_keeper *k,
                                 const char *method, struct gc_err *err) {
  k->exchange = (struct gc_exchange){.method = method,
                                     .url = k->url,
                                     .headers = k->headers,
                                     .body = k->body.data,
                                     .body_len = k->body.len,
                                     .body_max = ANSWER_MAX_BYTES,
                                     .done = on_answer,
                                     .ctx = k};
  return k->transport->start(k->transport->ctx, &k->exchange, err);
}

/* Sends the first request for the credentials. Instance metadata (version 2)
 * first needs a token, which a program that was tricked into a GET cannot
 * obtain. */
static enum gc_code send_first_request(struct credentials_keeper *k,
                                       struct gc_err *err) {
  k->headers[1] = NULL;
  if (k->source->place == CREDENTIALS_WEB_IDENTITY) {
    k->step = STEP_KEYS;
    GC_TRY(set_web_identity(k, err));
    return send_request(k, "POST", err);
  }
  if (k->source->place == CREDENTIALS_CONTAINER) {
    k->step = STEP_KEYS;
    GC_TRY(set_container(k, err));
    return send_request(k, "GET", err);
  }
  k->step = STEP_TOKEN;
  snprintf(k->url, sizeof(k->url), "%s/latest/api/token", k->source->url);
  snprintf(k->header, sizeof(k->header), "%s", INSTANCE_TTL);
  k->headers[0] = k->header;
  return send_request(k, "PUT", err);
}

/* Copies the first word of the body. Returns false when the body has none or it
 * is too long. */
static bool line_of(const struct gc_buf *body, char *out, size_t room) {
  size_t len = strcspn(gc_buf_string(body), " \t\r\n");
  if (len == 0 || len >= room)
    return false;
  memcpy(out, body->data, len);
  out[len] = '\0';
  return true;
}

static enum gc_code take_keys(struct credentials_keeper *k,
                              const struct gc_buf *body, struct gc_err *err) {
  struct credentials c = {.expires_ms = 0};
  GC_TRY(k->source->place == CREDENTIALS_WEB_IDENTITY
             ? sts_parse_answer(gc_buf_string(body), body->len, &c, err)
             : credentials_parse_json(gc_buf_string(body), body->len, &c, err));
  set_credentials(k, &c);
  explicit_bzero(&c, sizeof(c));
  return GC_OK;
}

static enum gc_code send_next_request(struct credentials_keeper *k,
                                      const struct gc_buf *body,
                                      struct gc_err *err) {
  char line[GC_SECRET_MAX_BYTES];
  if (k->step == STEP_KEYS)
    return take_keys(k, body, err);
  if (!line_of(body, line, sizeof(line)))
    return gc_fail(err, GC_ERR_AUTH, "%s%s",
                   k->step == STEP_TOKEN
                       ? "the instance metadata gives no token"
                       : "the instance has no role",
                   no_role);
  if (k->step == STEP_TOKEN) {
    snprintf(k->header, sizeof(k->header), "X-aws-ec2-metadata-token: %s",
             line);
    snprintf(k->url, sizeof(k->url), "%s" INSTANCE_PATH, k->source->url);
    k->step = STEP_ROLE;
  } else {
    if (strlen(line) >= ROLE_SIZE)
      return gc_fail(err, GC_ERR_AUTH, "the role's name is too long");
    snprintf(k->url, sizeof(k->url), "%s" INSTANCE_PATH "%s", k->source->url,
             line);
    k->step = STEP_KEYS;
  }
  explicit_bzero(line, sizeof(line));
  return send_request(k, "GET", err);
}

/* Replaces the advice of net/http, which is meant for an account. */
static enum gc_code fail_unreachable(enum gc_failure failure,
                                     const struct gc_err *why,
                                     struct gc_err *err) {
  const char *hint = strrchr(why->text, ';');
  size_t len = hint != NULL ? (size_t)(hint - why->text) : strlen(why->text);
  if (failure != GC_FAILURE_CONNECT && failure != GC_FAILURE_RESOLVE)
    return gc_fail(err, GC_ERR_AUTH, "%s", why->text);
  return gc_fail(err, GC_ERR_AUTH,
                 "%.*s; check AWS_REGION, Proxy and the firewall", (int)len,
                 why->text);
}

static enum gc_code take_reply(struct credentials_keeper *k,
                               const struct gc_reply *reply,
                               const struct gc_err *why, struct gc_err *err) {
  bool is_sts = k->source->place == CREDENTIALS_WEB_IDENTITY;
  bool is_refused =
      reply->status != 0 && (reply->status < 200 || reply->status > 299);
  if (is_sts && is_refused)
    return aws_refused(AWS_STS, reply->status, gc_buf_string(&reply->body),
                       reply->body.len, "AssumeRoleWithWebIdentity", err);
  if (reply->failure != GC_FAILURE_NONE && is_sts)
    return fail_unreachable(reply->failure, why, err);
  if (reply->failure != GC_FAILURE_NONE)
    return gc_fail(err, GC_ERR_AUTH, "%s%s", why->text,
                   k->source->place == CREDENTIALS_INSTANCE ? no_role : "");
  if (is_refused)
    return gc_fail(err, GC_ERR_AUTH, "%s answered %d%s", k->url, reply->status,
                   k->source->place == CREDENTIALS_INSTANCE ? no_role : "");
  return send_next_request(k, &reply->body, err);
}

/* Delays the next renewal. The current keys are used until they expire; without
 * a delay each request to the queue would request new keys. */
static void delay_renewal(struct credentials_keeper *k) {
  uint64_t retry_ms = k->now_ms() + RETRY_MS;
  if (k->has_now)
    k->renew_ms = k->expires_ms != 0 && k->expires_ms < retry_ms ? k->expires_ms
                                                                 : retry_ms;
}

/* Writes a description for messages, such as "the shared credentials file
 * /etc/aws/credentials". */
static void describe_place(const struct credentials_source *s,
                           struct gc_buf *out) {
  static const char *const places[] = {
      [CREDENTIALS_OPTION] = "SecretAccessKeyFile",
      [CREDENTIALS_ENVIRONMENT] = "the environment",
      [CREDENTIALS_WEB_IDENTITY] = "the web identity token",
      [CREDENTIALS_FILE] = "the shared credentials file",
      [CREDENTIALS_CONTAINER] = "the container endpoint",
      [CREDENTIALS_INSTANCE] = "the instance metadata",
  };
  const char *where = s->file != NULL          ? s->file
                      : s->secret_file != NULL ? s->secret_file
                      : s->token_file != NULL  ? s->token_file
                      : s->url != NULL         ? s->url
                                               : "";
  (void)!gc_buf_print(out, "%s%s%.200s", places[s->place],
                      *where != '\0' ? " " : "", where);
}

static void on_answer(struct gc_exchange *x, const struct gc_reply *reply,
                      const struct gc_err *why) {
  struct credentials_keeper *k = x->ctx;
  struct gc_err err = {.code = GC_OK};
  bool was_last = k->step == STEP_KEYS;
  if (take_reply(k, reply, why, &err) == GC_OK && !was_last)
    return;
  if (err.code != GC_OK) {
    GC_AUTO(gc_buf_clear) struct gc_buf place = {.max = 512};
    describe_place(k->source, &place);
    (void)gc_fail_in(&err, err.code,
                     "AWS credentials from %s: ", gc_buf_string(&place));
    delay_renewal(k);
  }
  finish_fetch(k, &err);
}

/* ---- the keeper ---- */

struct credentials_keeper *
credentials_keeper_new(const struct credentials_source *source,
                       const struct gc_transport *transport,
                       uint64_t (*now_ms)(void), int64_t (*wall_ms)(void)) {
  struct credentials_keeper *k = gc_zalloc(1, sizeof(*k));
  k->reads = gc_detached_new("gc-secret", FILES_WAIT_MS);
  k->source = source;
  k->transport = transport;
  k->now_ms = now_ms;
  k->wall_ms = wall_ms;
  return k;
}

void credentials_keeper_free(struct credentials_keeper *k) {
  if (k == NULL)
    return;
  if (k->is_fetching)
    k->transport->cancel(k->transport->ctx, &k->exchange);
  gc_buf_wipe(&k->body);
  gc_detached_free(k->reads);
  explicit_bzero(k, sizeof(*k));
  free(k);
}

static bool is_local(const struct credentials_source *s) {
  return s->place != CREDENTIALS_WEB_IDENTITY &&
         s->place != CREDENTIALS_CONTAINER && s->place != CREDENTIALS_INSTANCE;
}

static const struct credentials *
valid_credentials(const struct credentials_keeper *k) {
  bool is_expired = k->expires_ms != 0 && k->now_ms() >= k->expires_ms;
  return k->has_now && !is_expired ? &k->now : NULL;
}

const struct credentials *
credentials_get(struct credentials_keeper *k,
                void (*ready)(void *ctx, const struct gc_err *err), void *ctx) {
  struct gc_err err = {.code = GC_OK};
  bool may_change = is_local(k->source) && credentials_is_held(k);
  if (k->has_now && k->now_ms() < k->renew_ms && !may_change)
    return &k->now;
  if (!k->is_fetching) {
    k->is_fetching = true;
    enum gc_code code =
        is_local(k->source) ? read_local(k, &err) : send_first_request(k, &err);
    if (code != GC_OK || is_local(k->source))
      k->is_fetching = false;
    if (code != GC_OK) {
      gc_buf_wipe(&k->body);
      delay_renewal(k);
    }
  }
  if (valid_credentials(k) != NULL)
    return valid_credentials(k);
  k->ready = ready;
  k->ctx = ctx;
  if (!k->is_fetching)
    finish_fetch(k, &err);
  return NULL;
}

/* True if keys were refused less than REFUSED_MS ago. */
static bool was_refused_lately(const struct credentials_keeper *k) {
  return k->refused_ms != 0 && k->now_ms() - k->refused_ms < REFUSED_MS;
}

void credentials_refused(struct credentials_keeper *k) {
  if (!k->has_now)
    return;
  k->holds_any = was_refused_lately(k) && !is_local(k->source);
  k->refused = k->now;
  k->refused_ms = k->now_ms();
  if (k->holds_any)
    return; /* the service gave these keys just now; new ones would not help */
  k->has_now = false;
  k->renew_ms = 0;
}

bool credentials_is_held(const struct credentials_keeper *k) {
  const struct credentials *a = &k->now, *b = &k->refused;
  return k->has_now && was_refused_lately(k) &&
         (k->holds_any || (strcmp(a->key_id, b->key_id) == 0 &&
                           strcmp(a->secret, b->secret) == 0 &&
                           strcmp(a->token, b->token) == 0));
}
