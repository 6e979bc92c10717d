/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "plugins/genesys_flowmetrics/events/prefilter.h"

#include <string.h>

#include "common/base/ascii.h"
#include "plugins/genesys_flowmetrics/events/text.h"

/* Returns false for a text that does not begin and end as an object or an array
 * does; the decoder reports it. */
static bool looks_whole(const char *p, size_t len) {
  const char *end = p + len;
  while (p < end && gc_is_space(*p))
    p++;
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
         !may_hide(form, bytes, len) && !text_may_hide_base64(bytes, len);
}
