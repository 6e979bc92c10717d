/* SPDX-License-Identifier: MIT */
#include "probe/network/place.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/base/json/document.h"
#include "common/base/timestamp.h"
#include "common/health/entity.h"
#include "common/net/clock.h"
#include "common/net/http/inspect.h"
#include "probe/network/redis.h"

enum {
  CERT_DAYS_MIN = 14,    /* a renewal should have come by then */
  CLOCK_CLOSE_MS = 2000, /* the Date header has seconds */
  CLOCK_MAX_MS = 300000, /* AWS refuses signatures beyond it */
  DAY_MS = 86400000,
};

/* ---- reports of the account ---- */

static pthread_mutex_t notice_lock = PTHREAD_MUTEX_INITIALIZER;
static struct gc_err token_err; /* the newest outcome of a token request */
static gc_accounts_notice *log_notice;        /* the plugin's own; NULL: none */
static _Atomic bool is_checking;              /* rows show what fails */
static const struct probe_reporter *reporter; /* set before accounts start */

static struct probe_place account_place(const struct probe_reporter *r,
                                        const char *account) {
  struct probe_place p = {.reporter = r};
  snprintf(p.subject, sizeof(p.subject), "<Account \"%.250s\">", account);
  return p;
}

static bool has_row(const char *cause) {
  return is_checking &&
         (strcmp(cause, "token") == 0 || strcmp(cause, "api") == 0);
}

/* An outcome that costs no value is a row of the queues, and no warning. */
static void report_information(const char *account, const struct gc_err *err) {
  const struct probe_place p = account_place(reporter, account);
  probe_report(&p, PROBE_QUEUES, PROBE_OK, "%s", err->text);
}

static void keep_notice(const char *account, const char *cause,
                        const struct gc_err *err) {
  if (is_checking && reporter != NULL &&
      gc_health_is_information(cause, err->code)) {
    report_information(account, err);
    return;
  }
  if (!has_row(cause) && log_notice != NULL)
    log_notice(account, cause, err);
  if (strcmp(cause, "token") != 0)
    return;
  pthread_mutex_lock(&notice_lock);
  token_err = *err;
  pthread_mutex_unlock(&notice_lock);
}

/* Takes the newest outcome of a token request, without the words about the next
 * try, which a probe does not make. */
static void take_token_err(struct gc_err *ret) {
  static const char next_try[] = "; next try in ";
  pthread_mutex_lock(&notice_lock);
  *ret = token_err;
  token_err = (struct gc_err){.code = GC_OK};
  pthread_mutex_unlock(&notice_lock);
  char *at = strstr(ret->text, next_try);
  if (at == NULL)
    return;
  const char *end = at + strlen(next_try);
  end += strcspn(end, ";");
  memmove(at, end, strlen(end) + 1);
}

void probe_accounts_prepare(void) {
  is_checking = true;
  log_notice = gc_accounts_divert_notices(keep_notice);
  gc_accounts_keep_nothing();
}

void probe_accounts_finish(void) { is_checking = false; }

/* ---- the way to a server ---- */

static const enum probe_check check_of_step[GC_INSPECT_STEP_COUNT] = {
    [GC_INSPECT_DNS] = PROBE_DNS,
    [GC_INSPECT_TCP] = PROBE_TCP,
    [GC_INSPECT_TLS] = PROBE_TLS};

static void report_certificate(const struct probe_place *p,
                               const struct gc_connect *c, const char *host,
                               const struct gc_inspection *seen) {
  int64_t days = (seen->not_after_ms - gc_clock_wall_ms()) / DAY_MS;
  bool is_verified = c->verify_peer && c->verify_host;
  bool expires = seen->not_after_ms != 0 && days < CERT_DAYS_MIN;
  char left[64] = "";
  if (seen->not_after_ms != 0)
    snprintf(left, sizeof(left), "; %" PRId64 " days left", days);
  probe_report(p, PROBE_TLS, expires || !is_verified ? PROBE_WARNING : PROBE_OK,
               "%s%s: %s%s%s", host, seen->proxy, seen->chain, left,
               is_verified ? ""
                           : "; not verified: VerifyPeer or VerifyHost is "
                             "false");
}

static void report_step(const struct probe_place *p, const char *host,
                        const struct gc_inspection *seen,
                        enum gc_inspect_step step) {
  bool is_dns = step == GC_INSPECT_DNS;
  uint32_t begin_ms = is_dns ? 0 : seen->ms[step - 1];
  probe_report(
      p, check_of_step[step], PROBE_OK, "%s%s: %s%s in %u ms", host,
      seen->proxy, is_dns ? "is " : "connected to ", seen->address,
      (unsigned)(seen->ms[step] > begin_ms ? seen->ms[step] - begin_ms : 0));
}

/* Reports the steps of a connection to the server. True if it was made. */
static bool check_server(const struct probe_place *p,
                         const struct gc_connect *c, const char *url) {
  struct gc_inspection seen;
  char host[300];
  const char *begin = strstr(url, "://");
  begin = begin != NULL ? begin + 3 : url;
  snprintf(host, sizeof(host), "%.*s", (int)strcspn(begin, "/"), begin);
  gc_http_inspect(c, url, probe_left_ms(p, c->connect_timeout_ms + 1000),
                  &seen);
  bool is_tls = strncmp(url, "https:", 6) == 0;
  int last = is_tls ? GC_INSPECT_TLS : GC_INSPECT_TCP;
  for (int i = 0; i <= last && i < (int)seen.failed; i++)
    if (i == GC_INSPECT_TLS)
      report_certificate(p, c, host, &seen);
    else
      report_step(p, host, &seen, (enum gc_inspect_step)i);
  if (seen.failed == GC_INSPECT_STEP_COUNT)
    return true;
  /* Errors of the configuration do not name the proxy. */
  bool names_proxy = strstr(seen.err.text, seen.proxy) != NULL;
  probe_report(p, check_of_step[seen.failed], PROBE_FAILED, "%s%s",
               seen.err.text, names_proxy ? "" : seen.proxy);
  return false;
}

/* Returns the length of "https://host:443" in a URL. */
static size_t origin_len(const char *url) {
  const char *host = strstr(url, "://");
  host = host != NULL ? host + 3 : url;
  return (size_t)(host - url) + strcspn(host, "/");
}

static bool check_account_servers(const struct probe_place *p) {
  const char *token = gc_account_options(p->account)->token_url,
             *base = gc_account_options(p->account)->base_url;
  size_t len = origin_len(base);
  bool is_one = origin_len(token) == len && strncmp(token, base, len) == 0;
  bool is_reached =
      check_server(p, &gc_account_options(p->account)->connect, token);
  if (!is_one && probe_has_time(p, PROBE_DNS))
    is_reached &=
        check_server(p, &gc_account_options(p->account)->connect, base);
  return is_reached;
}

/* ---- token and organisation ---- */

static void add_scopes(const struct gc_document *d, char *out, size_t size) {
  struct json_object *scopes = gc_document_member(d->root, "authorizedScope");
  size_t len = (size_t)snprintf(out, size, "%s",
                                gc_document_count(scopes) > 0
                                    ? "; scopes:"
                                    : "; it names no scope: roles decide");
  for (size_t i = 0; i < gc_document_count(scopes) && len < size; i++) {
    const char *one = gc_document_text(gc_document_element(scopes, i), NULL);
    len +=
        (size_t)snprintf(out + len, size - len, " %s", one != NULL ? one : "?");
  }
}

struct token_read {
  const struct gc_account *account;
  struct gc_auth_stats stats;
};

static void read_token(void *ctx) {
  struct token_read *t = ctx;
  gc_auth_stats(gc_account_parts(t->account)->auth, &t->stats);
}

/* Returns the rest of the token's lifetime; 0 without a token. Asks the
 * account's thread, because gc_account_stats may be older than the token. */
static int64_t token_life_ms(struct gc_account *a) {
  struct token_read t = {.account = a};
  gc_loop_call(gc_account_parts(a)->loop, read_token, &t);
  return t.stats.life_ms;
}

static void report_token(const struct probe_place *p, int64_t life_ms,
                         const struct probe_answer *answer,
                         const struct gc_document *d) {
  struct gc_err err;
  char scopes[400] = "";
  take_token_err(&err);
  if (life_ms <= 0) {
    probe_report(p, PROBE_TOKEN, PROBE_FAILED, "%s",
                 err.code != GC_OK ? err.text : answer->err.text);
    return;
  }
  if (d->root != NULL)
    add_scopes(d, scopes, sizeof(scopes));
  probe_report(p, PROBE_TOKEN, err.code == GC_OK ? PROBE_OK : PROBE_FAILED,
               "valid for %" PRId64 " s%s%s%s", life_ms / 1000, scopes,
               err.code == GC_OK ? "" : "; ",
               err.code == GC_OK ? "" : err.text);
}

static void report_organisation(const struct probe_place *p,
                                const struct probe_answer *answer,
                                const struct gc_document *d) {
  struct json_object *o = gc_document_member(d->root, "organization");
  const char *name = gc_document_text(o, "name");
  const char *id = gc_document_text(o, "id");
  /* Gateways of the guide dialect have no such path. */
  if (answer->err.code == GC_ERR_NOT_FOUND)
    probe_report(p, PROBE_ORGANISATION, PROBE_OK,
                 "the server does not name its organisation (404)");
  else if (answer->err.code != GC_OK || name == NULL)
    probe_report(p, PROBE_ORGANISATION, PROBE_FAILED, "%s",
                 answer->err.code != GC_OK ? answer->err.text
                                           : "the answer has no organisation");
  else
    probe_report(p, PROBE_ORGANISATION, PROBE_OK, "%.200s%s%.60s%s", name,
                 id != NULL ? " (" : "", id != NULL ? id : "",
                 id != NULL ? ")" : "");
}

static void report_clock(const struct probe_place *p,
                         const struct probe_answer *answer) {
  /* The header has whole seconds, so the real time is half a second later on
   * average. */
  int64_t offset_ms = answer->wall_ms - (answer->date_ms + 500);
  int64_t off_ms = offset_ms < 0 ? -offset_ms : offset_ms;
  char words[80] = "this host and the server agree";
  char server[GC_TIMESTAMP_SIZE], host[GC_TIMESTAMP_SIZE];
  if (answer->date_ms == 0) {
    probe_report(p, PROBE_CLOCK, PROBE_WARNING, "the server sends no Date");
    return;
  }
  if (off_ms > CLOCK_CLOSE_MS)
    snprintf(words, sizeof(words), "this host is %" PRId64 " s %s the server",
             (off_ms + 500) / 1000, offset_ms < 0 ? "behind" : "ahead of");
  probe_report(p, PROBE_CLOCK,
               off_ms <= CLOCK_CLOSE_MS ? PROBE_OK
               : off_ms <= CLOCK_MAX_MS ? PROBE_WARNING
                                        : PROBE_FAILED,
               "%s: server %s, host %s", words,
               gc_timestamp_print(server, answer->date_ms),
               gc_timestamp_print(host, answer->wall_ms));
}

static bool check_token(const struct probe_place *p) {
  static const struct probe_request request = {.endpoint = GC_ENDPOINT_TOKEN};
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  GC_AUTO(probe_answer_clear) struct probe_answer answer = {.date_ms = 0};
  if (probe_call(p, &request, &answer) == GC_OK)
    answer.err.code = gc_document_read(&d, gc_buf_string(&answer.body),
                                       answer.body.len, 65536, &answer.err);
  int64_t life_ms = token_life_ms(p->account);
  report_token(p, life_ms, &answer, &d);
  if (life_ms <= 0)
    return false;
  report_organisation(p, &answer, &d);
  if (answer.err.code != GC_ERR_TIMEOUT && answer.err.code != GC_ERR_NETWORK)
    report_clock(p, &answer);
  return answer.err.code == GC_OK || answer.err.code == GC_ERR_NOT_FOUND;
}

struct gc_account *probe_account_check(const struct probe_reporter *r,
                                       const char *name) {
  struct gc_err err = {.code = GC_OK};
  struct probe_place p = account_place(r, name);
  reporter = r;
  if (!probe_has_time(&p, PROBE_DNS))
    return NULL;
  p.account = gc_account_get(name, &err);
  if (p.account == NULL) {
    probe_report(&p, PROBE_TOKEN, PROBE_FAILED, "%s", err.text);
    return NULL;
  }
  bool works = check_account_servers(&p) && probe_has_time(&p, PROBE_TOKEN) &&
               check_token(&p);
  probe_redis_check_lease(&p);
  if (works)
    return p.account;
  gc_account_put(p.account);
  return NULL;
}
