/* SPDX-License-Identifier: MIT */
#include "collectd.h"
#include "configfile.h"

#include "common/daemon/option_value.h"

#include "common/base/alloc.h"
#include "common/base/utf8.h"

enum { SHOWN_MAX = 96 };

/* ---- words of messages ---- */

const char *gc_text_quote(char *out, size_t size, const char *in) {
  char cut[61];
  size_t used = gc_utf8_copy_printable(cut, sizeof(cut), in, '?');
  snprintf(out, size, "\"%s%s\"", cut, in[used] != '\0' ? "…" : "");
  return out;
}

/* ---- values ---- */

static void *member_of(const struct gc_opt *row, void *settings) {
  return (char *)settings + row->offset;
}

/* Writes " VALUE" as in the file; "" for a secret. */
static const char *show_value(const struct gc_opt *row,
                              const oconfig_value_t *v, char *out) {
  char quoted[SHOWN_MAX - 1];
  out[0] = '\0';
  if ((row->flags & GC_OPT_SECRET) != 0)
    return out;
  if (v->type == OCONFIG_TYPE_NUMBER)
    snprintf(out, SHOWN_MAX, " %.15g", v->value.number);
  else if (v->type == OCONFIG_TYPE_BOOLEAN)
    snprintf(out, SHOWN_MAX, " %s", v->value.boolean ? "true" : "false");
  else
    snprintf(out, SHOWN_MAX, " %s",
             gc_text_quote(quoted, sizeof(quoted), v->value.string));
  return out;
}

static bool number_of(const oconfig_value_t *v, double *ret_number) {
  if (v->type == OCONFIG_TYPE_NUMBER) {
    *ret_number = v->value.number;
    return true;
  }
  if (v->type != OCONFIG_TYPE_STRING)
    return false;

  /* strtod alone would accept " 7", "0x7", "inf" and "nan". */
  const char *text = v->value.string;
  if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0')
    return false;
  char *end;
  *ret_number = strtod(text, &end);
  return *end == '\0';
}

static bool is_in_range(const struct gc_opt *row, double x) {
  return x >= row->min && x <= row->max; /* false for NaN */
}

static enum gc_code not_a_number(const struct gc_opt *row,
                                 const oconfig_value_t *v, const char *what,
                                 struct gc_err *err) {
  char value[SHOWN_MAX];
  const char *unit = row->unit != NULL ? row->unit : "";
  return gc_fail(err, GC_ERR_CONFIG, "%s%s: not a %s from %.15g to %.15g%s%s%s",
                 row->key, show_value(row, v, value), what, row->min, row->max,
                 *unit != '\0' ? " (" : "", unit, *unit != '\0' ? ")" : "");
}

static enum gc_code read_int(const struct gc_opt *row, const oconfig_value_t *v,
                             uint32_t *ret_int, struct gc_err *err) {
  double x;
  if (!number_of(v, &x) || !is_in_range(row, x) || x < 0 || x > UINT32_MAX ||
      x != (double)(uint32_t)x)
    return not_a_number(row, v, "whole number", err);
  *ret_int = (uint32_t)x;
  return GC_OK;
}

static enum gc_code read_real(const struct gc_opt *row,
                              const oconfig_value_t *v, double *ret_real,
                              struct gc_err *err) {
  double x;
  if (!number_of(v, &x) || !is_in_range(row, x))
    return not_a_number(row, v, "number", err);
  *ret_real = x;
  return GC_OK;
}

static enum gc_code read_bool(const struct gc_opt *row,
                              const oconfig_value_t *v, bool *ret_bool,
                              struct gc_err *err) {
  static const char *const words[] = {"false", "true", "no",
                                      "yes",   "off",  "on"};
  if (v->type == OCONFIG_TYPE_BOOLEAN) {
    *ret_bool = v->value.boolean != 0;
    return GC_OK;
  }
  for (size_t i = 0; v->type == OCONFIG_TYPE_STRING && i < GC_COUNT(words); i++)
    if (strcasecmp(v->value.string, words[i]) == 0) {
      *ret_bool = i % 2 == 1;
      return GC_OK;
    }
  char value[SHOWN_MAX];
  return gc_fail(err, GC_ERR_CONFIG,
                 "%s%s: not one of true, false, yes, no, on, off", row->key,
                 show_value(row, v, value));
}

static enum gc_code read_enum(const struct gc_opt *row,
                              const oconfig_value_t *v, int *ret_index,
                              struct gc_err *err) {
  char words[256] = "", value[SHOWN_MAX];
  size_t used = 0;
  for (int i = 0; row->choices[i] != NULL; i++) {
    if (v->type == OCONFIG_TYPE_STRING &&
        strcasecmp(v->value.string, row->choices[i]) == 0) {
      *ret_index = i;
      return GC_OK;
    }
    if (used < sizeof(words))
      used += (size_t)snprintf(words + used, sizeof(words) - used, "%s\"%s\"",
                               i > 0 ? ", " : "", row->choices[i]);
  }
  return gc_fail(err, GC_ERR_CONFIG, "%s%s: not one of %s", row->key,
                 show_value(row, v, value), words);
}

/* Refuses a value that is not a text: collectd has turned 0815 into the number
 * 815 and `on` into a boolean, so the typed text is lost. */
static enum gc_code not_text(const struct gc_opt *row, const oconfig_value_t *v,
                             struct gc_err *err) {
  char value[SHOWN_MAX];
  return gc_fail(err, GC_ERR_CONFIG,
                 "%s%s: a %s where text is wanted; write it in double quotes",
                 row->key, show_value(row, v, value),
                 v->type == OCONFIG_TYPE_NUMBER ? "number" : "boolean");
}

static enum gc_code read_text(const struct gc_opt *row,
                              const oconfig_value_t *v, char **ret_text,
                              struct gc_err *err) {
  if (v->type == OCONFIG_TYPE_NUMBER && (row->flags & GC_OPT_OR_NUMBER) != 0) {
    char number[32];
    snprintf(number, sizeof(number), "%.15g", v->value.number);
    *ret_text = gc_strdup(number);
    return GC_OK;
  }
  if (v->type != OCONFIG_TYPE_STRING)
    return not_text(row, v, err);

  for (const char *c = v->value.string; *c != '\0'; c++)
    if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) {
      char value[SHOWN_MAX];
      return gc_fail(err, GC_ERR_CONFIG,
                     "%s%s: holds a line break or control character; is a "
                     "double quote missing?",
                     row->key, show_value(row, v, value));
    }

  *ret_text = strdup(v->value.string);
  return *ret_text != NULL
             ? GC_OK
             : gc_fail(err, GC_ERR_MEMORY, "%s: out of memory", row->key);
}

static void wipe_text(const struct gc_opt *row, char **text) {
  if (*text != NULL && (row->flags & GC_OPT_SECRET) != 0)
    explicit_bzero(*text, strlen(*text));
  free(*text);
  *text = NULL;
}

static void clear_option(const struct gc_opt *row, void *settings) {
  void *at = member_of(row, settings);
  if (row->kind == GC_OPT_KIND_STR) {
    wipe_text(row, at);
  } else if (row->kind == GC_OPT_KIND_STRS) {
    struct gc_strs *list = at;
    for (size_t i = 0; i < list->count; i++)
      wipe_text(row, &list->at[i]);
    free(list->at);
    *list = (struct gc_strs){0};
  } else if (row->kind == GC_OPT_KIND_REALS) {
    struct gc_reals *list = at;
    free(list->at);
    *list = (struct gc_reals){0};
  }
}

/* Reads a text. "" stands for "none": the pointer is then NULL. */
static enum gc_code read_str(const struct gc_opt *row, const oconfig_value_t *v,
                             char **str, struct gc_err *err) {
  char *text;
  GC_TRY(read_text(row, v, &text, err));
  wipe_text(row, str);
  *str = text;
  if (text[0] == '\0')
    wipe_text(row, str);
  return GC_OK;
}

static enum gc_code add_str(const struct gc_opt *row, const oconfig_value_t *v,
                            struct gc_strs *list, struct gc_err *err) {
  char *text;
  GC_TRY(read_text(row, v, &text, err));
  if (text[0] == '\0') {
    free(text);
    return gc_fail(err, GC_ERR_CONFIG, "%s \"\": an empty value", row->key);
  }
  char **at = realloc(list->at, (list->count + 1) * sizeof(*at));
  if (at == NULL) {
    free(text);
    return gc_fail(err, GC_ERR_MEMORY, "%s: out of memory", row->key);
  }
  list->at = at;
  list->at[list->count++] = text;
  return GC_OK;
}

static enum gc_code add_real(const struct gc_opt *row, const oconfig_value_t *v,
                             struct gc_reals *list, struct gc_err *err) {
  double x = 0;
  GC_TRY(read_real(row, v, &x, err));
  if (list->count > 0 && x <= list->at[list->count - 1])
    return gc_fail(err, GC_ERR_CONFIG,
                   "%s %.15g: not greater than the value before it (%.15g)",
                   row->key, x, list->at[list->count - 1]);
  double *at = realloc(list->at, (list->count + 1) * sizeof(*at));
  if (at == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "%s: out of memory", row->key);
  list->at = at;
  list->at[list->count++] = x;
  return GC_OK;
}

static enum gc_code read_value(const struct gc_opt *row,
                               const oconfig_value_t *v, void *settings,
                               struct gc_err *err) {
  void *at = member_of(row, settings);
  switch (row->kind) {
  case GC_OPT_KIND_STR:
    return read_str(row, v, at, err);
  case GC_OPT_KIND_STRS:
    return add_str(row, v, at, err);
  case GC_OPT_KIND_INT:
    return read_int(row, v, at, err);
  case GC_OPT_KIND_REAL:
    return read_real(row, v, at, err);
  case GC_OPT_KIND_REALS:
    return add_real(row, v, at, err);
  case GC_OPT_KIND_BOOL:
    return read_bool(row, v, at, err);
  case GC_OPT_KIND_ENUM:
    return read_enum(row, v, at, err);
  }
  return gc_fail(err, GC_ERR_CONFIG, "%s: a row of an unknown kind", row->key);
}

static bool is_list(const struct gc_opt *row) {
  return row->kind == GC_OPT_KIND_STRS || row->kind == GC_OPT_KIND_REALS;
}

enum gc_code gc_option_read(const struct gc_opt *row, const oconfig_item_t *ci,
                            bool again, void *settings, struct gc_err *err) {
  if (again && !is_list(row))
    return gc_fail(err, GC_ERR_CONFIG, "%s is given twice", row->key);
  if (ci->values_num < 1)
    return gc_fail(err, GC_ERR_CONFIG, "%s has no value", row->key);
  if (ci->values_num > 1 && !is_list(row))
    return gc_fail(err, GC_ERR_CONFIG, "%s has %d values; it takes one",
                   row->key, ci->values_num);

  if (!again && is_list(row))
    clear_option(row, settings);
  for (int i = 0; i < ci->values_num; i++)
    GC_TRY(read_value(row, &ci->values[i], settings, err));
  return GC_OK;
}

static enum gc_code preset_option(const struct gc_opt *row, void *settings) {
  char *text = strdup(row->preset);
  if (text == NULL)
    return GC_ERR_MEMORY;

  enum gc_code code = GC_OK;
  char *rest = text;
  do {
    char *word = is_list(row) ? strsep(&rest, " ") : gc_steal(rest);
    oconfig_value_t v = {.type = OCONFIG_TYPE_STRING, .value.string = word};
    if (*word != '\0' || !is_list(row))
      code = read_value(row, &v, settings, NULL);
  } while (code == GC_OK && rest != NULL);
  free(text);
  return code;
}

enum gc_code gc_options_preset(const struct gc_opt *rows, void *settings) {
  for (const struct gc_opt *row = rows; row->key != NULL; row++)
    if (row->preset != NULL)
      GC_TRY(preset_option(row, settings));
  return GC_OK;
}

static void zero_option(const struct gc_opt *row, void *settings) {
  static const size_t sizes[] = {
      [GC_OPT_KIND_STR] = sizeof(char *),
      [GC_OPT_KIND_STRS] = sizeof(struct gc_strs),
      [GC_OPT_KIND_INT] = sizeof(uint32_t),
      [GC_OPT_KIND_REAL] = sizeof(double),
      [GC_OPT_KIND_REALS] = sizeof(struct gc_reals),
      [GC_OPT_KIND_BOOL] = sizeof(bool),
      [GC_OPT_KIND_ENUM] = sizeof(int),
  };
  memset(member_of(row, settings), 0, sizes[row->kind]);
}

void gc_options_clear(const struct gc_opt *rows, void *settings) {
  for (const struct gc_opt *row = rows;
       settings != NULL && row != NULL && row->key != NULL; row++) {
    clear_option(row, settings);
    zero_option(row, settings);
  }
}
