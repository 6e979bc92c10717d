/* SPDX-License-Identifier: MIT */
#include "common/net/redis/link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/decimal.h"
#include "common/net/api/secret.h"
#include "common/net/clock.h"
#include "common/net/http/curl_error.h"
#include "common/net/http/curl_options.h"
#include "common/net/timing.h"

enum {
  READ_BYTES = 16 * 1024, /* a record of TLS */
  /* For comparison: a command with 20,000 occurrences has 2 MB. */
  COMMAND_MAX_BYTES = 64 << 20,
};

struct redis_link {
  const struct redis_settings *settings;
  int stop_fd;
  CURLM *multi;
  CURL *easy;
  redisReader *reader;
  struct gc_buf out; /* commands, of which `sent` bytes are sent */
  size_t sent;
  char words[CURL_ERROR_SIZE];
};

GC_DEFINE_AUTO(struct redis_link, redis_link_close)

static uint32_t limit_ms(const struct redis_settings *s, uint32_t usual_ms) {
  return s->answer_ms != 0 ? s->answer_ms : usual_ms;
}

/* ---- the connection: libcurl makes it, with TLS ---- */

static enum gc_code describe_failure(const struct redis_link *l,
                                     const char *url,
                                     const struct gc_connect *connect,
                                     CURLcode code, struct gc_err *err) {
  const struct redis_url *u = &l->settings->url;
  long why = 0;
  (void)curl_easy_getinfo(l->easy, CURLINFO_OS_ERRNO, &why);
  switch (code) {
  case CURLE_ABORTED_BY_CALLBACK:
    return gc_fail(err, GC_ERR_STOPPED, "stopped before Redis was reached");
  case CURLE_OPERATION_TIMEDOUT:
    return gc_fail(err, GC_ERR_TIMEOUT, "%s: no connection in time", u->shown);
  case CURLE_COULDNT_RESOLVE_HOST:
    return gc_fail(err, GC_ERR_NETWORK, "%s: cannot resolve the name",
                   u->shown);
  case CURLE_COULDNT_CONNECT:
    return gc_fail(err, GC_ERR_NETWORK,
                   "cannot connect to %s: %s; is Redis running there?",
                   u->shown, why != 0 ? strerror((int)why) : "no connection");
  default:
    (void)gc_curl_explain(&(struct gc_curl_transfer){l->easy, code, l->words,
                                                     url, connect, false},
                          err);
    return err->code;
  }
}

/* Connects within the limit, even if the resolver hangs. A handle with
 * CURLOPT_CONNECT_ONLY keeps its connection for as long as it is in `multi`. */
static enum gc_code connect_link(struct redis_link *l, struct gc_err *err) {
  static char none[] = "none";
  const struct redis_settings *s = l->settings;
  const struct redis_url *u = &s->url;
  const uint32_t ms = limit_ms(s, GC_REDIS_CONNECT_MS);
  struct gc_connect connect = {
      .connect_timeout_ms = ms,
      .proxy = none,
      .address_option = s->use == REDIS_LEASE ? "LeaseURL" : "StateURL"};
  char url[REDIS_HOST_SIZE + 32] = "http://localhost/";
  if (s->tls != NULL) {
    connect.ca_cert = s->tls->ca_cert;
    connect.verify_peer = s->tls->verify_peer;
    connect.verify_host = s->tls->verify_host;
  }
  if (u->scheme != REDIS_UNIX)
    snprintf(url, sizeof(url), "http%s://%s%s%s:%u/",
             u->scheme == REDIS_TLS ? "s" : "",
             strchr(u->host, ':') != NULL ? "[" : "", u->host,
             strchr(u->host, ':') != NULL ? "]" : "", u->port);
  GC_TRY(gc_curl_set_options(l->easy, &connect, url, err));
  curl_easy_setopt(l->easy, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(l->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
  curl_easy_setopt(l->easy, CURLOPT_ERRORBUFFER, l->words);
  if (curl_easy_setopt(l->easy, CURLOPT_URL, url) != CURLE_OK ||
      (u->scheme == REDIS_UNIX &&
       curl_easy_setopt(l->easy, CURLOPT_UNIX_SOCKET_PATH, u->host) !=
           CURLE_OK) ||
      curl_multi_add_handle(l->multi, l->easy) != CURLM_OK)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  CURLcode code = gc_curl_connect(l->multi, l->stop_fd, ms);
  return code == CURLE_OK ? GC_OK
                          : describe_failure(l, url, &connect, code, err);
}

/* ---- the refusals of the server ---- */

#define SAME(advice) advice, advice
/* Errors of the server by their first words, each with its remedy for
 * REDIS_STATE and for REDIS_LEASE. */
static const struct {
  const char *word;
  enum gc_code code;
  const char *state_advice, *lease_advice;
} refusals[] = {
    {"WRONGPASS", GC_ERR_AUTH, "check StateUser and StatePasswordFile",
     "check LeaseUser and LeasePasswordFile"},
    {"NOAUTH", GC_ERR_AUTH, "it requires a password: set StatePasswordFile",
     "it requires a password: set LeasePasswordFile"},
    {"ERR AUTH", GC_ERR_AUTH,
     "it has no password: remove StatePasswordFile, or set requirepass",
     "it has no password: remove LeasePasswordFile, or set requirepass"},
    {"ERR invalid password", GC_ERR_AUTH, "check StatePasswordFile",
     "check LeasePasswordFile"},
    {"NOPERM", GC_ERR_PERMISSION,
     "the README lists the rights that the user of Redis needs",
     "docs/high-availability.md lists the rights that the user needs"},
    {"READONLY", GC_ERR_REMOTE, "StateURL must name the master, not a replica",
     "LeaseURL must name the master, not a replica"},
    {"FENCED", GC_ERR_STATE,
     SAME("another process has begun to count under this Host and block; each "
          "agent needs a Host of its own")},
    {"EMPTIED", GC_ERR_STATE,
     SAME("it has lost the owner of this identity, and is opened again: was it "
          "emptied, or did it crash without appendfsync always?")},
    {"MOVED", GC_ERR_REMOTE,
     "in a cluster StateURL must name the node that has the slot of "
     "{flowmetrics}",
     "LeaseURL must not name a Cluster"},
    {"LOADING", GC_ERR_REMOTE, SAME("it has just been started")},
    {"OOM", GC_ERR_REMOTE, SAME("its memory is full: raise maxmemory")},
    {"MISCONF", GC_ERR_REMOTE, SAME("it cannot write to its disk")},
    {"DENIED", GC_ERR_REMOTE, SAME("protected mode: it accepts loopback only")},
};
#undef SAME

/* Returns the length of the text up to the arguments, which the server repeats
 * for an unknown command, cut off anywhere. After AUTH they are a part of the
 * password, which could not be found and hidden. */
static int len_without_args(const char *words) {
  const char *args = strstr(words, "args");
  while (args != NULL && *args != ',')
    args = args > words ? args - 1 : NULL;
  return (int)(args != NULL ? (size_t)(args - words) : strlen(words));
}

enum gc_code redis_refused(const char *words, enum redis_use use,
                           struct gc_err *err) {
  int len = len_without_args(words);
  for (size_t i = 0; i < GC_COUNT(refusals); i++)
    if (strncasecmp(words, refusals[i].word, strlen(refusals[i].word)) == 0)
      return gc_fail(err, refusals[i].code, "Redis refuses: %.*s (%s)",
                     len < 120 ? len : 120, words,
                     use == REDIS_LEASE ? refusals[i].lease_advice
                                        : refusals[i].state_advice);
  return gc_fail(err, GC_ERR_REMOTE, "Redis refuses: %.*s",
                 len < 200 ? len : 200, words);
}

/* ---- commands and answers ---- */

enum gc_code redis_queue_command(struct redis_link *l, struct redis_words *w,
                                 struct gc_err *err) {
  GC_ASSERT(w->failed || w->count > 0);
  size_t before = l->out.len;
  bool failed =
      w->failed || gc_buf_print(&l->out, "*%zu\r\n", w->count) != GC_OK;
  if (!failed && gc_buf_add(&l->out, w->text.data, w->text.len) != GC_OK) {
    l->out.len = before;
    failed = true;
  }
  redis_words_reset(w);
  return failed ? gc_fail(err, GC_ERR_MEMORY, "out of memory") : GC_OK;
}

/* Waits until the socket can be read, or written while bytes wait, at most
 * until *until_ms (monotonic). When the process stops, *until_ms is lowered. */
static enum gc_code wait_for_socket(const struct redis_link *l,
                                    uint64_t *until_ms, struct gc_err *err) {
  curl_socket_t fd = CURL_SOCKET_BAD;
  (void)curl_easy_getinfo(l->easy, CURLINFO_ACTIVESOCKET, &fd);
  short events = (short)(l->out.len > 0 ? POLLIN | POLLOUT : POLLIN);
  bool is_stopping = false;
  for (;;) {
    uint64_t now_ms = gc_clock_now_ms();
    if (now_ms >= *until_ms && is_stopping)
      return gc_fail(err, GC_ERR_STOPPED, "stopped before Redis answered");
    if (now_ms >= *until_ms)
      return gc_fail(err, GC_ERR_TIMEOUT, "%s did not answer within %.3g s",
                     l->settings->url.shown,
                     limit_ms(l->settings, GC_REDIS_ANSWER_MS) / 1000.0);
    struct pollfd fds[] = {
        {.fd = fd, .events = events},
        {.fd = is_stopping ? -1 : l->stop_fd, .events = POLLIN}};
    int count = poll(fds, GC_COUNT(fds), (int)(*until_ms - now_ms));
    if (count > 0 && fds[0].revents != 0)
      return GC_OK;
    is_stopping |= count > 0 && fds[1].revents != 0;
    if (is_stopping && *until_ms > now_ms + GC_REDIS_STOP_MS)
      *until_ms = now_ms + GC_REDIS_STOP_MS;
  }
}

static enum gc_code fail_broken(const struct redis_link *l, CURLcode code,
                                struct gc_err *err) {
  return gc_fail(err, GC_ERR_NETWORK, "%s: %.100s", l->settings->url.shown,
                 l->words[0] != '\0' ? l->words : curl_easy_strerror(code));
}

/* Sends as much as the socket takes. The bytes stay in place until all of them
 * are sent, as OpenSSL needs them after a refused write. */
static enum gc_code send_bytes(struct redis_link *l, struct gc_err *err) {
  while (l->sent < l->out.len) {
    size_t len = 0;
    CURLcode code = curl_easy_send(l->easy, l->out.data + l->sent,
                                   l->out.len - l->sent, &len);
    l->sent += len;
    if (code == CURLE_AGAIN)
      return GC_OK;
    if (code != CURLE_OK)
      return fail_broken(l, code, err);
  }
  gc_buf_reset(&l->out);
  l->sent = 0;
  return GC_OK;
}

/* Reads what has come; *ret_has_read: something had. */
static enum gc_code read_bytes(struct redis_link *l, bool *ret_has_read,
                               struct gc_err *err) {
  char bytes[READ_BYTES];
  size_t len = 0;
  CURLcode code = curl_easy_recv(l->easy, bytes, sizeof(bytes), &len);
  *ret_has_read = code != CURLE_AGAIN;
  if (code == CURLE_AGAIN)
    return GC_OK;
  if (code != CURLE_OK)
    return fail_broken(l, code, err);
  if (len == 0)
    return gc_fail(err, GC_ERR_NETWORK, "%s closed the connection",
                   l->settings->url.shown);
  return redisReaderFeed(l->reader, bytes, len) == REDIS_OK
             ? GC_OK
             : gc_fail(err, GC_ERR_MEMORY, "out of memory");
}

enum gc_code redis_read_reply(struct redis_link *l, struct redisReply **ret,
                              struct gc_err *err) {
  uint64_t until_ms =
      gc_clock_now_ms() + limit_ms(l->settings, GC_REDIS_ANSWER_MS);
  for (;;) {
    void *reply = NULL;
    bool has_read;
    GC_TRY(send_bytes(l, err));
    if (l->out.len == 0 && redisReaderGetReply(l->reader, &reply) != REDIS_OK)
      return gc_fail(err, GC_ERR_PARSE,
                     "%s does not speak the Redis protocol: %.100s",
                     l->settings->url.shown, l->reader->errstr);
    if (reply != NULL) {
      *ret = reply;
      return GC_OK;
    }
    GC_TRY(read_bytes(l, &has_read, err));
    if (!has_read)
      GC_TRY(wait_for_socket(l, &until_ms, err));
  }
}

enum gc_code redis_request(struct redis_link *l, struct redis_words *w,
                           struct redisReply **ret, struct gc_err *err) {
  GC_TRY(redis_queue_command(l, w, err));
  GC_TRY(redis_read_reply(l, ret, err));
  GC_ASSERT(*ret != NULL);
  if ((*ret)->type != REDIS_REPLY_ERROR)
    return GC_OK;
  enum gc_code code = redis_refused((*ret)->str, l->settings->use, err);
  freeReplyObject(*ret);
  *ret = NULL;
  return code;
}

/* Sends a command whose answer is only OK. */
static enum gc_code run_command(struct redis_link *l, const char *const *words,
                                struct gc_err *err) {
  GC_AUTO(redis_words_clear) struct redis_words w = {.count = 0};
  redisReply *reply = NULL;
  for (; *words != NULL; words++)
    redis_word(&w, *words, strlen(*words));
  GC_TRY(redis_request(l, &w, &reply, err));
  freeReplyObject(reply);
  return GC_OK;
}

static enum gc_code log_in(struct redis_link *l, struct gc_err *err) {
  GC_AUTO(gc_buf_wipe) struct gc_buf password = {.max = GC_SECRET_MAX_BYTES};
  const struct gc_secret secret = {.file = l->settings->password_file,
                                   .what = "the password"};
  const char *user = l->settings->user;
  if (secret.file == NULL)
    return GC_OK;
  if (gc_secret_read(NULL, &secret, &password, err) != GC_OK)
    return gc_fail_in(err, GC_ERR_AUTH,
                      l->settings->use == REDIS_LEASE ? "LeasePasswordFile: "
                                                      : "StatePasswordFile: ");
  const char *const alone[] = {"AUTH", password.data, NULL};
  const char *const named[] = {"AUTH", user, password.data, NULL};
  enum gc_code code = run_command(l, user != NULL ? named : alone, err);
  gc_buf_wipe(&l->out);
  if (err != NULL)
    gc_text_hide(err->text, password.data);
  return code;
}

static enum gc_code prepare_link(struct redis_link *l, struct gc_err *err) {
  char db[16];
  const struct redis_settings *s = l->settings;
  GC_TRY(connect_link(l, err));
  GC_TRY(log_in(l, err));
  snprintf(db, sizeof(db), "%u", s->url.db);
  const char *const select[] = {"SELECT", db, NULL};
  return s->url.db != 0 ? run_command(l, select, err) : GC_OK;
}

enum gc_code redis_link_open(const struct redis_settings *s, int stop_fd,
                             struct redis_link **ret, struct gc_err *err) {
  GC_AUTO(redis_link_close_auto)
  struct redis_link *l = gc_zalloc(1, sizeof(*l));
  l->settings = s;
  l->stop_fd = stop_fd;
  l->out.max = SIZE_MAX / 2;
  if (gc_curl_start()) {
    l->multi = curl_multi_init();
    l->easy = curl_easy_init();
  }
  l->reader = redisReaderCreate();
  if (l->multi == NULL || l->easy == NULL || l->reader == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  GC_TRY(prepare_link(l, err));
  *ret = gc_steal(l);
  return GC_OK;
}

void redis_link_close(struct redis_link *l) {
  if (l == NULL)
    return;
  if (l->multi != NULL && l->easy != NULL)
    (void)curl_multi_remove_handle(l->multi, l->easy);
  curl_easy_cleanup(l->easy);
  (void)curl_multi_cleanup(l->multi);
  if (l->reader != NULL)
    redisReaderFree(l->reader);
  gc_buf_wipe(&l->out);
  free(l);
}

/* ---- the words of a command ---- */

void redis_word(struct redis_words *w, const void *bytes, size_t len) {
  char head[1 + GC_DECIMAL_SIZE] = "$";
  size_t head_len = 1 + gc_decimal_print_uint(len, head + 1);
  w->text.max = COMMAND_MAX_BYTES;
  w->failed = w->failed || gc_buf_add(&w->text, head, head_len) != GC_OK ||
              gc_buf_add(&w->text, "\r\n", 2) != GC_OK ||
              gc_buf_add(&w->text, bytes, len) != GC_OK ||
              gc_buf_add(&w->text, "\r\n", 2) != GC_OK;
  w->count++;
}

void redis_print(struct redis_words *w, const char *format, ...) {
  char text[2048];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  if (len < 0 || (size_t)len >= sizeof(text))
    w->failed = true;
  else
    redis_word(w, text, (size_t)len);
}

void redis_real(struct redis_words *w, double value) {
  char text[32];
  int len = snprintf(text, sizeof(text), "%.17g", value);
  char *comma = strchr(text, ',');
  if (comma != NULL)
    *comma = '.';
  redis_word(w, text, (size_t)len);
}

void redis_words_reset(struct redis_words *w) {
  gc_buf_reset(&w->text);
  w->count = 0;
  w->failed = false;
}

void redis_words_clear(struct redis_words *w) {
  gc_buf_wipe(&w->text); /* a word may have been a password */
  *w = (struct redis_words){.count = 0};
}

/* ---- rights ---- */

static void add_command(struct redis_words *w, const char *command,
                        const char *key) {
  for (size_t len; *command != '\0'; command += len + (command[len] == ' ')) {
    len = strcspn(command, " ");
    if (len == strlen("KEY") && strncmp(command, "KEY", len) == 0)
      redis_word(w, key, strlen(key));
    else
      redis_word(w, command, len);
  }
}

static enum gc_code send_command(struct redis_link *link, const char *command,
                                 const char *key, struct gc_err *err) {
  struct redis_words words = {.count = 0};
  struct redisReply *reply = NULL;
  add_command(&words, command, key);
  enum gc_code code = redis_request(link, &words, &reply, err);
  redis_words_clear(&words);
  freeReplyObject(reply);
  return code;
}

enum gc_code redis_try_rights(struct redis_link *link,
                              const struct redis_rights *rights,
                              bool *ret_tried, struct gc_err *err) {
  enum gc_code code = send_command(link, "MULTI", rights->key, err);
  *ret_tried = code == GC_OK;
  if (code == GC_ERR_PERMISSION) {
    *err = (struct gc_err){.code = GC_OK};
    return GC_OK;
  }
  for (const char *const *c = rights->commands; code == GC_OK && *c != NULL;
       c++)
    code = send_command(link, *c, rights->key, err);
  return code;
}
