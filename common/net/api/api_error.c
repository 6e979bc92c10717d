/* SPDX-License-Identifier: MIT */
#include "common/net/api/api_error.h"

#include <stdio.h>
#include <string.h>

#include "common/genesys/token.h"
#include "common/net/api/answer.h"

/* Shares of the 400 bytes of a message, so that the correlation id fits too. */
enum { WORDS_BYTES = 120, CORRELATION_BYTES = 64, SECRET_MAX_BYTES = 65536 };

static const char scope_hint[] =
    "give it to the OAuth client and, if scopes are asked for, to Scope of the "
    "<Account>";

static const char page_hint[] =
    "a proxy, firewall or CDN answered with a page, not the API; check BaseURL "
    "and Proxy";

void gc_api_correlation(const struct gc_reply *reply, char *out, size_t size) {
  if (reply->correlation[0] != '\0')
    snprintf(out, size, "%s", reply->correlation);
  else
    gc_error_context(reply->body.data, reply->body.len, out, size);
  if (out[0] == '\0')
    snprintf(out, size, "none");
}

static void describe_failure(const struct gc_endpoint *e,
                             const struct gc_reply *reply,
                             const struct gc_retry_decision *decision,
                             const struct gc_err *below, struct gc_err *err) {
  enum gc_code code =
      reply->failure == GC_FAILURE_SINK ? below->code : decision->code;
  (void)gc_fail(err, code, "%s: %s%s%s", e->function, below->text,
                reply->correlation[0] != '\0' ? "; correlation id " : "",
                reply->correlation);
}

static void describe_status(const struct gc_endpoint *e,
                            const struct gc_reply *reply,
                            const struct gc_retry_decision *decision,
                            struct gc_err *err) {
  char words[WORDS_BYTES], correlation[CORRELATION_BYTES];
  gc_error_words(reply->body.data, reply->body.len, words, sizeof(words));
  gc_api_correlation(reply, correlation, sizeof(correlation));
  bool is_page = gc_error_is_page(reply->body.data, reply->body.len);
  bool lacks = decision->code == GC_ERR_PERMISSION && !is_page &&
               e->permission[0] != '\0';
  bool is_scope = lacks && strncmp(e->permission, "scope ", 6) == 0;
  const char *hint = is_scope  ? scope_hint
                     : is_page ? page_hint
                               : gc_api_advice(reply);
  (void)gc_fail(err, decision->code,
                "%s: the API answered %d%s%s%s%s%s%s%s; correlation id %s",
                e->function, reply->status, words[0] != '\0' ? " " : "", words,
                lacks ? "; needs the " : "",
                lacks && !is_scope ? "permission " : "",
                lacks ? e->permission : "", hint[0] != '\0' ? "; " : "", hint,
                correlation);
}

/* Hides the id of "/ID/subscriptions", which is a secret: the server's words
 * may repeat the path. */
static void hide_path_secret(const char *path_tail, struct gc_err *err) {
  const char *tail = path_tail != NULL ? path_tail : "";
  GC_AUTO(gc_buf_wipe) struct gc_buf id = {.max = SECRET_MAX_BYTES};
  tail += tail[0] == '/';
  if (gc_buf_print(&id, "%.*s", (int)strcspn(tail, "/"), tail) == GC_OK)
    gc_text_hide(err->text, gc_buf_string(&id));
  else
    err->text[0] = '\0';
}

void gc_api_describe(const struct gc_endpoint *endpoint, const char *path_tail,
                     const struct gc_reply *reply,
                     const struct gc_retry_decision *decision,
                     const struct gc_err *below, struct gc_err *err) {
  if (reply->failure != GC_FAILURE_NONE)
    describe_failure(endpoint, reply, decision, below, err);
  else
    describe_status(endpoint, reply, decision, err);
  hide_path_secret(path_tail, err);
}

void gc_api_describe_throttle(const struct gc_endpoint *endpoint,
                              const struct gc_reply *reply,
                              enum gc_throttled what, uint64_t wait_ms,
                              struct gc_err *err) {
  double wait_s = (double)wait_ms / 1000.0;
  char correlation[CORRELATION_BYTES];
  gc_api_correlation(reply, correlation, sizeof(correlation));
  if (what == GC_THROTTLED_ACCOUNT)
    (void)gc_fail(err, GC_ERR_THROTTLED,
                  "%s: the API answered 429: no request of this account for "
                  "%.1f s; something else uses the same OAuth client, or "
                  "RequestsPerMinute is above its limit; correlation id %s",
                  endpoint->function, wait_s, correlation);
  else if (what == GC_THROTTLED_FUNCTION)
    (void)gc_fail(err, GC_ERR_THROTTLED,
                  "%s: the API answered 429 without Retry-After: this function "
                  "waits for %.1f s, the others go on; correlation id %s",
                  endpoint->function, wait_s, correlation);
  else
    (void)gc_fail(err, GC_ERR_THROTTLED,
                  "%s: the API answered 429 and asks to wait %.0f s: only this "
                  "function is suspended; correlation id %s",
                  endpoint->function, wait_s, correlation);
}

enum gc_code gc_api_fail_answer(const struct gc_endpoint *endpoint,
                                enum gc_code code, struct gc_err *err) {
  return gc_fail_in(err, code, "%s: ", endpoint->function);
}
