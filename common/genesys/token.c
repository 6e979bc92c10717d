/* SPDX-License-Identifier: MIT */
#include "common/genesys/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/json/document.h"
#include "common/base/strs.h"

enum { BODY_MAX_BYTES = 65536 };

/* True for the characters that an Authorization header may have (RFC 6750,
 * b64token and more): any other could inject a header. */
static bool is_bearer(const char *text) {
  if (text == NULL || text[0] == '\0')
    return false;
  for (; *text != '\0'; text++)
    if (*text <= ' ' || *text > '~')
      return false;
  return true;
}

enum gc_code gc_token_parse(const char *body, size_t len,
                            struct gc_token *ret_token, struct gc_err *err) {
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  int64_t life_s = GC_TOKEN_MIN_LIFE_S;

  GC_TRY(gc_document_read(&answer, body != NULL ? body : "", len,
                          BODY_MAX_BYTES, err));
  const char *bearer = gc_document_text(answer.root, "access_token");
  const char *scope = gc_document_text(answer.root, "scope");
  if (!is_bearer(bearer))
    return gc_fail(err, GC_ERR_PARSE,
                   "no usable access_token; is LoginURL the OAuth endpoint?");
  if (gc_document_int(answer.root, "expires_in", &life_s) && life_s < 1)
    return gc_fail(err, GC_ERR_PARSE, "expires_in is %lld s",
                   (long long)life_s);

  struct gc_token token = {.life_s = life_s < GC_TOKEN_MAX_LIFE_S
                                         ? (uint32_t)life_s
                                         : GC_TOKEN_MAX_LIFE_S};
  if (!gc_copy_text(&token.bearer, bearer) ||
      !gc_copy_text(&token.scope, scope)) {
    gc_token_clear(&token);
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  }
  *ret_token = token;
  return GC_OK;
}

void gc_token_clear(struct gc_token *t) {
  if (t->bearer != NULL)
    explicit_bzero(t->bearer, strlen(t->bearer));
  free(t->bearer);
  free(t->scope);
  *t = (struct gc_token){0};
}

uint64_t gc_token_renew_ms(uint32_t life_s, uint32_t margin_s) {
  uint64_t max_ms = (uint64_t)life_s * 1000 / 5;
  uint64_t margin_ms = (uint64_t)margin_s * 1000;
  return (uint64_t)life_s * 1000 - (margin_ms < max_ms ? margin_ms : max_ms);
}

/* True if the blank-separated list contains the word. */
static bool has_word(const char *list, const char *word, size_t len) {
  while (*list != '\0') {
    size_t n = strcspn(list, " ");
    if (n == len && memcmp(list, word, len) == 0)
      return true;
    list += n + strspn(list + n, " ");
  }
  return false;
}

bool gc_token_lacks(const struct gc_token *t, const char *wanted, char *out,
                    size_t size) {
  if (t->scope == NULL || wanted == NULL)
    return false;
  for (wanted += strspn(wanted, " "); *wanted != '\0';) {
    size_t n = strcspn(wanted, " ");
    if (!has_word(t->scope, wanted, n)) {
      snprintf(out, size, "%.*s", (int)n, wanted);
      return true;
    }
    wanted += n + strspn(wanted + n, " ");
  }
  return false;
}

/* Appends to the text in `out`, after `separator` unless `out` is empty. */
static void append_words(char *out, size_t size, const char *separator,
                         const char *words) {
  size_t used = strlen(out);
  if (words != NULL && used + 1 < size)
    snprintf(out + used, size - used, "%s%s", used > 0 ? separator : "", words);
}

/* Appends the first message of `errors` that differs from `shown`. */
static void append_nested(char *out, size_t size, struct json_object *errors,
                          const char *shown) {
  const char *first = NULL;
  size_t more = 0;
  for (size_t i = 0; i < gc_document_count(errors); i++) {
    const char *words =
        gc_document_text(gc_document_element(errors, i), "message");
    if (words == NULL || (shown != NULL && strcmp(words, shown) == 0))
      continue;
    if (first == NULL)
      first = words;
    else
      more++;
  }
  append_words(out, size, "; ", first);
  if (more > 0) {
    char rest[40];
    snprintf(rest, sizeof(rest), "and %zu more", more);
    append_words(out, size, "; ", rest);
  }
}

/* Reads a body that is no whole document. Takes its message if that stands
 * before the cut. */
static void read_cut_body(const char *body, size_t len, char *out,
                          size_t size) {
  if (len > BODY_MAX_BYTES)
    len = BODY_MAX_BYTES;
  if (gc_json_cut_text(body, len, "message", out, size))
    gc_replace_unprintable(out, '_');
}

void gc_error_words(const char *body, size_t len, char *out, size_t size) {
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  out[0] = '\0';
  if (body == NULL)
    return;
  if (gc_document_read(&answer, body, len, BODY_MAX_BYTES, NULL) != GC_OK) {
    read_cut_body(body, len, out, size);
    return;
  }

  const char *code = gc_document_text(answer.root, "error");
  const char *words = gc_document_text(answer.root, "error_description");
  if (words == NULL)
    words = gc_document_text(answer.root, "description");
  if (code == NULL) {
    code = gc_document_text(answer.root, "code");
    words = gc_document_text(answer.root, "message");
  }
  append_words(out, size, "", code);
  append_words(out, size, ": ", words);
  append_nested(out, size, gc_document_member(answer.root, "errors"), words);
  gc_replace_unprintable(out, '_');
}

void gc_error_context(const char *body, size_t len, char *out, size_t size) {
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  out[0] = '\0';
  if (body == NULL ||
      gc_document_read(&answer, body, len, BODY_MAX_BYTES, NULL) != GC_OK)
    return;
  append_words(out, size, "", gc_document_text(answer.root, "contextId"));
  gc_replace_unprintable(out, '_');
}

bool gc_error_is_page(const char *body, size_t len) {
  size_t at = 0;
  while (at < len && gc_is_space(body[at]))
    at++;
  return at < len && body[at] == '<';
}
