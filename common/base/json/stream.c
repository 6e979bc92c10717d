/* SPDX-License-Identifier: MIT */
#include "common/base/json/stream.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/assert.h"
#include "common/base/buf.h"
#include "common/base/utf8.h"

/* What may follow at this point of the document. */
enum next {
  NEXT_VALUE,
  NEXT_ELEMENT_OR_END, /* after the opening bracket */
  NEXT_KEY_OR_END,     /* after the opening brace */
  NEXT_KEY,
  NEXT_COLON,
  NEXT_COMMA_OR_END,
  NEXT_NOTHING, /* the root is complete */
};

/* The token that the last chunk has cut; its first part is in `text`. */
enum cut { CUT_NONE, CUT_STRING, CUT_SCALAR };

/* An open container that is reported: its part of `at`, and where the copies of
 * its members' keys begin. */
struct level {
  uint64_t path;
  const char *known_key; /* NULL: the key is a copy at names + key_at */
  size_t key_at, key_len;
  size_t names_len; /* bytes of the names that belong to outer levels */
  enum gc_json_kind kind;
};

/* A known key in the hash table. */
struct slot {
  const char *name; /* NULL: free */
  size_t len;
  uint8_t id;
};

struct gc_json_stream {
  const struct gc_json_reader *reader;
  void *ctx;
  struct slot *slots; /* a power of two, at most half full */
  size_t slot_mask;

  enum next next;
  unsigned depth;  /* open containers, those of a skipped member included */
  uint64_t arrays; /* bit n: the container at depth n + 1 is an array */
  unsigned skip_depth;
  bool is_skipping; /* a member of the object at skip_depth */

  struct gc_json_at at;
  const char *known_key; /* key of `at`, as in struct level */
  size_t key_at;
  struct level levels[GC_JSON_DEPTH_MAX];
  struct gc_buf names; /* copies of unknown keys, one for each open level */

  enum cut cut;
  struct gc_buf text; /* a token that was cut, or that has escapes */
  uint32_t high;      /* first half of a pair of \u escapes; 0: none */
  char unit[6];       /* an escape or a character that was cut */
  uint8_t unit_len;

  const char *begin, *end; /* the chunk */
  const char *here;        /* where the last event in it ended */
  uint64_t base;           /* bytes of the document before this chunk */
  enum gc_code failed;
  struct gc_err why; /* of `failed` */
};

/* Each function of the lexer gets the position in the chunk and returns the new
 * one; NULL after a failure, which s->why describes. */

/* ---- failures ---- */

static const char *fail_at(struct gc_json_stream *s, const char *p,
                           enum gc_code code, const char *what) {
  s->here = p;
  s->failed = gc_fail(&s->why, code, "%s", what);
  return NULL;
}

static const char *fail_syntax(struct gc_json_stream *s, const char *p,
                               const char *what) {
  return fail_at(s, p, GC_ERR_PARSE, what);
}

/* Ends the document with the code of a callback, and with the text that it put
 * into at->err, if any. */
static const char *stop_with(struct gc_json_stream *s, enum gc_code code) {
  if (s->why.text[0] == '\0')
    return fail_at(s, s->here, code, gc_code_words(code));
  s->failed = s->why.code = code;
  return NULL;
}

/* ---- the table of known keys ---- */

/* Hashes the length and the first, middle and last byte, which distinguish the
 * names of an API well enough; memcmp decides. */
static inline size_t hash_key(const char *text, size_t len) {
  const unsigned char *t = (const unsigned char *)text;
  if (len == 0)
    return 0;
  uint32_t h = (uint32_t)len * 0x9e3779b1u ^ t[0] * 0x85ebca6bu ^
               t[len / 2] * 0xc2b2ae35u ^ t[len - 1] * 0x27d4eb2fu;
  return h ^ h >> 15;
}

static inline struct slot *find_slot(const struct gc_json_stream *s,
                                     const char *text, size_t len) {
  for (size_t i = hash_key(text, len);; i++) {
    struct slot *slot = &s->slots[i & s->slot_mask];
    if (slot->name == NULL ||
        (slot->len == len && memcmp(slot->name, text, len) == 0))
      return slot;
  }
}

static void make_table(struct gc_json_stream *s) {
  const struct gc_json_reader *reader = s->reader;
  size_t size = 4;
  while (size < reader->key_count * 2)
    size *= 2;
  s->slots = gc_zalloc(size, sizeof(*s->slots));
  s->slot_mask = size - 1;
  for (size_t i = 0; i < reader->key_count; i++) {
    const struct gc_json_key *key = &reader->keys[i];
    size_t len = strlen(key->name);
    struct slot *slot = find_slot(s, key->name, len);
    GC_ASSERT(key->id > 0 && key->id <= GC_JSON_ID_MAX);
    GC_ASSERT(slot->name == NULL); /* a name given twice */
    *slot = (struct slot){key->name, len, key->id};
  }
}

/* ---- from tokens to events with a path ---- */

static inline uint64_t path_below(uint64_t path, unsigned depth, unsigned id) {
  return depth > 8 ? GC_JSON_DEEP : path << 8 | id;
}

static inline bool is_in_array(const struct gc_json_stream *s) {
  return (s->arrays >> (s->depth - 1) & 1) != 0;
}

static inline void show_key(struct gc_json_stream *s) {
  s->at.key = s->known_key != NULL ? s->known_key : s->names.data + s->key_at;
}

/* Copies an unknown key after the keys of the outer levels. */
static bool keep_key(struct gc_json_stream *s, const char *text, size_t len) {
  s->key_at = s->names.len;
  s->known_key = NULL;
  return gc_buf_add(&s->names, text, len) == GC_OK &&
         gc_buf_add(&s->names, "", 1) == GC_OK;
}

/* Takes the colon too, if it follows at once. */
static inline const char *expect_colon(struct gc_json_stream *s,
                                       const char *p) {
  bool is_next = p < s->end && *p == ':';
  s->next = is_next ? NEXT_VALUE : NEXT_COLON;
  return is_next ? p + 1 : p;
}

static inline const char *take_key(struct gc_json_stream *s, const char *text,
                                   size_t len, const char *p) {
  if (s->is_skipping)
    return expect_colon(s, p);
  const struct slot *slot = find_slot(s, text, len);
  if (slot->name == NULL && s->reader->skip_unknown) {
    s->is_skipping = true;
    s->skip_depth = s->depth;
    return expect_colon(s, p);
  }
  const struct level *in = &s->levels[s->at.depth - 1];
  s->names.len = in->names_len;
  s->known_key = slot->name;
  if (slot->name == NULL && !keep_key(s, text, len))
    return fail_at(s, p, GC_ERR_MEMORY, "no memory for a JSON key");
  s->at.key_len = len;
  s->at.path =
      path_below(in->path, s->at.depth,
                 slot->name != NULL ? slot->id : (unsigned)GC_JSON_OTHER);
  show_key(s);
  return expect_colon(s, p);
}

/* Ends a value: of the root, of a member that is skipped, or of another. Takes
 * the comma too, if it follows at once. */
static inline const char *end_value(struct gc_json_stream *s, const char *p) {
  if (s->is_skipping && s->depth == s->skip_depth)
    s->is_skipping = false;
  if (s->depth > 0 && p < s->end && *p == ',') {
    s->next = is_in_array(s) ? NEXT_VALUE : NEXT_KEY;
    return p + 1;
  }
  s->next = s->depth > 0 ? NEXT_COMMA_OR_END : NEXT_NOTHING;
  return p;
}

static inline const char *take_value(struct gc_json_stream *s,
                                     const struct gc_json_value *v,
                                     const char *p) {
  if (!s->is_skipping) {
    s->at.kind = v->kind;
    s->here = p;
    if (s->reader->value != NULL) {
      enum gc_code code = s->reader->value(s->ctx, &s->at, v);
      if (code != GC_OK)
        return stop_with(s, code);
    }
  }
  return end_value(s, p);
}

static bool report_open(struct gc_json_stream *s, enum gc_json_kind kind,
                        const char *p) {
  s->at.kind = kind;
  s->here = p;
  if (s->reader->open != NULL) {
    enum gc_code code = s->reader->open(s->ctx, &s->at);
    if (code != GC_OK)
      return stop_with(s, code) != NULL;
  }
  s->levels[s->at.depth++] = (struct level){
      s->at.path, s->known_key, s->key_at, s->at.key_len, s->names.len, kind};
  if (kind == GC_JSON_ARRAY)
    s->at.path = path_below(s->at.path, s->at.depth, GC_JSON_ITEM);
  return true;
}

static const char *open_container(struct gc_json_stream *s,
                                  enum gc_json_kind kind, const char *p) {
  if (s->depth == GC_JSON_DEPTH_MAX)
    return fail_at(s, p, GC_ERR_LIMIT, "JSON nested deeper than the limit");
  if (!s->is_skipping && !report_open(s, kind, p))
    return NULL;
  uint64_t bit = UINT64_C(1) << s->depth++;
  bool is_array = kind == GC_JSON_ARRAY;
  s->arrays = is_array ? s->arrays | bit : s->arrays & ~bit;
  s->next = is_array ? NEXT_ELEMENT_OR_END : NEXT_KEY_OR_END;
  return p;
}

/* Restores `at` as it was when the container opened; the next element of an
 * array has the same path. */
static bool report_close(struct gc_json_stream *s, const char *p) {
  const struct level *level = &s->levels[--s->at.depth];
  s->at.path = level->path;
  s->at.key_len = level->key_len;
  s->at.kind = level->kind;
  s->known_key = level->known_key;
  s->key_at = level->key_at;
  s->names.len = level->names_len;
  show_key(s);
  s->here = p;
  enum gc_code code =
      s->reader->close != NULL ? s->reader->close(s->ctx, &s->at) : GC_OK;
  return code == GC_OK || stop_with(s, code) != NULL;
}

static const char *close_container(struct gc_json_stream *s, const char *p) {
  s->depth--;
  if (!s->is_skipping && !report_close(s, p))
    return NULL;
  return end_value(s, p);
}

/* ---- strings ---- */

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

/* Adds bytes to the token. */
static const char *keep_bytes(struct gc_json_stream *s, const char *bytes,
                              size_t len, const char *p) {
  enum gc_code code = gc_buf_add(&s->text, bytes, len);
  if (code == GC_OK)
    return p;
  return fail_at(s, p, code,
                 code == GC_ERR_LIMIT
                     ? "a JSON string, key or number is longer than the limit"
                     : "no memory for a JSON string");
}

/* Half a pair of \u escapes stands for no character. */
static const char *replace_half(struct gc_json_stream *s, const char *p) {
  s->high = 0;
  return keep_bytes(s, "\xef\xbf\xbd", 3, p);
}

static const char *keep_point(struct gc_json_stream *s, uint32_t point,
                              const char *p) {
  char out[GC_UTF8_MAX];
  return keep_bytes(s, out, gc_utf8_put(out, point), p);
}

/* Takes the four digits of a \u escape; two escapes can be one character. */
static const char *take_escaped_point(struct gc_json_stream *s, const char *p) {
  uint32_t point = 0;
  for (size_t i = 2; i < 6; i++) {
    if (gc_hex_value(s->unit[i]) < 0)
      return fail_syntax(s, p, "an invalid \\u escape in a string");
    point = point << 4 | (uint32_t)gc_hex_value(s->unit[i]);
  }
  uint32_t high = s->high;
  bool is_low = point >= 0xdc00 && point <= 0xdfff;
  s->high = 0;
  if (high != 0 && is_low)
    return keep_point(s, 0x10000 + ((high - 0xd800) << 10) + (point - 0xdc00),
                      p);
  if (high != 0 && replace_half(s, p) == NULL)
    return NULL;
  if (is_low)
    return replace_half(s, p);
  if (point < 0xd800 || point > 0xdbff)
    return keep_point(s, point, p);
  s->high = point;
  return p;
}

/* The length of the escape or character of which `unit` has the first bytes. */
static size_t unit_size(const char *unit, size_t len) {
  unsigned char lead = (unsigned char)unit[0];
  if (lead == '\\')
    return len > 1 && unit[1] == 'u' ? 6 : 2;
  if (lead < 0xc2 || lead > 0xf4)
    return 1; /* begins no character */
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Takes an escape, or a character that is not plain. */
static const char *take_unit(struct gc_json_stream *s, const char *p) {
  static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  size_t len = s->unit_len;
  s->unit_len = 0;
  if (s->unit[0] == '\\' && s->unit[1] == 'u')
    return take_escaped_point(s, p);
  if (s->high != 0 && replace_half(s, p) == NULL)
    return NULL;
  if (s->unit[0] == '\\') {
    const char *escape = memchr(escapes, s->unit[1], sizeof(escapes) - 1);
    if (escape == NULL)
      return fail_syntax(s, p, "an invalid escape in a string");
    return keep_bytes(s, &meanings[escape - escapes], 1, p);
  }
  if ((unsigned char)s->unit[0] < 0x20 ||
      gc_utf8_char(s->unit, len, NULL) != len)
    return fail_syntax(s, p, "an invalid character in a string");
  return keep_bytes(s, s->unit, len, p);
}

/* Takes the bytes of a unit as far as the chunk has them. */
static const char *read_unit(struct gc_json_stream *s, const char *p,
                             const char *end) {
  do
    s->unit[s->unit_len++] = *p++;
  while (s->unit_len < unit_size(s->unit, s->unit_len) && p < end);
  return s->unit_len < unit_size(s->unit, s->unit_len) ? p : take_unit(s, p);
}

static inline const char *end_string(struct gc_json_stream *s, bool is_key,
                                     const char *text, size_t len,
                                     const char *p) {
  s->cut = CUT_NONE;
  if (is_key)
    return take_key(s, text, len, p);
  return take_value(
      s, &(struct gc_json_value){GC_JSON_STRING, false, text, len}, p);
}

/* Goes on with a string in `text`. */
static const char *resume_string(struct gc_json_stream *s, const char *p,
                                 const char *end) {
  while (p != NULL && p < end) {
    if (s->unit_len > 0) {
      p = read_unit(s, p, end);
      continue;
    }
    const char *special = skip_plain(p, end);
    bool is_end = special < end && *special == '"';
    if (s->high != 0 && (special > p || is_end) && replace_half(s, p) == NULL)
      return NULL;
    if (special > p && keep_bytes(s, p, (size_t)(special - p), special) == NULL)
      return NULL;
    if (is_end)
      return end_string(s, s->next == NEXT_KEY || s->next == NEXT_KEY_OR_END,
                        gc_buf_string(&s->text), s->text.len, special + 1);
    p = special < end ? read_unit(s, special, end) : end;
  }
  return p;
}

static void begin_token(struct gc_json_stream *s, enum cut cut) {
  gc_buf_reset(&s->text);
  s->cut = cut;
}

/* Reads a string from after its quote. A string without escapes that the chunk
 * has as a whole is not copied. */
static inline const char *read_string(struct gc_json_stream *s, bool is_key,
                                      const char *p, const char *end) {
  const char *special = skip_plain(p, end);
  size_t len;
  while (special < end && (unsigned char)*special >= 0x80 &&
         (len = gc_utf8_char(special, (size_t)(end - special), NULL)) > 0)
    special = skip_plain(special + len, end);
  if (special < end && *special == '"' &&
      (size_t)(special - p) <= s->reader->string_max)
    return end_string(s, is_key, p, (size_t)(special - p), special + 1);
  begin_token(s, CUT_STRING);
  return resume_string(s, p, end);
}

/* ---- numbers and words ---- */

static const char *skip_digits(const char *p, const char *end) {
  while (p < end && gc_is_digit(*p))
    p++;
  return p;
}

static bool is_number(const char *p, const char *end) {
  if (p < end && *p == '-')
    p++;
  const char *whole = p;
  p = skip_digits(p, end);
  if (p == whole || (*whole == '0' && p > whole + 1))
    return false;
  if (p < end && *p == '.') {
    const char *fraction = ++p;
    p = skip_digits(p, end);
    if (p == fraction)
      return false;
  }
  if (p < end && (*p == 'e' || *p == 'E')) {
    p++;
    if (p < end && (*p == '+' || *p == '-'))
      p++;
    const char *exponent = p;
    p = skip_digits(p, end);
    if (p == exponent)
      return false;
  }
  return p == end;
}

static inline bool is_scalar_byte(char c) {
  return gc_is_digit(c) || c == '.' || c == '-' || c == '+' || gc_is_letter(c);
}

static const char *end_scalar(struct gc_json_stream *s, const char *text,
                              size_t len, const char *p) {
  static const struct {
    const char *text;
    size_t len;
    enum gc_json_kind kind;
    bool truth;
  } words[] = {{"true", 4, GC_JSON_BOOL, true},
               {"false", 5, GC_JSON_BOOL, false},
               {"null", 4, GC_JSON_NULL, false}};
  struct gc_json_value v = {GC_JSON_NUMBER, false, text, len};
  s->cut = CUT_NONE;
  if (is_number(text, text + len))
    return take_value(s, &v, p);
  for (size_t i = 0; i < GC_COUNT(words); i++) {
    if (len != words[i].len || memcmp(text, words[i].text, len) != 0)
      continue;
    v.kind = words[i].kind;
    v.truth = words[i].truth;
    return take_value(s, &v, p);
  }
  return fail_syntax(s, p, "not a JSON value");
}

/* Reads a number or a word, which ends before the first byte that can be in
 * none. */
static const char *read_scalar(struct gc_json_stream *s, const char *p,
                               const char *end) {
  const char *q = p;
  while (q < end && is_scalar_byte(*q))
    q++;
  size_t len = (size_t)(q - p);
  if (s->cut == CUT_NONE && q < end && len <= s->reader->string_max)
    return end_scalar(s, p, len, q);
  if (s->cut == CUT_NONE)
    begin_token(s, CUT_SCALAR);
  q = keep_bytes(s, p, len, q);
  if (q == NULL || q == end)
    return q;
  return end_scalar(s, gc_buf_string(&s->text), s->text.len, q);
}

/* ---- the document, its chunks and its end ---- */

static inline const char *read_value(struct gc_json_stream *s, const char *p,
                                     const char *end) {
  switch (*p) {
  case '"':
    return read_string(s, false, p + 1, end);
  case '{':
    return open_container(s, GC_JSON_OBJECT, p + 1);
  case '[':
    return open_container(s, GC_JSON_ARRAY, p + 1);
  default:
    return read_scalar(s, p, end);
  }
}

static inline const char *read_key(struct gc_json_stream *s, const char *p,
                                   const char *end) {
  return *p == '"' ? read_string(s, true, p + 1, end)
                   : fail_syntax(s, p, "not the key of a member");
}

static inline const char *read_comma_or_end(struct gc_json_stream *s,
                                            const char *p) {
  bool is_array = is_in_array(s);
  if (*p == ',') {
    s->next = is_array ? NEXT_VALUE : NEXT_KEY;
    return p + 1;
  }
  return *p == (is_array ? ']' : '}')
             ? close_container(s, p + 1)
             : fail_syntax(s, p,
                           "neither a comma nor the end of the container");
}

/* Reads one token, or a part of it. */
static inline const char *read_token(struct gc_json_stream *s, const char *p,
                                     const char *end) {
  switch (s->next) {
  case NEXT_ELEMENT_OR_END:
    return *p == ']' ? close_container(s, p + 1) : read_value(s, p, end);
  case NEXT_VALUE:
    return read_value(s, p, end);
  case NEXT_KEY_OR_END:
    return *p == '}' ? close_container(s, p + 1) : read_key(s, p, end);
  case NEXT_KEY:
    return read_key(s, p, end);
  case NEXT_COLON:
    if (*p != ':')
      return fail_syntax(s, p, "no colon after a key");
    s->next = NEXT_VALUE;
    return p + 1;
  case NEXT_COMMA_OR_END:
    return read_comma_or_end(s, p);
  default:
    return fail_syntax(s, p, "something follows the JSON value");
  }
}

static void read_chunk(struct gc_json_stream *s, const char *p, size_t len) {
  const char *end = p + len;
  s->begin = p;
  s->end = end;
  if (s->cut == CUT_STRING)
    p = resume_string(s, p, end);
  else if (s->cut == CUT_SCALAR)
    p = read_scalar(s, p, end);
  while (p != NULL) {
    while (p < end && *p <= ' ' && gc_is_space(*p))
      p++;
    if (p == end)
      break;
    p = read_token(s, p, end);
  }
  s->base += (uint64_t)((p != NULL ? end : s->here) - s->begin);
  if (p == NULL)
    gc_fail_in(&s->why, s->failed,
               "JSON, byte %llu: ", (unsigned long long)s->base);
}

static enum gc_code report_failure(const struct gc_json_stream *s,
                                   struct gc_err *err) {
  if (err != NULL && s->failed != GC_OK)
    *err = s->why;
  return s->failed;
}

static enum gc_code fail_document(struct gc_json_stream *s, enum gc_code code,
                                  const char *what, struct gc_err *err) {
  s->failed = gc_fail(&s->why, code, "JSON, byte %llu: %s",
                      (unsigned long long)s->base, what);
  return report_failure(s, err);
}

struct gc_json_stream *gc_json_stream_new(const struct gc_json_reader *reader,
                                          void *ctx) {
  struct gc_json_stream *s = gc_zalloc(1, sizeof(*s));
  s->reader = reader;
  s->ctx = ctx;
  s->names.max = SIZE_MAX / 2;
  s->text.max = reader->string_max;
  make_table(s);
  gc_json_stream_reset(s);
  return s;
}

void gc_json_stream_free(struct gc_json_stream *s) {
  if (s == NULL)
    return;
  free(s->slots);
  gc_buf_wipe(&s->names);
  gc_buf_wipe(&s->text);
  free(s);
}

enum gc_code gc_json_stream_feed(struct gc_json_stream *s, const char *bytes,
                                 size_t len, struct gc_err *err) {
  if (s->failed != GC_OK)
    return report_failure(s, err);
  uint64_t room = s->reader->bytes_max - s->base;
  read_chunk(s, bytes, len < room ? len : (size_t)room);
  if (s->failed == GC_OK && len > room)
    return fail_document(s, GC_ERR_LIMIT, "the JSON is longer than the limit",
                         err);
  return report_failure(s, err);
}

enum gc_code gc_json_stream_end(struct gc_json_stream *s, struct gc_err *err) {
  /* A number at the root ends only with the next character. */
  if (s->failed == GC_OK && s->depth == 0 && s->cut == CUT_SCALAR) {
    read_chunk(s, " ", 1);
    s->base -= s->failed == GC_OK;
  }
  if (s->failed == GC_OK && s->next != NEXT_NOTHING)
    (void)fail_document(s, GC_ERR_PARSE,
                        "the JSON is cut off, or there is none", NULL);
  enum gc_code code = report_failure(s, err);
  gc_json_stream_reset(s);
  return code;
}

void gc_json_stream_reset(struct gc_json_stream *s) {
  s->next = NEXT_VALUE;
  s->cut = CUT_NONE;
  s->depth = 0;
  s->is_skipping = false;
  s->unit_len = 0;
  s->high = 0;
  s->names.len = 0;
  s->at = (struct gc_json_at){.key = "", .err = &s->why};
  s->known_key = "";
  s->base = 0;
  s->failed = GC_OK;
  s->why.code = GC_OK;
  s->why.text[0] = '\0';
}

enum gc_code gc_json_stream_next(struct gc_json_stream *s, const char *bytes,
                                 size_t len, struct gc_err *err) {
  gc_json_stream_reset(s);
  GC_TRY(gc_json_stream_feed(s, bytes, len, err));
  return gc_json_stream_end(s, err);
}

/* ---- where a value ends ---- */

/* True if an odd number of backslashes stands between `from` and `p`. */
static bool is_escaped(const char *from, const char *p) {
  const char *first = p;
  while (first - 1 > from && first[-1] == '\\')
    first--;
  return (p - first) % 2 != 0;
}

static const char *find_string_end(const char *p, const char *end) {
  const char *from = p;
  do
    p = memchr(p + 1, '"', (size_t)(end - p - 1));
  while (p != NULL && is_escaped(from, p));
  return p != NULL ? p + 1 : NULL;
}

const char *gc_json_string_end(const char *p, const char *end) {
  return find_string_end(p, end);
}

/* How each byte changes the depth; 2: a string begins. */
static const signed char steps[256] = {
    ['{'] = 1, ['['] = 1, ['}'] = -1, [']'] = -1, ['"'] = 2};

const char *gc_json_container_end(const char *p, const char *end) {
  size_t depth = 0;
  while (p != NULL && p < end) {
    signed char step = steps[(unsigned char)*p];
    if (step == 2) {
      p = find_string_end(p, end);
      continue;
    }
    p++;
    depth += (size_t)step;
    if (step < 0 && depth == 0)
      return p;
  }
  return NULL;
}
