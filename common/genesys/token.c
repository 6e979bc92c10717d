/* SPDX-License-Identifier: MIT */
#include "common/genesys/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/json/document.h"

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

/* ---- the scope of a JWT (RFC 7519) ---- */

static int base64url_digit(char c) {
  static const char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const char *at = c != '\0' ? strchr(digits, c) : NULL;
  return at != NULL ? (int)(at - digits) : -1;
}

/* Appends the bytes of a base64url text without padding. */
static enum gc_code decode_base64url(const char *text, size_t len,
                                     struct gc_buf *out) {
  uint32_t bits = 0;
  unsigned count = 0;
  for (size_t i = 0; i < len; i++) {
    int digit = base64url_digit(text[i]);
    if (digit < 0)
      return GC_ERR_PARSE;
    bits = bits << 6 | (uint32_t)digit;
    count += 6;
    if (count < 8)
      continue;
    count -= 8;
    char byte = (char)(bits >> count & 0xff);
    GC_TRY(gc_buf_add(out, &byte, 1));
  }
  return GC_OK;
}

/* Writes the blank-separated scopes of a claim, which is a text or a list. */
static enum gc_code write_scopes(struct json_object *claim,
                                 struct gc_buf *out) {
  const char *text = gc_document_text(claim, NULL);
  if (text != NULL)
    return gc_buf_text(out, text);
  for (size_t i = 0; i < gc_document_count(claim); i++) {
    text = gc_document_text(gc_document_element(claim, i), NULL);
    if (text != NULL)
      GC_TRY(gc_buf_print(out, "%s%s", out->len > 0 ? " " : "", text));
  }
  return GC_OK;
}

/* Returns the scope that a JWT states; NULL: it is no JWT, or states none. */
static char *scope_of_jwt(const char *bearer) {
  GC_AUTO(gc_buf_wipe) struct gc_buf text = {.max = BODY_MAX_BYTES};
  GC_AUTO(gc_buf_clear) struct gc_buf scope = {.max = BODY_MAX_BYTES};
  GC_AUTO(gc_document_clear) struct gc_document claims = {.root = NULL};
  const char *payload = strchr(bearer, '.');
  const char *end = payload != NULL ? strchr(payload + 1, '.') : NULL;
  if (end == NULL ||
      decode_base64url(payload + 1, (size_t)(end - payload - 1), &text) !=
          GC_OK ||
      gc_document_read(&claims, gc_buf_string(&text), text.len, BODY_MAX_BYTES,
                       NULL) != GC_OK)
    return NULL;
  struct json_object *claim = gc_document_member(claims.root, "scope");
  if (claim == NULL)
    claim = gc_document_member(claims.root, "scp");
  return claim != NULL && write_scopes(claim, &scope) == GC_OK
             ? gc_strdup(gc_buf_string(&scope))
             : NULL;
}

/* ---- answers ---- */

enum gc_code gc_token_parse(const char *body, size_t len,
                            struct gc_token *ret_token, struct gc_err *err) {
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  double life_s = GC_TOKEN_MIN_LIFE_S;

  GC_TRY(gc_document_read(&answer, body != NULL ? body : "", len,
                          BODY_MAX_BYTES, err));
  const char *bearer = gc_document_text(answer.root, "access_token");
  const char *scope = gc_document_text(answer.root, "scope");
  if (!is_bearer(bearer))
    return gc_fail(err, GC_ERR_PARSE,
                   "no usable access_token; is LoginURL the OAuth endpoint?");
  if (gc_document_number(answer.root, "expires_in", &life_s) && life_s < 1)
    return gc_fail(err, GC_ERR_PARSE, "expires_in is %.3g s", life_s);

  struct gc_token token = {.life_s = life_s < GC_TOKEN_MAX_LIFE_S
                                         ? (uint32_t)life_s
                                         : GC_TOKEN_MAX_LIFE_S};
  token.bearer = gc_strdup(bearer);
  token.scope = scope != NULL ? gc_strdup(scope) : scope_of_jwt(bearer);
  *ret_token = token;
  return GC_OK;
}

enum gc_token_refusal gc_token_refusal(const char *body, size_t len) {
  static const struct {
    const char *word;
    enum gc_token_refusal meaning;
  } rows[] = {
      {"invalid_client", GC_TOKEN_REFUSED},
      {"unauthorized_client", GC_TOKEN_REFUSED},
      {"unauthorized", GC_TOKEN_REFUSED},
      {"access_denied", GC_TOKEN_REFUSED},
      {"invalid_grant", GC_TOKEN_REFUSED},
      {"invalid_scope", GC_TOKEN_REFUSED},
      {"invalid_request", GC_TOKEN_REFUSED},
      {"unsupported_grant_type", GC_TOKEN_REFUSED},
      {"temporarily_unavailable", GC_TOKEN_LATER},
      {"server_error", GC_TOKEN_LATER},
      {"slow_down", GC_TOKEN_LATER},
  };
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  if (body == NULL ||
      gc_document_read(&answer, body, len, BODY_MAX_BYTES, NULL) != GC_OK ||
      is_bearer(gc_document_text(answer.root, "access_token")))
    return GC_TOKEN_NOT_REFUSED;
  const char *word = gc_document_text(answer.root, "error");
  for (size_t i = 0; word != NULL && i < GC_COUNT(rows); i++)
    if (strcmp(word, rows[i].word) == 0)
      return rows[i].meaning;
  return GC_TOKEN_NOT_REFUSED;
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
