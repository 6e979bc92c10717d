/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem */
#endif
#include "plugins/genesys_flowmetrics/events/attribute_name.h"

#include <string.h>

#include "common/base/ascii.h"
#include "common/base/timestamp.h"
#include "common/base/utf8.h"
#include "common/genesys/clean_name.h"

/* Bounds the work on one name, which may consist of separators only. */
enum { SPLITS_MAX = 64, TIME_DIGITS_MIN = 6 };

static const char *const words[] = {
#define XX(id, word) word,
    MALFORMED_MAP(XX)
#undef XX
};

static const struct {
  const char *text;
  enum attribute_part part;
} placeholders[] = {
    {"%{flow}", PART_FLOW},
    {"%{metric}", PART_METRIC},
    {"%{time}", PART_TIME},
};

const char *malformed_word(enum malformed reason) {
  return (unsigned)reason < GC_COUNT(words) ? words[reason] : "";
}

static size_t placeholder_at(const char *text, enum attribute_part *ret_part) {
  for (size_t i = 0; i < GC_COUNT(placeholders); i++) {
    size_t len = strlen(placeholders[i].text);
    if (strncmp(text, placeholders[i].text, len) == 0) {
      *ret_part = placeholders[i].part;
      return len;
    }
  }
  return 0;
}

/* Splits the format into literals and parts. */
static enum gc_code split_format(struct attribute_form *form,
                                 struct gc_err *err) {
  static const char needs[] = "AttributeFormat needs %{flow}, %{metric} and "
                              "%{time}, each once";
  unsigned seen = 0, count = 0;
  form->literals[0].text = form->text;
  for (const char *p = form->text; *p != '\0';) {
    enum attribute_part part = PART_COUNT;
    size_t len = placeholder_at(p, &part);
    if (len == 0) {
      if (p[0] == '%' && p[1] == '{')
        return gc_fail(err, GC_ERR_CONFIG,
                       "AttributeFormat: unknown placeholder at \"%.20s\"; "
                       "there are %%{flow}, %%{metric} and %%{time}",
                       p);
      form->literals[count].len++;
      p++;
      continue;
    }
    if (seen & 1u << part)
      return gc_fail(err, GC_ERR_CONFIG, "%s", needs);
    seen |= 1u << part;
    form->parts[count++] = part;
    p += len;
    form->literals[count].text = p;
  }
  return count == PART_COUNT ? GC_OK : gc_fail(err, GC_ERR_CONFIG, "%s", needs);
}

enum gc_code attribute_form_set(struct attribute_form *form, const char *format,
                                struct gc_err *err) {
  size_t len = strlen(format);
  *form = (struct attribute_form){0};
  if (len >= sizeof(form->text))
    return gc_fail(err, GC_ERR_CONFIG, "AttributeFormat: longer than %d bytes",
                   ATTRIBUTE_FORMAT_SIZE - 1);
  memcpy(form->text, format, len + 1);
  GC_TRY(split_format(form, err));
  for (size_t i = 1; i < PART_COUNT; i++)
    if (form->literals[i].len == 0)
      return gc_fail(err, GC_ERR_CONFIG,
                     "AttributeFormat: two placeholders need something "
                     "between them");
  for (size_t i = 0; i <= PART_COUNT; i++)
    if (form->literals[i].len > form->marker_len) {
      form->marker = form->literals[i].text;
      form->marker_len = form->literals[i].len;
    }
  return GC_OK;
}

bool attribute_is_meant(const struct attribute_form *form, const char *name,
                        size_t len) {
  return memmem(name, len, form->marker, form->marker_len) != NULL;
}

/* One way to split a name: the place of each part. */
struct split {
  const char *at[PART_COUNT];
  size_t len[PART_COUNT];
};

static bool has_name(const char *text, size_t len) {
  char clean[GC_NAME_SIZE];
  return gc_name_clean(clean, text, len);
}

enum { T_AT = 10, HOUR_AT = 11, SECOND_AT = 17, TIME_BYTES = 19 };

/* Writes the time in the extended form of ISO 8601, also one in the basic form
 * (20230305T081804Z) or with a blank for T. Returns its length; 0: it has
 * another form. */
static size_t extend_time(const char *at, size_t len,
                          char out[ATTRIBUTE_MAX_BYTES]) {
  static const char form[] = "dddd-dd-ddTdd:dd:dd";
  size_t n = 0, taken = 0;
  bool is_extended = len > 4 && at[4] == '-';
  for (; form[n] != '\0'; n++) {
    bool is_sign = !is_extended && (form[n] == '-' || form[n] == ':');
    if (!is_sign && taken == len)
      return 0;
    out[n] = is_sign ? form[n] : at[taken++];
  }
  if (len - taken > ATTRIBUTE_MAX_BYTES - n)
    return 0;
  memcpy(out + n, at + taken, len - taken);
  if (out[T_AT] == ' ')
    out[T_AT] = 'T';
  if (out[TIME_BYTES] == ',' && len > taken)
    out[TIME_BYTES] = '.';
  return n + len - taken;
}

/* Parses a time of RFC 3339 or ISO 8601. A leap second is the first one of the
 * next minute; 24:00:00 is midnight of the next day. */
static bool parse_time(const char *at, size_t len, int64_t *ret) {
  char text[ATTRIBUTE_MAX_BYTES];
  size_t n = extend_time(at, len, text);
  int64_t more_ms = 0;
  if (n > TIME_BYTES && memcmp(text + HOUR_AT, "24:00:00", 8) == 0) {
    memcpy(text + HOUR_AT, "00", 2);
    more_ms = INT64_C(86400000);
  } else if (n > TIME_BYTES && memcmp(text + SECOND_AT, "60", 2) == 0) {
    memcpy(text + SECOND_AT, "59", 2);
    more_ms = 1000;
  }
  if (n == 0 || gc_timestamp_parse(text, n, ret, NULL) != GC_OK)
    return false;
  *ret += more_ms;
  return *ret >= 0;
}

bool attribute_looks_like_time(const char *text, size_t len) {
  size_t digits = 0;
  for (size_t i = 0; i < len; i++)
    digits += gc_is_digit(text[i]);
  return digits >= TIME_DIGITS_MIN;
}

void attribute_time_form(char out[ATTRIBUTE_FORM_SIZE], const char *text,
                         size_t len) {
  size_t n = 0;
  for (; n < len && n + 1 < ATTRIBUTE_FORM_SIZE; n++) {
    bool ends = n + 1 == len;
    bool is_inner =
        n > 0 && !ends && gc_is_digit(text[n - 1]) && gc_is_digit(text[n + 1]);
    char c = text[n];
    bool is_mark = (is_inner && (c == 'T' || c == 't')) ||
                   (ends && (c == 'Z' || c == 'z'));
    bool is_shown = (unsigned char)c >= ' ' && (unsigned char)c < 0x7f;
    if (gc_is_letter(c) && !is_mark)
      c = 'a';
    out[n] = gc_is_digit(c) ? '9' : is_shown && c != '"' ? c : '?';
  }
  out[n] = '\0';
}

static enum malformed check_split(const struct attribute_form *form,
                                  const struct split *r,
                                  struct attribute *out) {
  struct attribute a = {0};
  for (size_t i = 0; i < PART_COUNT; i++) {
    const char *at = r->at[i];
    size_t len = r->len[i];
    if (form->parts[i] == PART_TIME && !parse_time(at, len, &a.time_ms)) {
      if (out->unread == NULL) {
        out->unread = at;
        out->unread_len = len;
      }
      return MALFORMED_TIME;
    }
    if (form->parts[i] == PART_FLOW) {
      a.flow = at;
      a.flow_len = len;
    }
    if (form->parts[i] == PART_METRIC) {
      a.metric = at;
      a.metric_len = len;
    }
  }
  if (!has_name(a.flow, a.flow_len))
    return MALFORMED_FLOW;
  if (!has_name(a.metric, a.metric_len))
    return MALFORMED_METRIC;
  *out = a;
  return MALFORMED_NOT;
}

/* Returns the last occurrence of `literal` between `from` and `end`; NULL when
 * there is none. */
static const char *find_last(const char *from, const char *end,
                             const char *literal, size_t len) {
  for (const char *p = end; (size_t)(p - from) >= len; p--)
    if (memcmp(p - len, literal, len) == 0)
      return p - len;
  return NULL;
}

/* Tries all splits from the name's end and returns the first valid one. If none
 * is valid, returns the fault of the first split whose time is valid, or else
 * of the last split. */
static enum malformed find_parts(const struct attribute_form *form,
                                 const char *from, const char *end,
                                 struct attribute *ret) {
  size_t len1 = form->literals[1].len, len2 = form->literals[2].len;
  enum malformed result = MALFORMED_SHAPE;
  unsigned splits = 0;
  const char *cut2 = end, *cut1;

  while ((cut2 = find_last(from, cut2, form->literals[2].text, len2)) != NULL) {
    for (cut1 = cut2; (cut1 = find_last(from, cut1, form->literals[1].text,
                                        len1)) != NULL;) {
      const struct split r = {.at = {from, cut1 + len1, cut2 + len2},
                              .len = {(size_t)(cut1 - from),
                                      (size_t)(cut2 - cut1) - len1,
                                      (size_t)(end - cut2) - len2}};
      enum malformed m = check_split(form, &r, ret);
      if (m == MALFORMED_NOT)
        return m;
      if (result == MALFORMED_SHAPE || result == MALFORMED_TIME)
        result = m;
      if (++splits == SPLITS_MAX)
        return result;
      cut1 += len1 - 1;
    }
    cut2 += len2 - 1;
  }
  return result;
}

static bool starts_with(const char *name, size_t len, const char *literal,
                        size_t literal_len) {
  return len >= literal_len && memcmp(name, literal, literal_len) == 0;
}

enum malformed attribute_parse(const struct attribute_form *form,
                               const char *name, size_t len,
                               struct attribute *ret) {
  size_t first = form->literals[0].len, last = form->literals[PART_COUNT].len;
  ret->unread = NULL;
  if (len > ATTRIBUTE_MAX_BYTES)
    return MALFORMED_LONG;
  if (memchr(name, '\0', len) != NULL || len < first + last ||
      !starts_with(name, len, form->literals[0].text, first) ||
      !starts_with(name + len - last, last, form->literals[PART_COUNT].text,
                   last))
    return MALFORMED_SHAPE;
  return find_parts(form, name + first, name + len - last, ret);
}

/* ---- the prefilter ---- */

/* Returns true if `p` begins as the base64 of a text with "{" or "[" as its
 * first byte. The first letter has 6 bits of that byte. The second letter has
 * the other two bits of that byte, which are 1, and four bits of the second
 * byte. */
static bool begins_base64(const char *p) {
  static const char seconds[] = "wxyz0123456789+/";
  return (p[0] == 'e' || p[0] == 'W') && p[1] != '\0' &&
         strchr(seconds, p[1]) != NULL;
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

/* Returns false for a text that does not begin and end as an object or an array
 * does; the decoder reports it. */
static bool looks_whole(const char *p, size_t len) {
  const char *end = p + len;
  if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) /* byte order mark */
    p += 3;
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
         !may_hide(form, bytes, len) && !may_hide_base64(bytes, len);
}
