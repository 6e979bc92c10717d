/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "plugins/genesys_flowmetrics/events/text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/base/ascii.h"
#include "common/base/json/stream.h"
#include "common/base/uuid.h"

const char *text_skip_space(const char *p, const char *end) {
  while (p < end && gc_is_space(*p))
    p++;
  return p;
}

const char *text_begin(const char *p, const char *end) {
  static const char mark[] = "\xef\xbb\xbf";
  if (end - p >= 3 && memcmp(p, mark, 3) == 0)
    p += 3;
  return text_skip_space(p, end);
}

size_t text_document_len(const char *p, const char *end) {
  if (p == end || (*p != '{' && *p != '['))
    return 0;
  const char *after = gc_json_container_end(p, end);
  return (size_t)((after != NULL ? after : end) - p);
}

bool text_may_be_document(const char *text, size_t len) {
  const char *p = text_skip_space(text, text + len);
  return p < text + len && (*p == '{' || *p == '[');
}

/* Returns true if `p` begins as the base64 of a text with "{" or "[" as its
 * first byte. The first letter has 6 bits of that byte. The second letter has
 * the other two bits of that byte, which are 1, and four bits of the second
 * byte. */
static bool begins_base64(const char *p) {
  static const char seconds[] = "wxyz0123456789+/";
  return (p[0] == 'e' || p[0] == 'W') && p[1] != '\0' &&
         strchr(seconds, p[1]) != NULL;
}

bool text_is_base64(const char *text, size_t len) {
  return len >= 4 && len % 4 == 0 && begins_base64(text);
}

/* Returns true when a body may have a text that begins as base64 does in a
 * member "data". Never false for a body that has one, also where the body is a
 * string in another, unless an escape \u hides it. */
static bool may_hide_base64(const char *bytes, size_t len) {
  const char *p = bytes, *end = bytes + len;
  if (memmem(bytes, len, "\"data", 5) == NULL)
    return false;
  while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
    if (end - p > 2 && begins_base64(p + 1))
      return true;
    p++;
  }
  return false;
}

bool text_decode_base64(const char *text, size_t len, struct gc_buf *out) {
  size_t padding = 0;
  unsigned char *bytes = len < INT_MAX ? malloc(len + 1) : NULL;
  int got = bytes != NULL
                ? EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)len)
                : -1;
  while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
    padding++;
  bool good = got >= (int)padding && gc_buf_add(out, (const char *)bytes,
                                                (size_t)got - padding) == GC_OK;
  free(bytes);
  return good;
}

const char *text_topic_id(const char *topic, size_t len) {
  static const char *const before[] = {"conversation.", "conversations."};
  for (size_t i = 0; i < GC_COUNT(before); i++) {
    size_t skip = strlen(before[i]);
    const char *p = memmem(topic, len, before[i], skip);
    if (p != NULL && topic + len - p >= (ptrdiff_t)(skip + GC_UUID_LEN) &&
        gc_is_uuid(p + skip, GC_UUID_LEN))
      return p + skip;
  }
  return NULL;
}

static bool is_place_char(char c) {
  return gc_is_letter(c) || c == '_' || c == '-';
}

size_t text_add_place(char *out, size_t size, size_t at, bool is_item,
                      const char *name, size_t len) {
  if (is_item)
    len = 1;
  if (at + 1 + len >= size)
    return at;
  out[at++] = is_item ? '[' : '.';
  if (is_item) {
    out[at++] = ']';
    return at;
  }
  for (size_t i = 0; i < len; i++)
    out[at++] = is_place_char(name[i]) ? name[i] : '#';
  return at;
}

/* ---- the prefilter ---- */

/* Returns false for a text that does not begin and end as an object or an array
 * does; the decoder reports it. */
static bool looks_whole(const char *p, size_t len) {
  const char *end = p + len;
  p = text_begin(p, end);
  while (p < end && gc_is_space(end[-1]))
    end--;
  return end - p >= 2 &&
         ((*p == '{' && end[-1] == '}') || (*p == '[' && end[-1] == ']'));
}

static bool has_own_escapes(const char *marker, size_t len) {
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)marker[i] < 0x20 || strchr("\"\\/", marker[i]) != NULL)
      return true;
  return false;
}

/* Returns true when an escape sequence could stand for a part of the marker. */
static bool may_hide(const struct attribute_form *form, const char *p,
                     size_t len) {
  const char *end = p + len;
  bool any = has_own_escapes(form->marker, form->marker_len);
  while ((p = memchr(p, '\\', (size_t)(end - p))) != NULL) {
    if (any || p + 1 == end || p[1] == 'u')
      return true;
    p++;
  }
  return false;
}

bool prefilter_rejects(const struct attribute_form *form, const char *bytes,
                       size_t len) {
  return looks_whole(bytes, len) &&
         memmem(bytes, len, form->marker, form->marker_len) == NULL &&
         !may_hide(form, bytes, len) && !may_hide_base64(bytes, len);
}
