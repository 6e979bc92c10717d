/* SPDX-License-Identifier: MIT */
#include "common/base/json/writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/decimal.h"
#include "common/base/utf8.h"

static void fail(struct gc_json_out *j, enum gc_code code, const char *why) {
  if (j->failed != GC_OK)
    return;
  j->failed = code;
  j->why = why;
}

static void put(struct gc_json_out *j, const char *bytes, size_t len) {
  if (j->failed != GC_OK)
    return;
  enum gc_code code = gc_buf_add(j->out, bytes, len);
  if (code != GC_OK)
    fail(j, code, gc_code_words(code));
}

/* The comma before the next key or element. */
static void put_comma(struct gc_json_out *j) {
  if (j->levels[j->depth - 1].has_items)
    put(j, ",", 1);
  j->levels[j->depth - 1].has_items = true;
}

/* Before each value. */
static void begin_value(struct gc_json_out *j) {
  if (j->depth == 0) {
    if (j->written)
      fail(j, GC_ERR_PARSE, "a second value at the root");
    j->written = true;
  } else if (!j->levels[j->depth - 1].is_object) {
    put_comma(j);
  } else if (!j->has_key) {
    fail(j, GC_ERR_PARSE, "a value in an object without a key");
  }
  j->has_key = false;
}

static void open_container(struct gc_json_out *j, bool is_object) {
  begin_value(j);
  if (j->depth == GC_JSON_OUT_DEPTH_MAX) {
    fail(j, GC_ERR_LIMIT, "nested too deep");
    return;
  }
  put(j, is_object ? "{" : "[", 1);
  j->levels[j->depth].is_object = is_object;
  j->levels[j->depth].has_items = false;
  j->depth++;
}

void gc_json_out_object(struct gc_json_out *j) { open_container(j, true); }

void gc_json_out_array(struct gc_json_out *j) { open_container(j, false); }

void gc_json_out_close(struct gc_json_out *j) {
  if (j->depth == 0 || j->has_key) {
    fail(j, GC_ERR_PARSE, "closed what is not open, or after a key");
    return;
  }
  j->depth--;
  put(j, j->levels[j->depth].is_object ? "}" : "]", 1);
}

/* What stands for one byte that may not stand for itself; "" for others. */
static const char *escape(unsigned char c, char room[8]) {
  switch (c) {
  case '"':
    return "\\\"";
  case '\\':
    return "\\\\";
  case '\n':
    return "\\n";
  case '\t':
    return "\\t";
  case '\r':
    return "\\r";
  default:
    if (c >= 0x20 && c != 0x7f)
      return "";
    snprintf(room, 8, "\\u%04x", c);
    return room;
  }
}

/* What may stay as it is goes out in pieces as long as can be. */
static void put_string(struct gc_json_out *j, const char *text, size_t len) {
  size_t plain = 0;
  put(j, "\"", 1);
  for (size_t at = 0; at < len;) {
    char room[8];
    const char *instead = "";
    size_t size = gc_utf8_char(text + at, len - at, NULL);
    if (size == 1)
      instead = escape((unsigned char)text[at], room);
    else if (size == 0)
      instead = "\xef\xbf\xbd";
    if (instead[0] != '\0') {
      put(j, text + plain, at - plain);
      put(j, instead, strlen(instead));
      plain = at + 1;
    }
    at += size > 0 ? size : 1;
  }
  put(j, text + plain, len - plain);
  put(j, "\"", 1);
}

void gc_json_out_key(struct gc_json_out *j, const char *key) {
  if (j->depth == 0 || !j->levels[j->depth - 1].is_object || j->has_key) {
    fail(j, GC_ERR_PARSE, "a key where none belongs");
    return;
  }
  put_comma(j);
  put_string(j, key, strlen(key));
  put(j, ":", 1);
  j->has_key = true;
}

void gc_json_out_text(struct gc_json_out *j, const char *text, size_t len) {
  begin_value(j);
  put_string(j, text, len);
}

void gc_json_out_string(struct gc_json_out *j, const char *text) {
  if (text == NULL)
    gc_json_out_null(j);
  else
    gc_json_out_text(j, text, strlen(text));
}

static void put_word(struct gc_json_out *j, const char *word) {
  begin_value(j);
  put(j, word, strlen(word));
}

void gc_json_out_int(struct gc_json_out *j, int64_t value) {
  char text[24];
  snprintf(text, sizeof(text), "%" PRId64, value);
  put_word(j, text);
}

/* What printf puts between the digits by the locale becomes a point; it may
 * have several bytes. */
static void mend_point(char *text) {
  char *to = text;
  for (const char *from = text; *from != '\0'; from++) {
    bool plain = strchr("0123456789+-e", *from) != NULL;
    if (plain || to == text || to[-1] != '.')
      *to++ = plain ? *from : '.';
  }
  *to = '\0';
}

void gc_json_out_real(struct gc_json_out *j, double value) {
  if (!isfinite(value)) {
    fail(j, GC_ERR_PARSE, "a number that is not finite");
    return;
  }
  char text[64];
  for (int digits = 15; digits <= 17; digits++) {
    double back = 0;
    snprintf(text, sizeof(text), "%.*g", digits, value);
    mend_point(text);
    if (gc_decimal_real(text, strlen(text), &back) && back == value)
      break;
  }
  put_word(j, text);
}

void gc_json_out_bool(struct gc_json_out *j, bool value) {
  put_word(j, value ? "true" : "false");
}

void gc_json_out_null(struct gc_json_out *j) { put_word(j, "null"); }

enum gc_code gc_json_out_end(struct gc_json_out *j, struct gc_err *err) {
  if (j->depth > 0 || !j->written)
    fail(j, GC_ERR_PARSE, "the document is not complete");
  if (j->failed == GC_OK)
    return GC_OK;
  return gc_fail(err, j->failed, "writing JSON: %s", j->why);
}
