/* SPDX-License-Identifier: MIT */
#include "common/net/redis/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/net/api/secret.h"
#include "common/net/clock.h"
#include "common/net/thread.h"
#include "common/net/timing.h"
#include "gc_config.h"

#ifdef GC_HIREDIS_TLS
#include <hiredis/hiredis_ssl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#endif

struct redis_link {
  redisContext *context;
  const struct redis_settings *settings;
  int stop_fd;
};

static bool is_address(const char *host) {
  unsigned char address[sizeof(struct in6_addr)];
  return inet_pton(AF_INET, host, address) == 1 ||
         inet_pton(AF_INET6, host, address) == 1;
}

/* ---- connecting: within a time limit, even if the resolver hangs ---- */

/* Waits until `fd` has one of `events`, at most until *until_ms (monotonic).
 * When the process stops, *until_ms is lowered to `grace_ms` from now.
 * GC_ERR_TIMEOUT; GC_ERR_STOPPED after the grace. */
static enum gc_code wait_for_socket(int fd, short events, int stop_fd,
                                    uint32_t grace_ms, uint64_t *until_ms) {
  bool stopping = false;
  for (;;) {
    uint64_t now = gc_clock_now_ms();
    if (now >= *until_ms)
      return stopping ? GC_ERR_STOPPED : GC_ERR_TIMEOUT;
    struct pollfd fds[] = {{.fd = fd, .events = events},
                           {.fd = stopping ? -1 : stop_fd, .events = POLLIN}};
    int n = poll(fds, GC_COUNT(fds), (int)(*until_ms - now));
    if (n > 0 && fds[0].revents != 0)
      return GC_OK;
    if (n > 0 && fds[1].revents != 0) {
      stopping = true;
      if (*until_ms > now + grace_ms)
        *until_ms = now + grace_ms;
    }
  }
}

/* ---- look-up of a name, in a thread that may be left behind ---- */

enum { LOOKUPS_MAX = 4 }; /* threads, including those that hang */
static _Atomic unsigned lookups;

struct lookup {
  pthread_mutex_t lock;
  unsigned users; /* references: the caller's and the thread's */
  int done_fd;
  char host[REDIS_HOST_SIZE], port[8];
  int code;
  struct addrinfo *found;
};

static void lookup_put(struct lookup *l) {
  pthread_mutex_lock(&l->lock);
  bool last = --l->users == 0;
  pthread_mutex_unlock(&l->lock);
  if (!last)
    return;
  if (l->found != NULL)
    freeaddrinfo(l->found);
  close(l->done_fd);
  pthread_mutex_destroy(&l->lock);
  free(l);
}

static void *lookup_thread(void *arg) {
  struct lookup *l = arg;
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_NUMERICSERV};
  struct addrinfo *found = NULL;
  int code = getaddrinfo(l->host, l->port, &hints, &found);
  pthread_mutex_lock(&l->lock);
  l->code = code;
  l->found = code == 0 ? found : NULL;
  pthread_mutex_unlock(&l->lock);
  (void)!eventfd_write(l->done_fd, 1);
  lookup_put(l);
  lookups--;
  return NULL;
}

static struct lookup *lookup_new(const struct redis_url *url) {
  struct lookup *l = gc_zalloc(1, sizeof(*l));
  l->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (l->done_fd < 0) {
    free(l);
    return NULL;
  }
  pthread_mutex_init(&l->lock, NULL);
  l->users = 1;
  snprintf(l->host, sizeof(l->host), "%s", url->host);
  snprintf(l->port, sizeof(l->port), "%u", url->port);
  return l;
}

static bool lookup_start(struct lookup *l) {
  l->users++;
  lookups++;
  bool started = gc_thread_start_detached(0, lookup_thread, l) == 0;
  if (!started) {
    l->users--;
    lookups--;
  }
  return started;
}

/* True if the host is an address, which needs no look-up. */
static bool parse_address(struct lookup *l) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
  return is_address(l->host) &&
         getaddrinfo(l->host, l->port, &hints, &l->found) == 0;
}

static enum gc_code resolve_host(struct lookup *l, const struct redis_url *url,
                                 int stop_fd, uint64_t until_ms,
                                 struct gc_err *err) {
  if (parse_address(l))
    return GC_OK;
  l->found = NULL;
  if (lookups >= LOOKUPS_MAX)
    return gc_fail(err, GC_ERR_TIMEOUT,
                   "%s: the resolver hangs: earlier look-ups have not ended",
                   url->shown);
  if (!lookup_start(l))
    return gc_fail(err, GC_ERR_MEMORY, "cannot start a thread for the look-up");
  enum gc_code code =
      wait_for_socket(l->done_fd, POLLIN, stop_fd, 0, &until_ms);
  if (code != GC_OK)
    return gc_fail(err, code, "%s: the name was not resolved in time",
                   url->shown);
  pthread_mutex_lock(&l->lock);
  int why = l->code;
  pthread_mutex_unlock(&l->lock);
  if (why != 0)
    return gc_fail(err, GC_ERR_NETWORK, "%s: cannot resolve the name: %s",
                   url->shown, gai_strerror(why));
  return GC_OK;
}

/* ---- the connection ---- */

static enum gc_code try_address(const struct sockaddr *at, socklen_t len,
                                int stop_fd, uint64_t until_ms, int *ret_fd,
                                int *ret_errno) {
  const int on = 1;
  int failed = 0;
  socklen_t size = sizeof(failed);
  int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    *ret_errno = errno;
    return GC_ERR_NETWORK;
  }
  enum gc_code code = GC_OK;
  if (connect(fd, at, len) != 0) {
    failed = errno;
    if (failed == EINPROGRESS) {
      code = wait_for_socket(fd, POLLOUT, stop_fd, 0, &until_ms);
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size);
    }
  }
  if (code == GC_OK && failed == 0) {
    if (at->sa_family != AF_UNIX) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    *ret_fd = fd;
    return GC_OK;
  }
  close(fd);
  *ret_errno = failed;
  return code != GC_OK ? code : GC_ERR_NETWORK;
}

static enum gc_code describe_failure(const struct redis_url *url,
                                     enum gc_code code, int why,
                                     struct gc_err *err) {
  if (code == GC_ERR_TIMEOUT)
    return gc_fail(err, code, "%s: no connection in time", url->shown);
  return gc_fail(err, code, "cannot connect to %s: %s; is Redis running there?",
                 url->shown, strerror(why));
}

static enum gc_code connect_socket(const struct redis_url *url, int stop_fd,
                                   uint64_t until_ms, int *ret_fd,
                                   struct gc_err *err) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  int why = 0;
  snprintf(at.sun_path, sizeof(at.sun_path), "%.*s",
           (int)sizeof(at.sun_path) - 1, url->host);
  enum gc_code code = try_address((const struct sockaddr *)&at, sizeof(at),
                                  stop_fd, until_ms, ret_fd, &why);
  return code == GC_OK ? GC_OK : describe_failure(url, code, why, err);
}

/* Tries one address after the other. Each address gets an equal share of the
 * time that is left, so that an address that never answers (a dead IPv6 route)
 * leaves time for the others. */
static enum gc_code try_all(const struct addrinfo *first, int stop_fd,
                            uint64_t until_ms, int *ret_fd, int *ret_errno) {
  enum gc_code code = GC_ERR_NETWORK;
  unsigned left = 0;
  for (const struct addrinfo *a = first; a != NULL; a = a->ai_next)
    left++;
  for (const struct addrinfo *a = first; a != NULL; a = a->ai_next, left--) {
    uint64_t now_ms = gc_clock_now_ms();
    uint64_t rest_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    code = try_address(a->ai_addr, a->ai_addrlen, stop_fd,
                       now_ms + rest_ms / left, ret_fd, ret_errno);
    if (code != GC_ERR_NETWORK && code != GC_ERR_TIMEOUT)
      break;
  }
  return code;
}

/* Returns a connected, non-blocking socket that the caller closes. A look-up
 * that hangs is left behind and ends when the resolver gives up. */
static enum gc_code connect_to(const struct redis_url *url, int stop_fd,
                               uint32_t timeout_ms, int *ret_fd,
                               struct gc_err *err) {
  uint64_t until_ms = gc_clock_now_ms() + timeout_ms;
  int why = 0;
  if (url->scheme == REDIS_UNIX)
    return connect_socket(url, stop_fd, until_ms, ret_fd, err);

  struct lookup *l = lookup_new(url);
  if (l == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  enum gc_code code = resolve_host(l, url, stop_fd, until_ms, err);
  if (code == GC_OK) {
    code = try_all(l->found, stop_fd, until_ms, ret_fd, &why);
    if (code != GC_OK)
      (void)describe_failure(url, code, why, err);
  }
  lookup_put(l);
  return code;
}

/* ---- TLS, if hiredis supports it ---- */

#ifdef GC_HIREDIS_TLS

bool redis_has_tls(void) { return true; }

static bool load_authorities(SSL_CTX *context, const char *place) {
  struct stat what;
  if (place == NULL)
    return SSL_CTX_set_default_verify_paths(context) == 1;
  bool is_folder = stat(place, &what) == 0 && S_ISDIR(what.st_mode);
  return SSL_CTX_load_verify_locations(context, is_folder ? NULL : place,
                                       is_folder ? place : NULL) == 1;
}

/* Requires the certificate to name `host`; a certificate holds host names and
 * addresses in different fields. */
static bool require_host(SSL *ssl, const char *host) {
  if (is_address(host))
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
  return SSL_set1_host(ssl, host) == 1;
}

static SSL *ssl_new(const struct redis_settings *s, struct gc_err *err) {
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  SSL *ssl = NULL;
  if (context == NULL || !load_authorities(context, s->tls->ca_cert))
    (void)gc_fail(err, GC_ERR_TLS, "cannot read the certificates of CACert %s",
                  s->tls->ca_cert != NULL ? s->tls->ca_cert : "(the system's)");
  else if ((ssl = SSL_new(context)) == NULL)
    (void)gc_fail(err, GC_ERR_MEMORY, "out of memory");
  SSL_CTX_free(context); /* the connection keeps a reference */
  if (ssl == NULL)
    return NULL;
  SSL_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_set_verify(ssl, s->tls->verify_peer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                 NULL);
  bool good = SSL_set_tlsext_host_name(ssl, s->url.host) == 1;
  if (good && s->tls->verify_host)
    good = require_host(ssl, s->url.host);
  if (good)
    return ssl;
  SSL_free(ssl);
  (void)gc_fail(err, GC_ERR_TLS, "%s: TLS cannot be set up", s->url.shown);
  return NULL;
}

/* Starts TLS on a connection. The handshake ends during the first command,
 * which fails if the certificate is bad. GC_ERR_TLS, GC_ERR_MEMORY;
 * GC_ERR_CONFIG: this build has no TLS. */
static enum gc_code start_tls(struct redisContext *c,
                              const struct redis_settings *s,
                              struct gc_err *err) {
  struct gc_err why = {.code = GC_ERR_TLS};
  SSL *ssl = ssl_new(s, &why);
  if (ssl == NULL)
    return gc_fail(err, why.code, "%s", why.text);
  if (redisInitiateSSL(c, ssl) == REDIS_OK)
    return GC_OK;
  SSL_free(ssl);
  return gc_fail(err, GC_ERR_TLS, "%s: %.100s", s->url.shown, c->errstr);
}

#else

bool redis_has_tls(void) { return false; }

static enum gc_code start_tls(struct redisContext *c,
                              const struct redis_settings *s,
                              struct gc_err *err) {
  (void)c;
  return gc_fail(err, GC_ERR_CONFIG, "%s: hiredis of this build has no TLS",
                 s->url.shown);
}

#endif

GC_DEFINE_AUTO(struct redis_link, redis_link_close)

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

static enum gc_code describe_broken(const struct redis_link *l,
                                    struct gc_err *err) {
  const char *shown = l->settings->url.shown;
  const char *why = l->context->errstr;
  if (l->context->err == REDIS_ERR_EOF)
    return gc_fail(err, GC_ERR_NETWORK, "%s closed the connection", shown);
  if (l->context->err == REDIS_ERR_PROTOCOL)
    return gc_fail(err, GC_ERR_PARSE,
                   "%s does not speak the Redis protocol: %.100s", shown, why);
  return gc_fail(err, GC_ERR_NETWORK, "%s: %.100s", shown,
                 *why != '\0' ? why : "connection lost");
}

enum gc_code redis_queue_command(struct redis_link *l, struct redis_words *w,
                                 struct gc_err *err) {
  const char *text = w->text.data;
  GC_ASSERT(w->failed || w->count > 0);
  bool failed = w->failed;
  for (size_t i = 0; i < w->count && !failed; i++) {
    w->at[i] = text;
    text += w->lens[i];
  }
  failed = failed || redisAppendCommandArgv(l->context, (int)w->count, w->at,
                                            w->lens) != REDIS_OK;
  redis_words_reset(w);
  return failed ? gc_fail(err, GC_ERR_MEMORY, "out of memory") : GC_OK;
}

static uint32_t limit_ms(const struct redis_settings *s, uint32_t usual_ms) {
  return s->answer_ms != 0 ? s->answer_ms : usual_ms;
}

static enum gc_code describe_wait(const struct redis_link *l, enum gc_code code,
                                  struct gc_err *err) {
  if (code == GC_ERR_STOPPED)
    return gc_fail(err, code, "stopped before Redis answered");
  return gc_fail(err, code, "%s did not answer within %.3g s",
                 l->settings->url.shown,
                 limit_ms(l->settings, GC_REDIS_ANSWER_MS) / 1000.0);
}

/* Waits with poll, which sees all bytes also with TLS: hiredis reads with room
 * for a whole record, and OpenSSL reads one record at a time. */
enum gc_code redis_read_reply(struct redis_link *l, struct redisReply **ret,
                              struct gc_err *err) {
  uint64_t until_ms =
      gc_clock_now_ms() + limit_ms(l->settings, GC_REDIS_ANSWER_MS);
  redisContext *c = l->context;
  int sent = 0;
  for (;;) {
    void *reply = NULL;
    if (redisGetReplyFromReader(c, &reply) != REDIS_OK)
      return describe_broken(l, err);
    if (reply != NULL) {
      *ret = reply;
      return GC_OK;
    }
    if (!sent && redisBufferWrite(c, &sent) != REDIS_OK)
      return describe_broken(l, err);
    short events = (short)(sent ? POLLIN : POLLIN | POLLOUT);
    enum gc_code code =
        wait_for_socket(c->fd, events, l->stop_fd, GC_REDIS_STOP_MS, &until_ms);
    if (code != GC_OK)
      return describe_wait(l, code, err);
    if (redisBufferRead(c) != REDIS_OK)
      return describe_broken(l, err);
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
  if (err != NULL)
    gc_text_hide(err->text, password.data);
  return code;
}

static enum gc_code prepare_link(struct redis_link *l, struct gc_err *err) {
  char db[16];
  const struct redis_settings *s = l->settings;
  if (s->url.scheme == REDIS_TLS)
    GC_TRY(start_tls(l->context, s, err));
  GC_TRY(log_in(l, err));
  snprintf(db, sizeof(db), "%u", s->url.db);
  const char *const select[] = {"SELECT", db, NULL};
  return s->url.db != 0 ? run_command(l, select, err) : GC_OK;
}

enum gc_code redis_link_open(const struct redis_settings *s, int stop_fd,
                             struct redis_link **ret, struct gc_err *err) {
  GC_AUTO(redis_link_close_auto)
  struct redis_link *l = gc_zalloc(1, sizeof(*l));
  int fd = -1;
  l->settings = s;
  l->stop_fd = stop_fd;
  GC_TRY(
      connect_to(&s->url, stop_fd, limit_ms(s, GC_REDIS_CONNECT_MS), &fd, err));
  l->context = redisConnectFd(fd);
  if (l->context == NULL) {
    close(fd);
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  }
  l->context->flags &= ~REDIS_BLOCK;
  GC_TRY(prepare_link(l, err));
  *ret = gc_steal(l);
  return GC_OK;
}

void redis_link_close(struct redis_link *l) {
  if (l == NULL)
    return;
  if (l->context != NULL)
    redisFree(l->context);
  free(l);
}

/* ---- the words of a command ---- */

/* For comparison: a command with 20,000 occurrences has 2 MB. */
enum { TEXT_MAX_BYTES = 64 << 20, WORDS_FIRST = 64 };

static bool reserve_word(struct redis_words *w) {
  if (w->count < w->cap)
    return true;
  size_t cap = w->cap == 0 ? WORDS_FIRST : w->cap * 2;
  size_t *lens = realloc(w->lens, cap * sizeof(*lens));
  if (lens != NULL)
    w->lens = lens;
  const char **at = realloc(w->at, cap * sizeof(*at));
  if (at != NULL)
    w->at = at;
  if (lens == NULL || at == NULL)
    return false;
  w->cap = cap;
  return true;
}

void redis_word(struct redis_words *w, const void *bytes, size_t len) {
  w->text.max = TEXT_MAX_BYTES;
  if (w->failed || !reserve_word(w) ||
      gc_buf_add(&w->text, bytes, len) != GC_OK)
    w->failed = true;
  else
    w->lens[w->count++] = len;
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
  free(w->lens);
  free(w->at);
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
