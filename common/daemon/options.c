/* SPDX-License-Identifier: MIT */
#include "common/daemon/options.h"

#include "collectd.h"
#include "configfile.h"

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/nearest.h"
#include "common/base/utf8.h"

enum { QUOTED_MAX = 80, SHOWN_MAX = 96, WHERE_MAX = 200 };

/* Writes `in` in double quotes, cut at some 60 bytes and marked with "…", as
 * messages show a value or a name of the file. `size` is at least 80. */
static const char *quote_text(char *out, size_t size, const char *in) {
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
             quote_text(quoted, sizeof(quoted), v->value.string));
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

  *ret_text = gc_strdup(v->value.string);
  return GC_OK;
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
  list->at = gc_resize(list->at, list->count + 1, sizeof(*list->at));
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
  list->at = gc_resize(list->at, list->count + 1, sizeof(*list->at));
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
    break;
  }
  return read_enum(row, v, at, err);
}

static bool is_list(const struct gc_opt *row) {
  return row->kind == GC_OPT_KIND_STRS || row->kind == GC_OPT_KIND_REALS;
}

/* Reads all values of `ci`. `again`: the option was given before, so a list
 * grows; otherwise the values replace the default. An error text begins with
 * the option's name. */
static enum gc_code read_values(const struct gc_opt *row,
                                const oconfig_item_t *ci, bool again,
                                void *settings, struct gc_err *err) {
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

static void preset_option(const struct gc_opt *row, void *settings) {
  char *text = gc_strdup(row->preset), *rest = text;
  do {
    char *word = is_list(row) ? strsep(&rest, " ") : gc_steal(rest);
    oconfig_value_t v = {.type = OCONFIG_TYPE_STRING, .value.string = word};
    enum gc_code code = GC_OK;
    if (*word != '\0' || !is_list(row))
      code = read_value(row, &v, settings, NULL);
    GC_ASSERT(code == GC_OK);
    (void)code;
  } while (rest != NULL);
  free(text);
}

void gc_options_preset(const struct gc_opt *rows, void *settings) {
  for (const struct gc_opt *row = rows; row->key != NULL; row++)
    if (row->preset != NULL)
      preset_option(row, settings);
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

/* ---- sections and blocks ---- */

static const struct gc_opt no_rows[] = {GC_OPT_END};
static const struct gc_block_kind no_blocks[] = {{.key = NULL}};

/* The keys that are accepted at one place of the file. */
struct place {
  const char *where; /* "genesys: <Account "prod">: ", start of each text */
  const struct gc_opt *rows;
  const struct gc_block_kind *blocks;
};

static int row_of(const struct gc_opt *rows, const char *key) {
  for (int i = 0; rows[i].key != NULL; i++)
    if (strcasecmp(rows[i].key, key) == 0)
      return i;
  return -1;
}

static const struct gc_block_kind *kind_of(const struct gc_block_kind *blocks,
                                           const char *key) {
  for (const struct gc_block_kind *b = blocks; b->key != NULL; b++)
    if (strcasecmp(b->key, key) == 0)
      return b;
  return NULL;
}

/* Lists the place's keys and returns their number. */
static size_t words_of(const struct place *at, const char **words, size_t max) {
  size_t count = 0;
  for (int i = 0; at->rows[i].key != NULL && count < max; i++)
    words[count++] = at->rows[i].key;
  for (int i = 0; at->blocks[i].key != NULL && count < max; i++)
    words[count++] = at->blocks[i].key;
  return count;
}

/* Writes the keys as "A, B, <C "NAME">": the whole words that fit, and "…" for
 * the rest. */
static void list_words(const struct place *at, char *out, size_t size) {
  const char *words[GC_OPT_ROWS_MAX * 2];
  size_t count = words_of(at, words, GC_COUNT(words)), used = 0;
  out[0] = '\0';
  for (size_t i = 0; i < count; i++) {
    char word[QUOTED_MAX];
    const struct gc_block_kind *kind = kind_of(at->blocks, words[i]);
    snprintf(word, sizeof(word), kind == NULL ? "%s%s" : "%s<%s%s>",
             i > 0 ? ", " : "", words[i],
             kind != NULL && kind->named ? " \"NAME\"" : "");
    if (used + strlen(word) + sizeof(", …") > size) {
      snprintf(out + used, size - used, "%s", i > 0 ? ", …" : "");
      return;
    }
    used += (size_t)snprintf(out + used, size - used, "%s", word);
  }
}

/* Fails with `head` and the accepted keys, as far as they fit. */
static enum gc_code refuse_key(const struct place *at, const char *head,
                               const char *key, struct gc_err *err) {
  const char *words[GC_OPT_ROWS_MAX * 2];
  const char *meant =
      gc_text_nearest(key, words, words_of(at, words, GC_COUNT(words)));
  char hint[QUOTED_MAX] = "", list[sizeof(err->text)];
  if (meant != NULL)
    snprintf(hint, sizeof(hint), "; did you mean \"%s\"?", meant);

  static const char accepted[] = " Accepted: ";
  size_t taken = strlen(at->where) + strlen(head) + strlen(hint) +
                 sizeof(accepted) + sizeof(";");
  if (taken + 16 > sizeof(list))
    return gc_fail(err, GC_ERR_CONFIG, "%s%s%s", at->where, head, hint);
  list_words(at, list, sizeof(list) - taken);
  return gc_fail(err, GC_ERR_CONFIG, "%s%s%s%s%s%s", at->where, head, hint,
                 meant == NULL ? "." : "", accepted, list);
}

static enum gc_code refuse_unknown(const struct place *at,
                                   const oconfig_item_t *item, int order,
                                   struct gc_err *err) {
  char quoted[QUOTED_MAX], head[WHERE_MAX];
  quote_text(quoted, sizeof(quoted), item->key);
  if (item->children_num > 0)
    snprintf(head, sizeof(head), "unknown block %s", quoted);
  else
    snprintf(head, sizeof(head), "unknown option %s (option %d of the block)",
             quoted, order);
  return refuse_key(at, head, item->key, err);
}

static enum gc_code read_option(const struct place *at,
                                const oconfig_item_t *item, int order,
                                uint64_t *given, void *settings,
                                struct gc_err *err) {
  int i = row_of(at->rows, item->key);
  if (i < 0)
    return refuse_unknown(at, item, order, err);
  GC_ASSERT(i < GC_OPT_ROWS_MAX);
  if (item->children_num > 0)
    return gc_fail(err, GC_ERR_CONFIG, "%s%s is an option, not a block",
                   at->where, at->rows[i].key);

  uint64_t bit = UINT64_C(1) << i;
  enum gc_code code =
      read_values(&at->rows[i], item, (*given & bit) != 0, settings, err);
  *given |= bit;
  return code == GC_OK ? GC_OK : gc_fail_in(err, code, "%s", at->where);
}

static enum gc_code read_block_options(const struct place *at,
                                       const oconfig_item_t *block,
                                       void *settings, struct gc_err *err) {
  uint64_t given = 0;
  for (int i = 0; i < block->children_num; i++)
    GC_TRY(read_option(at, &block->children[i], i + 1, &given, settings, err));

  for (int i = 0; at->rows[i].key != NULL; i++) {
    const struct gc_opt *row = &at->rows[i];
    char *const *str = (void *)((char *)settings + row->offset);
    if ((row->flags & GC_OPT_NEEDED) == 0)
      continue;
    if ((given & (UINT64_C(1) << i)) == 0)
      return gc_fail(err, GC_ERR_CONFIG, "%s%s is missing", at->where,
                     row->key);
    if (row->kind == GC_OPT_KIND_STR && *str == NULL)
      return gc_fail(err, GC_ERR_CONFIG, "%s%s is empty", at->where, row->key);
  }
  return GC_OK;
}

/* Writes "genesys: <Account "prod">: " to `where`; fails without a name. */
static enum gc_code name_block(const struct gc_config *config,
                               const struct gc_block_kind *kind,
                               const oconfig_item_t *item, char *where,
                               struct gc_err *err) {
  char quoted[QUOTED_MAX];
  snprintf(where, WHERE_MAX, "%s: <%s>: ", config->plugin, kind->key);
  if (!kind->named && item->values_num == 0)
    return GC_OK;
  if (!kind->named)
    return gc_fail(err, GC_ERR_CONFIG, "%sthis block has no name; write <%s>",
                   where, kind->key);
  if (item->values_num != 1 || item->values[0].type != OCONFIG_TYPE_STRING ||
      item->values[0].value.string[0] == '\0')
    return gc_fail(err, GC_ERR_CONFIG,
                   "%sthe block needs one name in double quotes: "
                   "<%s \"NAME\">",
                   where, kind->key);
  snprintf(where, WHERE_MAX, "%s: <%s %s>: ", config->plugin, kind->key,
           quote_text(quoted, sizeof(quoted), item->values[0].value.string));
  return GC_OK;
}

/* Remembers "KIND NAME"; fails if it was remembered before. */
static enum gc_code remember_block(struct gc_config_seen *seen,
                                   const struct gc_block_kind *kind,
                                   const char *name, const char *where,
                                   struct gc_err *err) {
  struct gc_strs *blocks = &seen->blocks;
  size_t size = strlen(kind->key) + (name != NULL ? strlen(name) : 0) + 2;
  char *id = gc_zalloc(size, 1);
  snprintf(id, size, "%s %s", kind->key, name != NULL ? name : "");
  for (size_t i = 0; i < blocks->count; i++)
    if (strcmp(blocks->at[i], id) == 0) {
      free(id);
      return gc_fail(err, GC_ERR_CONFIG, "%sthere is another block of this %s",
                     where, name != NULL ? "name" : "kind");
    }
  blocks->at = gc_resize(blocks->at, blocks->count + 1, sizeof(*blocks->at));
  blocks->at[blocks->count++] = id;
  return GC_OK;
}

static enum gc_code read_block(const struct gc_config *config,
                               const struct gc_block_kind *kind,
                               const oconfig_item_t *item, struct gc_err *err) {
  char where[WHERE_MAX];
  GC_TRY(name_block(config, kind, item, where, err));
  const char *name = kind->named ? item->values[0].value.string : NULL;
  GC_TRY(remember_block(config->seen, kind, name, where, err));

  void *settings = gc_zalloc(1, kind->size);
  const struct place at = {where, kind->rows, no_blocks};
  gc_options_preset(kind->rows, settings);
  enum gc_code code = read_block_options(&at, item, settings, err);
  if (code != GC_OK) {
    gc_options_clear(kind->rows, settings);
    free(settings);
    return code;
  }

  code = kind->read(name, settings, err);
  return code == GC_OK ? GC_OK : gc_fail_in(err, code, "%s", where);
}

/* Reads an option outside of any block. */
static enum gc_code read_outside(const struct gc_config *config,
                                 const struct place *at,
                                 const oconfig_item_t *item, int order,
                                 struct gc_err *err) {
  char head[WHERE_MAX], quoted[QUOTED_MAX];
  quote_text(quoted, sizeof(quoted), item->key);
  for (const struct gc_block_kind *b = at->blocks; b->key != NULL; b++)
    if (item->children_num == 0 && row_of(at->rows, item->key) < 0 &&
        row_of(b->rows, item->key) >= 0) {
      snprintf(head, sizeof(head), "option %s belongs inside of a block",
               quoted);
      return refuse_key(&(struct place){at->where, no_rows, at->blocks}, head,
                        "", err);
    }
  if (at->rows == no_rows && item->children_num == 0) {
    snprintf(head, sizeof(head), "option %s outside of any block", quoted);
    return refuse_key(at, head, item->key, err);
  }
  return read_option(at, item, order, &config->seen->options, config->settings,
                     err);
}

enum gc_code gc_config_read(const struct gc_config *config,
                            const oconfig_item_t *ci, struct gc_err *err) {
  char where[WHERE_MAX];
  snprintf(where, sizeof(where), "%s: ", config->plugin);
  const struct place at = {where, config->rows != NULL ? config->rows : no_rows,
                           config->blocks != NULL ? config->blocks : no_blocks};

  if (!config->seen->begun)
    gc_options_preset(at.rows, config->settings);
  config->seen->begun = true;

  for (int i = 0; i < ci->children_num; i++) {
    const oconfig_item_t *item = &ci->children[i];
    const struct gc_block_kind *kind = kind_of(at.blocks, item->key);
    GC_TRY(kind != NULL ? read_block(config, kind, item, err)
                        : read_outside(config, &at, item, i + 1, err));
  }
  return GC_OK;
}

void gc_config_seen_clear(struct gc_config_seen *seen) {
  if (seen == NULL)
    return;
  for (size_t i = 0; i < seen->blocks.count; i++)
    free(seen->blocks.at[i]);
  free(seen->blocks.at);
  *seen = (struct gc_config_seen){0};
}

/* ---- checks that several plugins have ---- */

enum { CONNECT_TIMEOUT_DEFAULT_S = 5 };

bool gc_options_warn_timeouts(uint32_t timeout_s, uint32_t connect_timeout_s,
                              struct gc_err *warning) {
  if (connect_timeout_s <= timeout_s ||
      connect_timeout_s == CONNECT_TIMEOUT_DEFAULT_S)
    return false;
  (void)gc_fail(warning, GC_ERR_CONFIG,
                "ConnectTimeout %u is longer than Timeout %u, which ends a "
                "connection attempt too: raise Timeout or lower "
                "ConnectTimeout",
                (unsigned)connect_timeout_s, (unsigned)timeout_s);
  return true;
}
