/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/conflict.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/base/json/document.h"

enum { BODY_MAX = 64 * 1024 };

static const char *const types[INFLUX_TYPE_COUNT] = {
    [INFLUX_TYPE_FLOAT] = "float",       [INFLUX_TYPE_INTEGER] = "integer",
    [INFLUX_TYPE_UNSIGNED] = "unsigned", [INFLUX_TYPE_BOOLEAN] = "boolean",
    [INFLUX_TYPE_STRING] = "string",
};

/* ---- the answer ---- */

/* Copies the text before `end`; returns what follows `end`. NULL: `text` is
 * NULL, has no `end`, or is too long. */
static const char *copy_until(const char *text, const char *end,
                              char ret[INFLUX_CONFLICT_NAME_SIZE]) {
  const char *at = text != NULL ? strstr(text, end) : NULL;
  if (at == NULL || at - text >= INFLUX_CONFLICT_NAME_SIZE)
    return NULL;
  memcpy(ret, text, (size_t)(at - text));
  ret[at - text] = '\0';
  return at + strlen(end);
}

static bool read_words(const char *words, struct influx_conflict *ret) {
  static const char begin[] = "field type conflict: input field \"";
  char type[INFLUX_CONFLICT_NAME_SIZE];
  const char *at = strstr(words, begin);
  if (at == NULL)
    return false;
  at = copy_until(at + strlen(begin), "\" on measurement \"", ret->field);
  at = copy_until(at, "\" is type ", ret->measurement);
  at = copy_until(at, ", already exists as type ", type);
  for (int i = 0; at != NULL && i < INFLUX_TYPE_COUNT; i++) {
    ret->type = (enum influx_type)i;
    if (strcmp(type, types[i]) == 0)
      return true;
  }
  return false;
}

static uint64_t read_dropped(const char *words) {
  static const char begin[] = "partial write: ", name[] = " dropped=";
  const char *at = strstr(words, begin), *last = NULL;
  while (at != NULL && (at = strstr(at, name)) != NULL)
    last = at += strlen(name);
  if (last == NULL || !gc_is_digit(*last))
    return 0;
  char *end;
  uint64_t count = strtoull(last, &end, 10);
  return *end == '\0' ? count : 0;
}

/* Reads the lines of InfluxDB 3, unless there are too many or one of them has
 * no number. */
static void read_numbers(struct json_object *data, struct influx_refusal *ret) {
  size_t count = gc_document_count(data);
  if (count > INFLUX_NUMBERS_MAX)
    return;
  for (size_t i = 0; i < count; i++) {
    double number = 0, least = i > 0 ? ret->numbers[i - 1] + 1.0 : 1.0;
    if (!gc_document_number(gc_document_element(data, i), "line_number",
                            &number) ||
        number < least || number > UINT32_MAX)
      return;
    ret->numbers[i] = (uint32_t)number;
  }
  ret->number_count = count;
}

void influx_refusal_read(const struct gc_buf *body,
                         struct influx_refusal *ret) {
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  struct gc_err err;
  ret->dropped = ret->number_count = 0;
  ret->is_too_old = ret->has_conflict = false;
  if (gc_document_read(&answer, gc_buf_string(body), body->len, BODY_MAX,
                       &err) != GC_OK)
    return;
  const char *words = gc_document_text(answer.root, "error");
  if (words == NULL)
    words = gc_document_text(answer.root, "message");
  if (words == NULL)
    return;
  ret->dropped = read_dropped(words);
  ret->is_too_old = strstr(words, "beyond retention") != NULL;
  ret->has_conflict = read_words(words, &ret->conflict);
  read_numbers(gc_document_member(answer.root, "data"), ret);
}

/* ---- a line ---- */

struct text {
  const char *at, *end;
};

/* Goes on to the first of `stops` that is not escaped. Returns true if the text
 * before it is `name`, without its escapes. */
static bool read_name(struct text *t, const char *stops, const char *name) {
  bool is_equal = true;
  for (; t->at < t->end && strchr(stops, *t->at) == NULL; t->at++) {
    if (*t->at == '\\' && t->at + 1 < t->end && strchr(",= ", t->at[1]) != NULL)
      t->at++;
    is_equal = is_equal && *t->at == *name;
    name += is_equal;
  }
  return is_equal && *name == '\0';
}

/* Goes on to the end of a field's value; returns its type. */
static enum influx_type read_value(struct text *t) {
  const char *from = t->at;
  bool is_quoted = t->at < t->end && *t->at == '"';
  if (is_quoted)
    for (t->at++; t->at < t->end && *t->at != '"'; t->at++)
      t->at += *t->at == '\\' && t->at + 1 < t->end;
  while (t->at < t->end && strchr(", \n", *t->at) == NULL)
    t->at++;
  if (is_quoted)
    return INFLUX_TYPE_STRING;
  if (from < t->at && strchr("tTfF", *from) != NULL)
    return INFLUX_TYPE_BOOLEAN;
  char last = from < t->at ? t->at[-1] : '\0';
  return last == 'i'   ? INFLUX_TYPE_INTEGER
         : last == 'u' ? INFLUX_TYPE_UNSIGNED
                       : INFLUX_TYPE_FLOAT;
}

bool influx_conflict_has(const struct influx_conflict *c, const char *line,
                         size_t len) {
  struct text t = {line, line + len};
  if (!read_name(&t, ", \n", c->measurement))
    return false;
  (void)read_name(&t, " \n", ""); /* the tags */
  while (t.at < t.end && (*t.at == ' ' || *t.at == ',')) {
    t.at++;
    bool is_field = read_name(&t, "= \n", c->field);
    if (t.at == t.end || *t.at != '=')
      return false; /* the time */
    t.at++;
    if (read_value(&t) == c->type && is_field)
      return true;
  }
  return false;
}
