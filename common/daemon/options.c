/* SPDX-License-Identifier: MIT */
#include "common/daemon/options.h"

#include "collectd.h"
#include "configfile.h"

#include "common/daemon/option_value.h"

enum { QUOTED_MAX = 80, WHERE_MAX = 200 };

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
  gc_text_quote(quoted, sizeof(quoted), item->key);
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
  if (i >= GC_OPT_ROWS_MAX)
    return gc_fail(err, GC_ERR_CONFIG, "%s%s: too many rows", at->where,
                   at->rows[i].key);
  if (item->children_num > 0)
    return gc_fail(err, GC_ERR_CONFIG, "%s%s is an option, not a block",
                   at->where, at->rows[i].key);

  uint64_t bit = UINT64_C(1) << i;
  enum gc_code code =
      gc_option_read(&at->rows[i], item, (*given & bit) != 0, settings, err);
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
           gc_text_quote(quoted, sizeof(quoted), item->values[0].value.string));
  return GC_OK;
}

/* Remembers "KIND NAME"; fails if it was remembered before. */
static enum gc_code remember_block(struct gc_config_seen *seen,
                                   const struct gc_block_kind *kind,
                                   const char *name, const char *where,
                                   struct gc_err *err) {
  size_t size = strlen(kind->key) + (name != NULL ? strlen(name) : 0) + 2;
  char *id = malloc(size);
  char **at = realloc(seen->blocks.at, (seen->blocks.count + 1) * sizeof(*at));
  if (at != NULL)
    seen->blocks.at = at;
  if (id == NULL || at == NULL) {
    free(id);
    return gc_fail(err, GC_ERR_MEMORY, "%sout of memory", where);
  }

  snprintf(id, size, "%s %s", kind->key, name != NULL ? name : "");
  for (size_t i = 0; i < seen->blocks.count; i++)
    if (strcmp(at[i], id) == 0) {
      free(id);
      return gc_fail(err, GC_ERR_CONFIG, "%sthere is another block of this %s",
                     where, name != NULL ? "name" : "kind");
    }
  at[seen->blocks.count++] = id;
  return GC_OK;
}

static enum gc_code read_block(const struct gc_config *config,
                               const struct gc_block_kind *kind,
                               const oconfig_item_t *item, struct gc_err *err) {
  char where[WHERE_MAX];
  GC_TRY(name_block(config, kind, item, where, err));
  const char *name = kind->named ? item->values[0].value.string : NULL;
  GC_TRY(remember_block(config->seen, kind, name, where, err));

  void *settings = calloc(1, kind->size);
  if (settings == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "%sout of memory", where);

  const struct place at = {where, kind->rows, no_blocks};
  enum gc_code code = gc_options_preset(kind->rows, settings);
  if (code != GC_OK)
    gc_fail(err, code, "%sits defaults: %s", where, gc_code_words(code));
  else
    code = read_block_options(&at, item, settings, err);
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
  gc_text_quote(quoted, sizeof(quoted), item->key);
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

  if (!config->seen->begun && config->rows != NULL) {
    enum gc_code code = gc_options_preset(config->rows, config->settings);
    if (code != GC_OK)
      return gc_fail(err, code, "%sits defaults: %s", where,
                     gc_code_words(code));
  }
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
