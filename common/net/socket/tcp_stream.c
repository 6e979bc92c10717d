/* SPDX-License-Identifier: MIT */
#include "common/net/socket/tcp_stream.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "common/base/alloc.h"
#include "common/net/http/curl_error.h"
#include "common/net/http/curl_options.h"
#include "common/net/http/proxy.h"
#include "common/net/loop.h"

enum {
  /* The limit of bytes read in one round; more would delay timers and pings. */
  ROUND_MAX_BYTES = 256 * 1024,
  READ_BYTES = 64 * 1024,
  /* The size of a TLS record. */
  CHUNK_BYTES = 16 * 1024,
  QUEUE_MAX_BYTES = 1024 * 1024,
  /* The limit of lost connections in a row that are made again. libcurl looks
   * for dead connections once a second, so more losses have another cause. */
  LOSSES_MAX = 3,
};

struct gc_stream {
  struct gc_curl_job curl; /* first member: the loop passes it to callbacks */
  struct gc_loop *loop;
  const struct gc_connect *connect;
  const struct gc_stream_events *events;
  struct gc_watch watch;
  CURL *easy;
  char *url; /* "https://host:port/" */
  bool is_open, is_closed;
  bool is_freed; /* the owner freed it inside a callback */
  bool is_lost;  /* is being removed from the loop, to connect again */
  unsigned losses;
  unsigned busy; /* callbacks of this file on the stack */

  /* The bytes that are being sent. After a refused write OpenSSL expects the
   * same bytes at the same address again ("bad write retry"), so the chunk
   * stays in place until all of it is sent. */
  size_t chunk_at, chunk_len;
  struct gc_buf queue; /* bytes after the chunk, from queue_at on */
  size_t queue_at;

  char words[CURL_ERROR_SIZE];
  char chunk[CHUNK_BYTES];
};

static void free_stream(struct gc_stream *s) {
  curl_easy_cleanup(s->easy);
  gc_buf_clear(&s->queue);
  free(s->url);
  free(s);
}

static void hang_up(struct gc_stream *s) {
  gc_loop_unwatch(s->loop, &s->watch);
#if LIBCURL_VERSION_NUM < 0x075600
  /* Before 7.86 libcurl leaves the connection open (curl/curl#9335). */
  if (s->is_open)
    shutdown(s->watch.fd, SHUT_RDWR);
#endif
  gc_loop_remove(s->loop, s->easy);
}

/* Begins a callback, in which the owner may free the stream. No code may use
 * the stream after leave_callback. */
static void enter_callback(struct gc_stream *s) { s->busy++; }

static void leave_callback(struct gc_stream *s) {
  s->busy--;
  if (s->is_freed && s->busy == 0)
    hang_up(s);
}

/* Reports the end; it is the only caller of events->closed. */
static void report_closed(struct gc_stream *s, enum gc_failure failure,
                          const struct gc_err *err) {
  s->is_closed = true;
  gc_loop_unwatch(s->loop, &s->watch);
  s->events->closed(s->events->ctx, failure, err);
}

static void report_curl(struct gc_stream *s, CURLcode code) {
  struct gc_err err = {0};
  struct gc_curl_transfer failed = {.easy = s->easy,
                                    .code = code,
                                    .words = s->words,
                                    .url = s->url,
                                    .connect = s->connect};
  enum gc_failure failure = gc_curl_explain(&failed, &err);
  report_closed(s, failure, &err);
}

static void report_end(struct gc_stream *s) {
  struct gc_err err = {0};
  gc_curl_fail(s->url, GC_FAILURE_BROKEN, &err, "closed by the other side");
  report_closed(s, GC_FAILURE_NONE, &err);
}

static size_t unsent_bytes(const struct gc_stream *s) {
  return s->chunk_len - s->chunk_at + s->queue.len - s->queue_at;
}

static void refill_chunk(struct gc_stream *s) {
  size_t len = s->queue.len - s->queue_at;
  if (len > CHUNK_BYTES)
    len = CHUNK_BYTES;
  if (len > 0)
    memcpy(s->chunk, s->queue.data + s->queue_at, len);
  s->chunk_at = 0;
  s->chunk_len = len;
  s->queue_at += len;
  if (s->queue_at == s->queue.len) {
    gc_buf_reset(&s->queue);
    s->queue_at = 0;
  }
}

/* Sends as much as the socket takes. */
static CURLcode flush_queue(struct gc_stream *s) {
  CURLcode code = CURLE_OK;
  while (code == CURLE_OK) {
    if (s->chunk_at == s->chunk_len)
      refill_chunk(s);
    if (s->chunk_len == 0)
      break;
    size_t sent = 0;
    code = curl_easy_send(s->easy, s->chunk + s->chunk_at,
                          s->chunk_len - s->chunk_at, &sent);
    if (code == CURLE_OK)
      s->chunk_at += sent;
  }
  s->watch.want_write = unsent_bytes(s) > 0;
  return code == CURLE_AGAIN ? CURLE_OK : code;
}

/* Reads until no bytes are left or the round has read its share. */
static void read_some(struct gc_stream *s) {
  char bytes[READ_BYTES];
  s->watch.again = false;
  for (size_t total = 0; !s->is_freed && !s->is_closed;) {
    if (total >= ROUND_MAX_BYTES) {
      s->watch.again = true;
      return;
    }
    size_t len = 0;
    CURLcode code = curl_easy_recv(s->easy, bytes, sizeof(bytes), &len);
    if (code == CURLE_AGAIN)
      return;
    if (code != CURLE_OK) {
      report_curl(s, code);
      return;
    }
    if (len == 0) {
      report_end(s);
      return;
    }
    total += len;
    s->events->read(s->events->ctx, bytes, len);
  }
}

static void on_ready(void *ctx, uint64_t now_ms) {
  (void)now_ms;
  struct gc_stream *s = ctx;
  enter_callback(s);
  /* Reading is first, so that the peer's last bytes are read before a write
   * fails. */
  read_some(s);
  if (!s->is_freed && !s->is_closed) {
    CURLcode code = flush_queue(s);
    if (code != CURLE_OK)
      report_curl(s, code);
  }
  leave_callback(s);
}

static void on_gone(struct gc_curl_job *curl) {
  struct gc_stream *s = (struct gc_stream *)curl;
  if (s->is_freed || !s->is_lost) {
    free_stream(s);
    return;
  }
  s->is_lost = false;
  if (gc_loop_add(s->loop, s->easy) != GC_OK)
    report_curl(s, CURLE_OUT_OF_MEMORY);
}

/* libcurl has closed the connection between its handshake and this call. When
 * another transfer starts, it closes idle connections with unread bytes (8.14,
 * Curl_cpool_prune_dead), and the server's TLS tickets are such bytes. After
 * the first read or write the connection counts as busy. */
static void connect_again(struct gc_stream *s) {
  if (++s->losses > LOSSES_MAX) {
    struct gc_err err = {0};
    gc_curl_fail(s->url, GC_FAILURE_BROKEN, &err,
                 "closed as soon as it was open");
    report_closed(s, GC_FAILURE_BROKEN, &err);
    return;
  }
  s->is_lost = true;
  gc_loop_remove(s->loop, s->easy);
}

static void open_now(struct gc_stream *s) {
  curl_socket_t fd = CURL_SOCKET_BAD;
  curl_easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &fd);
  if (fd == CURL_SOCKET_BAD) {
    connect_again(s);
    return;
  }
  s->is_open = true;
  /* TLS may hold the peer's first bytes already, so the stream is read once
   * before any poll. */
  s->watch = (struct gc_watch){
      .fd = fd, .want_read = true, .again = true, .ready = on_ready, .ctx = s};
  gc_loop_watch(s->loop, &s->watch);
  s->events->open(s->events->ctx);
}

static void on_done(struct gc_curl_job *curl, int code) {
  struct gc_stream *s = (struct gc_stream *)curl;
  enter_callback(s);
  if (code == CURLE_OK)
    open_now(s);
  else
    report_curl(s, (CURLcode)code);
  leave_callback(s);
}

static enum gc_code prepare_easy(struct gc_stream *s, struct gc_err *err) {
  CURL *easy = s->easy;
  GC_TRY(gc_curl_set_options(easy, s->connect, s->url, err));
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &s->curl);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, s->words);
  curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
  /* A stream must not reuse a connection of the REST calls. */
  curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)READ_BYTES);
  if (curl_easy_setopt(easy, CURLOPT_URL, s->url) != CURLE_OK)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory for a stream");
  return GC_OK;
}

enum gc_code gc_stream_open(struct gc_loop *loop, const char *url,
                            const struct gc_connect *connect,
                            const struct gc_stream_events *events,
                            struct gc_stream **ret_stream, struct gc_err *err) {
  GC_TRY(gc_proxy_check(connect, err));
  struct gc_stream *s = gc_zalloc(1, sizeof(*s));
  s->easy = curl_easy_init();
  if (s->easy == NULL) {
    free(s);
    return gc_fail(err, GC_ERR_MEMORY, "out of memory for a stream");
  }
  s->curl.done = on_done;
  s->curl.gone = on_gone;
  s->loop = loop;
  s->connect = connect;
  s->events = events;
  s->url = gc_strdup(url);
  s->queue.max =
      2 * QUEUE_MAX_BYTES; /* includes bytes that were sent already */

  enum gc_code code = prepare_easy(s, err);
  if (code == GC_OK && gc_loop_add(loop, s->easy) != GC_OK)
    code = gc_fail(err, GC_ERR_MEMORY, "out of memory for a stream");
  if (code != GC_OK) {
    free_stream(s);
    return code;
  }
  *ret_stream = s;
  return GC_OK;
}

enum gc_code gc_stream_send(struct gc_stream *s, const void *bytes, size_t len,
                            struct gc_err *err) {
  if (s->is_closed)
    return gc_fail(err, GC_ERR_NETWORK, "the stream is closed");
  if (len > QUEUE_MAX_BYTES || unsent_bytes(s) > QUEUE_MAX_BYTES - len) {
    gc_curl_fail(s->url, GC_FAILURE_LIMIT, err,
                 "the other side does not read: %zu bytes wait for it",
                 unsent_bytes(s));
    return GC_ERR_LIMIT;
  }
  if (s->queue_at > QUEUE_MAX_BYTES / 2) {
    memmove(s->queue.data, s->queue.data + s->queue_at,
            s->queue.len - s->queue_at);
    s->queue.len -= s->queue_at;
    s->queue_at = 0;
  }
  if (gc_buf_add(&s->queue, bytes, len) != GC_OK)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory for a stream");
  /* Bytes that fail here stay in the queue and fail again when the socket is
   * ready; `closed` reports that failure, as it does all others. Inside a sink
   * libcurl refuses to send (CURLE_RECURSIVE_API_CALL); the next round
   * sends. */
  if (s->is_open)
    (void)flush_queue(s);
  return GC_OK;
}

void gc_stream_free(struct gc_stream *s) {
  if (s == NULL || s->is_freed)
    return;
  s->is_freed = true;
  if (s->busy == 0)
    hang_up(s);
}
