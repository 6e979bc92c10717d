/* SPDX-License-Identifier: MIT */
#include "common/net/http/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "common/base/alloc.h"
#include "common/base/gzip.h"
#include "common/net/clock.h"
#include "common/net/http/curl_error.h"
#include "common/net/http/curl_options.h"
#include "common/net/http/headers.h"
#include "common/net/http/proxy.h"
#include "common/net/http/tls_files.h"
#include "common/net/loop.h"

enum {
  ERROR_BODY_MAX_BYTES = 64 * 1024, /* bytes that are kept */
  /* An error body up to this size is read to its end, so that the connection
   * can be reused; a longer one closes the connection. */
  ERROR_BODY_READ_BYTES = 1024 * 1024,
  IDLE_JOBS_MAX = 8,
};

/* One easy handle and the exchange that it runs. */
struct job {
  struct gc_curl_job curl; /* first: its address is that of the job */
  struct gc_http *http;    /* NULL: the gc_http was freed */
  struct gc_exchange *x;   /* NULL: cancelled */
  struct job *next;        /* in http->busy or http->idle */
  CURL *easy;
  struct curl_slist *headers;
  struct gc_reply_headers seen;
  struct gc_gunzip *gunzip; /* NULL: the body is not compressed */
  struct gc_reply reply;
  struct gc_err err;
  enum gc_failure refused; /* why a callback ended it; GC_FAILURE_NONE */
  bool has_enough; /* a callback ended the transfer, and the answer counts */
  char words[CURL_ERROR_SIZE];
};

struct gc_http {
  struct gc_loop *loop;
  const struct gc_connect *connect;
  struct job *busy; /* from start until on_gone */
  struct job *idle;
  unsigned idle_count;
  int64_t cert_end_s; /* of the newest server's certificate; 0: unknown */
};

/* Overwrites and frees the headers, which contain the bearer token. */
static void wipe_headers(struct curl_slist *headers) {
  for (struct curl_slist *h = headers; h != NULL; h = h->next)
    explicit_bzero(h->data, strlen(h->data));
  curl_slist_free_all(headers);
}

static void free_job(struct job *job) {
  curl_easy_cleanup(job->easy);
  wipe_headers(job->headers);
  gc_buf_clear(&job->reply.body);
  gc_gunzip_free(job->gunzip);
  free(job);
}

static void unlink_busy(struct gc_http *http, struct job *job) {
  struct job **at = &http->busy;
  while (*at != NULL && *at != job)
    at = &(*at)->next;
  if (*at != NULL)
    *at = job->next;
  job->next = NULL;
}

/* Keeps the job, whose handle has left the loop, for reuse, or frees it. */
static void on_gone(struct gc_curl_job *curl) {
  struct job *job = (struct job *)curl;
  struct gc_http *http = job->http;
  if (http != NULL)
    unlink_busy(http, job);
  if (http == NULL || http->idle_count >= IDLE_JOBS_MAX) {
    free_job(job);
    return;
  }
  curl_easy_reset(job->easy);
  wipe_headers(job->headers);
  gc_buf_clear(&job->reply.body);
  gc_gunzip_free(job->gunzip);
  *job = (struct job){.easy = job->easy, .http = http, .next = http->idle};
  http->idle = job;
  http->idle_count++;
}

/* Separates the job from its exchange. */
static void detach_exchange(struct job *job) {
  if (job->x != NULL)
    job->x->transport_data = NULL;
  job->x = NULL;
}

static bool is_good(int status) { return status >= 200 && status < 300; }

/* Notes when the server's certificate ends; libcurl has it after a
 * handshake. */
static void note_certificate(struct job *job) {
  static const char name[] = "Cert:";
  struct curl_certinfo *chain = NULL;
  if (curl_easy_getinfo(job->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
      chain == NULL || chain->num_of_certs < 1)
    return;
  for (const struct curl_slist *at = chain->certinfo[0]; at != NULL;
       at = at->next)
    if (strncmp(at->data, name, sizeof(name) - 1) == 0)
      job->http->cert_end_s = gc_tls_end_s(at->data + sizeof(name) - 1,
                                           strlen(at->data + sizeof(name) - 1));
}

static void complete_reply(struct job *job, CURLcode code) {
  struct gc_reply *reply = &job->reply;
  curl_off_t elapsed_us = 0;
  long new_connections = 0;
  curl_easy_getinfo(job->easy, CURLINFO_TOTAL_TIME_T, &elapsed_us);
  reply->elapsed_ms = (uint32_t)(elapsed_us / 1000);
  curl_easy_getinfo(job->easy, CURLINFO_NUM_CONNECTS, &new_connections);
  reply->is_new_connection = new_connections > 0;
  if (new_connections > 0)
    note_certificate(job);
  gc_reply_headers_end(&job->seen, gc_clock_wall_ms(), reply);

  if (job->refused != GC_FAILURE_NONE) {
    reply->failure = job->refused;
    return;
  }
  if (code != CURLE_OK && !job->has_enough) {
    struct gc_curl_transfer failed = {.easy = job->easy,
                                      .code = code,
                                      .words = job->words,
                                      .url = job->x->url,
                                      .connect = job->http->connect,
                                      .in_headers = job->seen.is_open};
    reply->failure = gc_curl_explain(&failed, &job->err);
    return;
  }
  if (job->gunzip != NULL && is_good(reply->status) &&
      !gc_gunzip_is_complete(job->gunzip)) {
    reply->failure = GC_FAILURE_BROKEN;
    gc_curl_fail(job->x->url, GC_FAILURE_BROKEN, &job->err,
                 "the answer was cut off: its gzip body does not end");
    return;
  }
  if (reply->status == 407) {
    reply->failure = GC_FAILURE_PROXY;
    char proxy[160];
    gc_proxy_describe(job->http->connect, job->x->url, proxy, sizeof(proxy));
    gc_curl_fail(job->x->url, GC_FAILURE_PROXY, &job->err, "%s%s",
                 GC_CURL_PROXY_407, proxy);
  }
}

static void on_done(struct gc_curl_job *curl, int code) {
  struct job *job = (struct job *)curl;
  struct gc_exchange *x = job->x;
  if (x != NULL)
    complete_reply(job, (CURLcode)code);

  /* The job is released first, since `done` may start the exchange again, free
   * it, or free the whole gc_http. */
  struct gc_reply reply = job->reply;
  struct gc_err err = job->err;
  job->reply.body = (struct gc_buf){0};
  struct gc_http *http = job->http;
  detach_exchange(job);
  gc_loop_remove(http->loop, job->easy);
  if (x != NULL)
    x->done(x, &reply, &err);
  gc_buf_clear(&reply.body);
}

/* Returns a value other than `len`, which ends the transfer. */
static size_t abort_value(size_t len) { return len == 0 ? 1 : 0; }

static int status_of(struct job *job) {
  long status = 0;
  curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
  return (int)status;
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx) {
  struct job *job = ctx;
  size_t len = size * count;
  if (job->x == NULL)
    return abort_value(len);
  job->reply.status = status_of(job);
  if (gc_reply_headers_read(&job->seen, line, len, &job->reply) == GC_OK)
    return len;
  job->refused = GC_FAILURE_LIMIT;
  gc_curl_fail(job->x->url, GC_FAILURE_LIMIT, &job->err,
               "the answer has more than %d bytes of headers",
               GC_HEADERS_MAX_BYTES);
  return abort_value(len);
}

/* Keeps the body of an answer that is not 2xx. */
static size_t keep_error(struct job *job, const char *bytes, size_t len) {
  struct gc_buf *body = &job->reply.body;
  body->max = ERROR_BODY_MAX_BYTES;
  size_t room = body->max - body->len;
  (void)!gc_buf_add(body, bytes, len < room ? len : room);
  job->has_enough = job->reply.bytes > ERROR_BODY_READ_BYTES;
  return job->has_enough ? abort_value(len) : len;
}

static size_t keep_body(struct job *job, const char *bytes, size_t len) {
  job->reply.body.max = (size_t)job->x->body_max;
  if (gc_buf_add(&job->reply.body, bytes, len) == GC_OK)
    return len;
  job->refused = GC_FAILURE_LOCAL;
  gc_fail(&job->err, GC_ERR_MEMORY, "out of memory for the answer's body");
  return abort_value(len);
}

static size_t feed_sink(struct job *job, const char *bytes, size_t len) {
  const struct gc_sink *sink = job->x->sink;
  enum gc_code code = sink->write(sink->ctx, bytes, len, &job->err);
  if (code == GC_OK)
    return len;
  job->err.code = code;
  job->refused = GC_FAILURE_SINK;
  return abort_value(len);
}

/* Takes bytes of the body, decompressed. */
static size_t take_body(struct job *job, const char *bytes, size_t len) {
  job->reply.bytes += len;
  if (!is_good(job->reply.status))
    return keep_error(job, bytes, len);
  if (job->reply.bytes <= job->x->body_max)
    return job->x->sink != NULL ? feed_sink(job, bytes, len)
                                : keep_body(job, bytes, len);

  job->refused = GC_FAILURE_LIMIT;
  gc_curl_fail(job->x->url, GC_FAILURE_LIMIT, &job->err,
               "the answer is larger than %llu bytes",
               (unsigned long long)job->x->body_max);
  return abort_value(len);
}

static enum gc_code take_piece(void *ctx, const char *bytes, size_t len) {
  return take_body(ctx, bytes, len) == len ? GC_OK : GC_ERR_STOPPED;
}

/* Ends the transfer for a body that cannot be read. The status of an answer
 * that is not 2xx counts. */
static size_t refuse_encoding(struct job *job, size_t len, const char *words) {
  if (!is_good(job->reply.status)) {
    job->has_enough = true;
    return abort_value(len);
  }
  job->refused = GC_FAILURE_BROKEN;
  gc_curl_fail(job->x->url, GC_FAILURE_BROKEN, &job->err,
               "the answer has Content-Encoding \"%s\"; %s", job->seen.encoding,
               words);
  return abort_value(len);
}

static size_t inflate_body(struct job *job, const char *bytes, size_t len) {
  if (job->gunzip == NULL)
    job->gunzip = gc_gunzip_new();
  enum gc_code code = gc_gunzip_feed(job->gunzip, bytes, len, take_piece, job);
  if (code == GC_OK)
    return len;
  return code == GC_ERR_STOPPED
             ? abort_value(len)
             : refuse_encoding(job, len, "its body is no gzip");
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx) {
  struct job *job = ctx;
  const char *encoding = job->seen.encoding;
  size_t len = size * count;
  if (job->x == NULL)
    return abort_value(len);
  if (encoding[0] == '\0' || strcasecmp(encoding, "identity") == 0)
    return take_body(job, bytes, len);
  if (strcasecmp(encoding, "gzip") == 0 || strcasecmp(encoding, "x-gzip") == 0)
    return inflate_body(job, bytes, len);
  return refuse_encoding(job, len, "gzip was requested");
}

static struct job *get_job(struct gc_http *http) {
  struct job *job = http->idle;
  if (job != NULL) {
    http->idle = job->next;
    http->idle_count--;
    job->next = NULL;
    return job;
  }
  job = gc_zalloc(1, sizeof(*job));
  job->http = http;
  job->easy = curl_easy_init();
  if (job->easy != NULL)
    return job;
  free(job);
  return NULL;
}

static bool is_one_line(const char *header) {
  return strpbrk(header, "\r\n") == NULL;
}

static enum gc_code add_header(struct job *job, const char *header) {
  struct curl_slist *list = curl_slist_append(job->headers, header);
  if (list == NULL)
    return GC_ERR_MEMORY;
  job->headers = list;
  return GC_OK;
}

static enum gc_code set_headers(struct job *job, struct gc_err *err) {
  const char *const *at = job->x->headers;
  for (; at != NULL && *at != NULL; at++) {
    if (!is_one_line(*at))
      return gc_fail(err, GC_ERR_REQUEST, "a request header has a line break");
    if (add_header(job, *at) != GC_OK)
      return gc_fail(err, GC_ERR_MEMORY, "out of memory for a request");
  }
  /* An empty "Expect:" removes "Expect: 100-continue", with which libcurl would
   * delay a large body by a second. */
  if (add_header(job, "Expect:") != GC_OK)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory for a request");
  curl_easy_setopt(job->easy, CURLOPT_HTTPHEADER, job->headers);
  return GC_OK;
}

static void set_method(CURL *easy, const struct gc_exchange *x) {
  if (strcmp(x->method, "GET") == 0 && x->body == NULL)
    return;
  if (strcmp(x->method, "HEAD") == 0) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  /* POST and PUT without a body send Content-Length: 0. */
  bool has_length =
      strcmp(x->method, "POST") == 0 || strcmp(x->method, "PUT") == 0;
  if (x->body != NULL || has_length) {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     (curl_off_t)(x->body != NULL ? x->body_len : 0));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, x->body != NULL ? x->body : "");
  }
  if (strcmp(x->method, "POST") != 0)
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, x->method);
}

static void set_callbacks(struct job *job) {
  CURL *easy = job->easy;
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &job->curl);
  curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, job->words);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, job);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
}

static enum gc_code prepare_job(struct job *job, struct gc_err *err) {
  const struct gc_connect *connect = job->http->connect;
  GC_TRY(gc_curl_set_options(job->easy, connect, job->x->url, err));
  GC_TRY(set_headers(job, err));
  set_callbacks(job);
  set_method(job->easy, job->x);
  curl_easy_setopt(job->easy, CURLOPT_TIMEOUT_MS, (long)connect->timeout_ms);
  curl_easy_setopt(job->easy, CURLOPT_ACCEPT_ENCODING, "gzip");
  curl_easy_setopt(job->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  if (curl_easy_setopt(job->easy, CURLOPT_URL, job->x->url) != CURLE_OK)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory for a request");
  return GC_OK;
}

static enum gc_code start_exchange(void *ctx, struct gc_exchange *x,
                                   struct gc_err *err) {
  struct gc_http *http = ctx;
  if (x->transport_data != NULL)
    return gc_fail(err, GC_ERR_REQUEST, "the exchange runs already");
  struct job *job = get_job(http);
  if (job == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory for a request");

  job->x = x;
  job->curl.done = on_done;
  job->curl.gone = on_gone;
  enum gc_code code = prepare_job(job, err);
  if (code == GC_OK && gc_loop_add(http->loop, job->easy) != GC_OK)
    code = gc_fail(err, GC_ERR_MEMORY, "out of memory for a request");
  if (code != GC_OK) {
    on_gone(&job->curl);
    return code;
  }
  job->next = http->busy;
  http->busy = job;
  x->transport_data = job;
  if (x->sink != NULL && x->sink->begin != NULL)
    x->sink->begin(x->sink->ctx);
  return GC_OK;
}

static void cancel_exchange(void *ctx, struct gc_exchange *x) {
  struct gc_http *http = ctx;
  struct job *job = x->transport_data;
  if (job == NULL)
    return;
  detach_exchange(job);
  gc_loop_remove(http->loop, job->easy);
}

struct gc_http *gc_http_new(struct gc_loop *loop,
                            const struct gc_connect *connect,
                            struct gc_err *err) {
  if (gc_proxy_check(connect, err) != GC_OK)
    return NULL;
  struct gc_http *http = gc_zalloc(1, sizeof(*http));
  http->loop = loop;
  http->connect = connect;
  return http;
}

int64_t gc_http_cert_end_s(const struct gc_http *http) {
  return http->cert_end_s;
}

void gc_http_free(struct gc_http *http) {
  if (http == NULL)
    return;
  while (http->busy != NULL) {
    struct job *job = http->busy;
    http->busy = job->next;
    detach_exchange(job);
    job->http = NULL;
    gc_loop_remove(http->loop, job->easy);
  }
  while (http->idle != NULL) {
    struct job *job = http->idle;
    http->idle = job->next;
    free_job(job);
  }
  free(http);
}

struct gc_transport gc_http_transport(struct gc_http *http) {
  return (struct gc_transport){
      .start = start_exchange, .cancel = cancel_exchange, .ctx = http};
}
