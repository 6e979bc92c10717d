/* SPDX-License-Identifier: MIT */
#include "common/base/json/scan.h"

#include "common/base/ascii.h"

/* One run over one document. */
struct run {
  const struct gc_json_reader *reader;
  const struct gc_json_keys *keys;
  void *ctx;
  const char *p, *end;
  struct gc_json_at at;
};

/* ---- bytes ---- */

static inline void skip_space(struct run *r) {
  while (r->p < r->end && gc_is_space(*r->p))
    r->p++;
}

/* Returns the next byte other than a space; at the end NUL, which is never in
 * JSON. */
static inline char next_byte(struct run *r) {
  if (r->p < r->end && (unsigned char)*r->p > ' ')
    return *r->p;
  skip_space(r);
  return r->p < r->end ? *r->p : '\0';
}

static inline bool take_byte(struct run *r, char c) {
  if (next_byte(r) != c)
    return false;
  r->p++;
  return true;
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Sets the high bit of the first byte that ends a plain part of a string: a
 * quote, a backslash, a control character, or a byte beyond ASCII. The bits
 * after it may be wrong (the usual borrow). */
static inline uint64_t find_special(uint64_t x) {
  uint64_t quote = x ^ EACH_BYTE('"'), slash = x ^ EACH_BYTE('\\');
  uint64_t m = ((quote - EACH_BYTE(1)) & ~quote) |
               ((slash - EACH_BYTE(1)) & ~slash) |
               ((x - EACH_BYTE(0x20)) & ~x) | x;
  return m & EACH_BYTE(0x80);
}

static inline const char *skip_plain(const char *p, const char *end) {
  while (end - p >= 8) {
    uint64_t x;
    memcpy(&x, p, sizeof(x));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    uint64_t m = find_special(x);
    if (m != 0)
      return p + __builtin_ctzll(m) / 8;
    p += 8;
  }
  while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 &&
         (unsigned char)*p < 0x80)
    p++;
  return p;
}

static inline bool is_within(unsigned char c, unsigned min, unsigned max) {
  return c >= min && c <= max;
}

/* Returns the length of the character beyond ASCII at `p`; 0 when it is not
 * valid (RFC 3629: no overlong form, no half of a pair, nothing past
 * U+10FFFF). */
static size_t length_beyond_ascii(const char *p, const char *end) {
  const unsigned char *u = (const unsigned char *)p;
  size_t len = is_within(u[0], 0xc2, 0xdf)   ? 2
               : is_within(u[0], 0xe0, 0xef) ? 3
               : is_within(u[0], 0xf0, 0xf4) ? 4
                                             : 0;
  if (len == 0 || (size_t)(end - p) < len)
    return 0;
  for (size_t i = 1; i < len; i++)
    if (!is_within(u[i], 0x80, 0xbf))
      return 0;
  bool wrong = (u[0] == 0xe0 && u[1] < 0xa0) || (u[0] == 0xed && u[1] > 0x9f) ||
               (u[0] == 0xf0 && u[1] < 0x90) || (u[0] == 0xf4 && u[1] > 0x8f);
  return wrong ? 0 : len;
}

/* Returns the length of the escape at `p`; 0 when there is none. */
static size_t length_of_escape(const char *p, const char *end) {
  if (end - p < 2)
    return 0;
  if (p[1] != 'u')
    return p[1] != '\0' && strchr("\"\\/bfnrt", p[1]) != NULL ? 2 : 0;
  return end - p >= 6 && gc_hex_value(p[2]) >= 0 && gc_hex_value(p[3]) >= 0 &&
                 gc_hex_value(p[4]) >= 0 && gc_hex_value(p[5]) >= 0
             ? 6
             : 0;
}

/* ---- tokens ---- */

/* Moves from after the opening quote to after the closing quote. */
static bool scan_string(struct run *r, bool reported, const char **ret_text,
                        size_t *ret_len) {
  const char *begin = r->p, *p = begin;
  for (;;) {
    p = skip_plain(p, r->end);
    if (p == r->end)
      return false;
    if (*p == '"')
      break;
    size_t len = *p != '\\' ? length_beyond_ascii(p, r->end)
                 : reported ? 0
                            : length_of_escape(p, r->end);
    if (len == 0)
      return false;
    p += len;
  }
  *ret_text = begin;
  *ret_len = (size_t)(p - begin);
  r->p = p + 1;
  return *ret_len <= r->reader->string_max;
}

static bool scan_digits(struct run *r) {
  const char *begin = r->p;
  while (r->p < r->end && (unsigned)(*r->p - '0') < 10)
    r->p++;
  return r->p > begin;
}

static bool scan_number(struct run *r) {
  const char *begin = r->p;
  if (*r->p == '-')
    r->p++;
  const char *whole = r->p;
  if (!scan_digits(r) || (*whole == '0' && r->p > whole + 1))
    return false;
  if (r->p < r->end && *r->p == '.') {
    r->p++;
    if (!scan_digits(r))
      return false;
  }
  if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
    r->p++;
    if (r->p < r->end && (*r->p == '+' || *r->p == '-'))
      r->p++;
    if (!scan_digits(r))
      return false;
  }
  return (size_t)(r->p - begin) <= r->reader->string_max;
}

static bool scan_word(struct run *r, const char *word, size_t len) {
  if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0)
    return false;
  r->p += len;
  return true;
}

/* Reads a value other than a container. */
static bool scan_scalar(struct run *r, bool reported,
                        struct gc_json_value *ret) {
  const char *begin = r->p;
  *ret = (struct gc_json_value){.text = begin};
  bool ok;
  switch (*begin) {
  case '"':
    r->p++;
    ret->kind = GC_JSON_STRING;
    return scan_string(r, reported, &ret->text, &ret->len);
  case 't':
    ret->kind = GC_JSON_BOOL;
    ret->truth = true;
    ok = scan_word(r, "true", 4);
    break;
  case 'f':
    ret->kind = GC_JSON_BOOL;
    ok = scan_word(r, "false", 5);
    break;
  case 'n':
    ret->kind = GC_JSON_NULL;
    ok = scan_word(r, "null", 4);
    break;
  default:
    ret->kind = GC_JSON_NUMBER;
    ok = scan_number(r);
    break;
  }
  ret->len = (size_t)(r->p - begin);
  return ok;
}

/* ---- members that are skipped ---- */

static bool skip_value(struct run *r, unsigned depth);

static bool skip_members(struct run *r, unsigned depth) {
  const char *text;
  size_t len;
  if (take_byte(r, '}'))
    return true;
  do {
    if (!take_byte(r, '"') || !scan_string(r, false, &text, &len) ||
        !take_byte(r, ':') || !skip_value(r, depth))
      return false;
  } while (take_byte(r, ','));
  return take_byte(r, '}');
}

static bool skip_elements(struct run *r, unsigned depth) {
  if (take_byte(r, ']'))
    return true;
  do {
    if (!skip_value(r, depth))
      return false;
  } while (take_byte(r, ','));
  return take_byte(r, ']');
}

static bool skip_value(struct run *r, unsigned depth) {
  struct gc_json_value value;
  switch (next_byte(r)) {
  case '\0':
    return false;
  case '{':
    r->p++;
    return depth < GC_JSON_DEPTH_MAX && skip_members(r, depth + 1);
  case '[':
    r->p++;
    return depth < GC_JSON_DEPTH_MAX && skip_elements(r, depth + 1);
  default:
    return scan_scalar(r, false, &value);
  }
}

/* ---- members that are reported ---- */

static inline uint64_t path_below(uint64_t path, unsigned depth, unsigned id) {
  return depth > 8 ? GC_JSON_DEEP : path << 8 | id;
}

static bool read_value(struct run *r);

static bool read_members(struct run *r, uint64_t path) {
  const char *text;
  size_t len;
  if (take_byte(r, '}'))
    return true;
  do {
    if (!take_byte(r, '"') || !scan_string(r, true, &text, &len) ||
        !take_byte(r, ':'))
      return false;
    const struct gc_json_slot *slot = gc_json_keys_find(r->keys, text, len);
    if (slot == NULL) {
      if (!skip_value(r, r->at.depth))
        return false;
      continue;
    }
    r->at.path = path_below(path, r->at.depth, slot->id);
    r->at.key = slot->name;
    r->at.key_len = slot->len;
    if (!read_value(r))
      return false;
  } while (take_byte(r, ','));
  return take_byte(r, '}');
}

static bool read_elements(struct run *r) {
  if (take_byte(r, ']'))
    return true;
  do {
    if (!read_value(r))
      return false;
  } while (take_byte(r, ','));
  return take_byte(r, ']');
}

static bool read_container(struct run *r, enum gc_json_kind kind) {
  const struct gc_json_at outer = r->at;
  if (r->at.depth == GC_JSON_DEPTH_MAX)
    return false;
  r->at.kind = kind;
  if (r->reader->open != NULL && r->reader->open(r->ctx, &r->at) != GC_OK)
    return false;

  r->at.depth++;
  if (kind == GC_JSON_ARRAY)
    r->at.path = path_below(outer.path, r->at.depth, GC_JSON_ITEM);
  if (!(kind == GC_JSON_ARRAY ? read_elements(r) : read_members(r, outer.path)))
    return false;

  r->at = outer;
  r->at.kind = kind;
  return r->reader->close == NULL || r->reader->close(r->ctx, &r->at) == GC_OK;
}

static bool read_value(struct run *r) {
  struct gc_json_value value;
  switch (next_byte(r)) {
  case '\0':
    return false;
  case '{':
    r->p++;
    return read_container(r, GC_JSON_OBJECT);
  case '[':
    r->p++;
    return read_container(r, GC_JSON_ARRAY);
  default:
    if (!scan_scalar(r, true, &value))
      return false;
    r->at.kind = value.kind;
    return r->reader->value == NULL ||
           r->reader->value(r->ctx, &r->at, &value) == GC_OK;
  }
}

/* ---- public ---- */

enum gc_code gc_json_scan_set(struct gc_json_scan *s,
                              const struct gc_json_reader *reader, void *ctx,
                              struct gc_err *err) {
  if (!reader->skip_unknown)
    return gc_fail(err, GC_ERR_CONFIG,
                   "the JSON scanner does not report unknown keys");
  GC_TRY(gc_json_keys_set(&s->keys, reader->keys, reader->key_count, err));
  s->reader = reader;
  s->ctx = ctx;
  return GC_OK;
}

void gc_json_scan_clear(struct gc_json_scan *s) {
  if (s != NULL)
    gc_json_keys_clear(&s->keys);
}

bool gc_json_scan(const struct gc_json_scan *s, const char *bytes, size_t len) {
  struct run r = {.reader = s->reader,
                  .keys = &s->keys,
                  .ctx = s->ctx,
                  .p = bytes,
                  .end = bytes + len,
                  .at = {.key = ""}};
  if (len > s->reader->bytes_max || !read_value(&r))
    return false;
  skip_space(&r);
  return r.p == r.end;
}
