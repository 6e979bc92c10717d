/* SPDX-License-Identifier: MIT */
#include "common/net/http/headers.h"

#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "common/base/span.h"
#include "common/genesys/token.h"

static bool ends_with(struct gc_span s, const char *end) {
  size_t len = strlen(end);
  return s.len >= len && strncasecmp(s.at + s.len - len, end, len) == 0;
}

static int64_t date_ms(const char *text) {
  time_t date = curl_getdate(text, NULL);
  return date > 0 ? (int64_t)date * 1000 : 0;
}

/* True for types such as "application/json;charset=utf-8" and
 * "application/problem+json". */
static bool is_json_type(struct gc_span s) {
  const char *semicolon = memchr(s.at, ';', s.len);
  if (semicolon != NULL)
    s = gc_span_trim(s.at, (size_t)(semicolon - s.at));
  return gc_span_is(s, "application/json") || ends_with(s, "+json");
}

static bool is_number(const char *text) {
  return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Reads seconds. A number beyond 32 bits becomes their maximum, 136 years. */
static uint32_t parse_seconds(const char *digits) {
  uint64_t value = 0;
  for (; *digits != '\0' && value <= UINT32_MAX; digits++)
    value = value * 10 + (uint64_t)(*digits - '0');
  return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

static void reset_headers(struct gc_reply_headers *h, struct gc_reply *reply) {
  *h = (struct gc_reply_headers){.bytes = h->bytes, .is_open = true};
  reply->date_ms = 0;
  reply->correlation[0] = '\0';
  reply->is_json = reply->closes_connection = false;
}

static void store_field(struct gc_reply_headers *h, struct gc_span name,
                        struct gc_span value, struct gc_reply *reply) {
  if (gc_span_is(name, "Retry-After"))
    gc_span_copy_printable(value, h->retry_after, sizeof(h->retry_after));
  if (gc_span_is(name, "Content-Encoding"))
    gc_span_copy_printable(value, h->encoding, sizeof(h->encoding));
  if (gc_span_is(name, GC_CORRELATION_HEADER))
    gc_span_copy_printable(value, reply->correlation,
                           sizeof(reply->correlation));
  if (gc_span_is(name, "Content-Type"))
    reply->is_json = is_json_type(value);
  if (gc_span_is(name, "Connection"))
    reply->closes_connection = gc_span_is(value, "close");
  if (gc_span_is(name, "Date")) {
    char text[64];
    gc_span_copy_printable(value, text, sizeof(text));
    reply->date_ms = date_ms(text);
  }
}

enum gc_code gc_reply_headers_read(struct gc_reply_headers *h, const char *line,
                                   size_t len, struct gc_reply *reply) {
  h->bytes += len;
  if (h->bytes > GC_HEADERS_MAX_BYTES)
    return GC_ERR_LIMIT;

  struct gc_span whole = gc_span_trim(line, len);
  if (whole.len == 0)
    h->is_open = false;
  if (whole.len >= 5 && strncmp(whole.at, "HTTP/", 5) == 0)
    reset_headers(h, reply);

  const char *colon = memchr(whole.at, ':', whole.len);
  if (colon == NULL)
    return GC_OK;
  size_t name_len = (size_t)(colon - whole.at);
  store_field(h, gc_span_trim(whole.at, name_len),
              gc_span_trim(colon + 1, whole.len - name_len - 1), reply);
  return GC_OK;
}

void gc_reply_headers_end(const struct gc_reply_headers *h, int64_t wall_ms,
                          struct gc_reply *reply) {
  reply->has_retry_after = false;
  reply->retry_after_s = 0;
  if (is_number(h->retry_after)) {
    reply->has_retry_after = true;
    reply->retry_after_s = parse_seconds(h->retry_after);
    return;
  }
  int64_t until_ms = date_ms(h->retry_after);
  if (until_ms == 0)
    return;
  int64_t now_ms = reply->date_ms != 0 ? reply->date_ms : wall_ms;
  int64_t wait_ms = until_ms > now_ms ? until_ms - now_ms : 0;
  reply->has_retry_after = true;
  reply->retry_after_s = wait_ms / 1000 < UINT32_MAX
                             ? (uint32_t)((wait_ms + 999) / 1000)
                             : UINT32_MAX;
}
