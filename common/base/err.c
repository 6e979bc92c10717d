/* SPDX-License-Identifier: MIT */
#include "common/base/err.h"

#include <stdio.h>
#include <string.h>

enum { HIDE_MIN = 4 };

static const struct {
  const char *name, *words;
} codes[GC_CODE_COUNT] = {
#define XX(code, text) [GC_##code] = {#code, text},
    GC_CODE_MAP(XX)
#undef XX
};

/* The names are in parentheses, since the analyzer sees macros of these
 * names. */
enum gc_code(gc_fail)(struct gc_err *err, enum gc_code code, const char *format,
                      ...) {
  if (err == NULL)
    return code;

  va_list args;
  va_start(args, format);
  vsnprintf(err->text, sizeof(err->text), format, args);
  va_end(args);
  err->code = code;
  return code;
}

enum gc_code(gc_fail_in)(struct gc_err *err, enum gc_code code,
                         const char *format, ...) {
  if (err == NULL)
    return code;

  char old[sizeof(err->text)];
  memcpy(old, err->text, sizeof(old));

  va_list args;
  va_start(args, format);
  int used = vsnprintf(err->text, sizeof(err->text), format, args);
  va_end(args);
  if (used >= 0 && (size_t)used < sizeof(err->text))
    snprintf(err->text + used, sizeof(err->text) - (size_t)used, "%s", old);
  err->code = code;
  return code;
}

/* Returns how many bytes of the secret `text` begins with; 0 when it differs
 * from the secret. */
static size_t secret_at(const char *text, const char *secret) {
  size_t len = 0;
  while (secret[len] != '\0' && text[len] == secret[len])
    len++;
  bool is_whole = secret[len] == '\0', is_cut = text[len] == '\0';
  return len >= HIDE_MIN && (is_whole || is_cut) ? len : 0;
}

void gc_text_hide(char *text, const char *secret) {
  char *to = text;
  for (const char *from = text; *from != '\0';) {
    size_t len = secret_at(from, secret);
    if (len == 0) {
      *to++ = *from++;
      continue;
    }
    memcpy(to, "***", 3);
    to += 3;
    from += len;
  }
  *to = '\0';
}

const char *gc_code_name(enum gc_code code) {
  return (unsigned)code < GC_CODE_COUNT ? codes[code].name : "ERR_UNKNOWN";
}

const char *gc_code_words(enum gc_code code) {
  return (unsigned)code < GC_CODE_COUNT ? codes[code].words : "unknown error";
}

bool gc_code_is_shared(enum gc_code code) {
  switch (code) {
  case GC_ERR_AUTH:
  case GC_ERR_NETWORK:
  case GC_ERR_TLS:
  case GC_ERR_TIMEOUT:
  case GC_ERR_REMOTE:
  case GC_ERR_THROTTLED:
  case GC_ERR_UNAVAILABLE:
  case GC_ERR_STOPPED:
    return true;
  default:
    return false;
  }
}

void gc_err_add(struct gc_err *err, const char *format, ...) {
  size_t used = strlen(err->text);
  va_list args;
  va_start(args, format);
  (void)vsnprintf(err->text + used, sizeof(err->text) - used, format, args);
  va_end(args);
}
