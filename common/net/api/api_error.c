/* SPDX-License-Identifier: MIT */
#include "common/net/api/api_error.h"

#include <string.h>

#include "common/genesys/token.h"

/* Of a text of 400 bytes, so that the correlation id fits. */
enum { WORDS_BYTES = 120 };

static const char scope_hint[] =
    "give it to the OAuth client and, if scopes are asked for, to Scope of the "
    "<Account>";

static const char *correlation(const struct gc_reply *reply) {
  return reply->correlation[0] != '\0' ? reply->correlation : "none";
}

void gc_api_describe(const struct gc_endpoint *e, const struct gc_reply *reply,
                     const struct gc_retry_decision *v,
                     const struct gc_err *below, struct gc_err *err) {
  if (reply->failure != GC_FAILURE_NONE) {
    enum gc_code code =
        reply->failure == GC_FAILURE_SINK ? below->code : v->code;
    (void)gc_fail(err, code, "%s: %s%s%s", e->function, below->text,
                  reply->correlation[0] != '\0' ? "; correlation id " : "",
                  reply->correlation);
    return;
  }

  char words[WORDS_BYTES];
  gc_error_words(reply->body.data, reply->body.len, words, sizeof(words));
  bool lacks = v->code == GC_ERR_PERMISSION && e->permission[0] != '\0';
  bool by_scope = lacks && strncmp(e->permission, "scope ", 6) == 0;
  const char *hint = by_scope ? scope_hint : v->hint;
  (void)gc_fail(
      err, v->code, "%s: the API answered %d%s%s%s%s%s%s%s; correlation id %s",
      e->function, reply->status, words[0] != '\0' ? " " : "", words,
      lacks ? "; needs the " : "", lacks && !by_scope ? "permission " : "",
      lacks ? e->permission : "", hint[0] != '\0' ? "; " : "", hint,
      correlation(reply));
}

void gc_api_describe_throttle(const struct gc_endpoint *e,
                              const struct gc_reply *reply, bool whole_account,
                              uint64_t wait_ms, struct gc_err *err) {
  if (whole_account)
    (void)gc_fail(err, GC_ERR_THROTTLED,
                  "%s: the API answered 429: no request of this account for "
                  "%.1f s; something else uses the same OAuth client, or "
                  "RequestsPerMinute is above its limit; correlation id %s",
                  e->function, (double)wait_ms / 1000.0, correlation(reply));
  else
    (void)gc_fail(err, GC_ERR_THROTTLED,
                  "%s: the API answered 429 and asks to wait %.0f s: this "
                  "function rests, the others go on; correlation id %s",
                  e->function, (double)wait_ms / 1000.0, correlation(reply));
}
