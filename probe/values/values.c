/* SPDX-License-Identifier: MIT */
#include "probe/values/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/cleanup.h"
#include "common/base/decimal.h"
#include "common/export/rule.h"
#include "probe/findings.h"

enum { WORDS_MAX = 11, LEVEL_ERROR = 3, LEVEL_WARNING = 4, SUBJECT_SIZE = 400 };

struct line {
  struct probe_values *values;
  struct probe_results *results;
  char **words;
};

/* ---- blocks ---- */

static struct probe_tried *find_tried(const struct probe_values *v,
                                      const char *plugin, const char *block) {
  for (size_t i = 0; i < v->tried_count; i++)
    if (strcmp(v->tried[i].plugin, plugin) == 0 &&
        strcmp(v->tried[i].block, block) == 0)
      return &v->tried[i];
  return NULL;
}

static enum gc_code add_tried(const struct line *l, const char *why) {
  struct probe_values *v = l->values;
  struct probe_tried *at = gc_resize(v->tried, v->tried_count + 1, sizeof(*at));
  v->tried = at;
  at[v->tried_count++] = (struct probe_tried){.plugin = gc_strdup(l->words[1]),
                                              .block = gc_strdup(l->words[2]),
                                              .subject = gc_strdup(l->words[3]),
                                              .why = gc_strdup(why)};
  return GC_OK;
}

static enum gc_code read_tried(const struct line *l) {
  return add_tried(l, NULL);
}

static enum gc_code read_left_out(const struct line *l) {
  return add_tried(l, l->words[4]);
}

static enum gc_code read_answered(const struct line *l) {
  struct probe_tried *t = find_tried(l->values, l->words[1], l->words[2]);
  if (t == NULL)
    return GC_ERR_PARSE;
  t->has_answered = true;
  return GC_OK;
}

/* ---- values ---- */

static bool read_numbers(struct probe_value *value, char *text) {
  const struct gc_metric *m = gc_metric(value->metric);
  for (unsigned i = 0; i < m->ds_count; i++) {
    const char *word = strsep(&text, " ");
    if (word == NULL)
      return false;
    size_t len = strlen(word);
    if (m->ds[i].kind == GC_DERIVE) {
      if (!gc_decimal_int(word, len, &value->numbers[i].derive))
        return false;
    } else if (strstr(word, "nan") != NULL)
      value->numbers[i].gauge = (double)NAN;
    else if (!gc_decimal_real(word, len, &value->numbers[i].gauge))
      return false;
  }
  return text == NULL;
}

/* Copies the strings of a value, with a NUL each, into one text. */
static bool copy_strings(struct probe_value *value, char **words) {
  const char **fields[] = {
      &value->plugin, &value->block,         &value->host, &value->instance,
      &value->type,   &value->type_instance, &value->parts};
  const size_t from[] = {1, 2, 3, 4, 5, 6, 10};
  size_t size = 0, used = 0;
  for (size_t i = 0; i < GC_COUNT(from); i++)
    size += strlen(words[from[i]]) + 1;
  value->text = malloc(size);
  if (value->text == NULL)
    return false;
  for (size_t i = 0; i < GC_COUNT(from); i++) {
    size_t len = strlen(words[from[i]]) + 1;
    memcpy(value->text + used, words[from[i]], len);
    *fields[i] = value->text + used;
    used += len;
  }
  for (char *c = (char *)value->parts; (c = strchr(c, '\x1f')) != NULL;)
    *c = '\n';
  return true;
}

static enum gc_code parse_value(struct probe_value *value, char **words) {
  value->is_state = strcmp(words[0], "state") == 0;
  value->metric = gc_export_metric_of(words[5]);
  if (value->metric == GC_METRIC_COUNT ||
      !gc_decimal_int(words[7], strlen(words[7]), &value->time_ns) ||
      !gc_decimal_int(words[8], strlen(words[8]), &value->interval_ms) ||
      !read_numbers(value, words[9]))
    return GC_ERR_PARSE;
  return copy_strings(value, words) ? GC_OK : GC_ERR_MEMORY;
}

/* Finds or adds the row of a block and family; returns its index. */
static size_t series_of(struct probe_values *v,
                        const struct probe_value *value) {
  static const char self[] = PROBE_SELF_TELEMETRY;
  const char *family = value->is_state ? self : gc_metric(value->metric)->name;
  for (size_t i = v->series_count; i-- > 0;)
    if (v->series[i].family == family &&
        strcmp(v->series[i].block, value->block) == 0 &&
        strcmp(v->series[i].plugin, value->plugin) == 0)
      return i;
  struct probe_series *at =
      gc_resize(v->series, v->series_count + 1, sizeof(*at));
  v->series = at;
  at[v->series_count] =
      (struct probe_series){.plugin = gc_strdup(value->plugin),
                            .block = gc_strdup(value->block),
                            .family = family};
  return v->series_count++;
}

/* A series that was seen. */
struct probe_seen {
  size_t row;   /* in v->series */
  size_t at;    /* its newest value, in v->at */
  size_t round; /* of that value */
  char key[];
};

/* Adds an identity; NULL when out of memory. */
static struct probe_seen *add_seen(struct probe_values *v, const char *key,
                                   size_t row) {
  size_t size = strlen(key) + 1;
  struct probe_seen *s = malloc(sizeof(*s) + size);
  if (s == NULL)
    return NULL;
  *s = (struct probe_seen){.row = row};
  memcpy(s->key, key, size);
  gc_strmap_put(&v->seen, s->key, s);
  return s;
}

/* Counts a series once, and each value whose identity another block has too.
 * `at` is the index of the value. */
static enum gc_code count_series(struct probe_values *v, size_t at) {
  const struct probe_value *value = &v->at[at];
  char key[1024];
  snprintf(key, sizeof(key), "%s/%s/%s/%s", value->host, value->instance,
           value->type, value->type_instance);
  size_t row = series_of(v, value);
  struct probe_seen *s = gc_strmap_get(&v->seen, key);
  if (s == NULL) {
    if (v->seen.count >= PROBE_VALUES_MAX)
      return GC_ERR_LIMIT;
    s = add_seen(v, key, row);
    if (s == NULL)
      return GC_ERR_MEMORY;
    v->series[row].count++;
  } else {
    v->twice += s->row != row;
    if (s->round == v->rounds)
      v->at[s->at].is_replaced = true;
  }
  s->at = at;
  s->round = v->rounds;
  return GC_OK;
}

static void note_block(struct probe_values *v,
                       const struct probe_value *value) {
  struct probe_tried *t = find_tried(v, value->plugin, value->block);
  if (t == NULL)
    return;
  if (value->metric == GC_METRIC_SOURCE_UP)
    t->down += !(value->numbers[0].gauge > 0);
  if ((value->metric == GC_METRIC_QUEUES || value->metric == GC_METRIC_FLOWS) &&
      strcmp(value->type_instance, "matched") == 0)
    t->is_empty = !(value->numbers[0].gauge > 0);
}

static enum gc_code read_value(const struct line *l) {
  struct probe_values *v = l->values;
  struct probe_value value = {.text = NULL};
  if (v->count >= PROBE_VALUES_MAX)
    return GC_ERR_LIMIT;
  if (v->count == v->cap) {
    size_t cap = v->cap > 0 ? 2 * v->cap : 256;
    struct probe_value *at = realloc(v->at, cap * sizeof(*at));
    if (at == NULL)
      return GC_ERR_MEMORY;
    v->at = at;
    v->cap = cap;
  }
  GC_TRY(parse_value(&value, l->words));
  v->at[v->count++] = value;
  note_block(v, &value);
  return count_series(v, v->count - 1);
}

/* ---- the summary ---- */

static enum gc_code read_requests(const struct line *l) {
  struct probe_values *v = l->values;
  double per_minute;
  if (!gc_decimal_real(l->words[5], strlen(l->words[5]), &per_minute))
    return GC_ERR_PARSE;
  struct probe_requests *at =
      gc_resize(v->requests, v->request_count + 1, sizeof(*at));
  v->requests = at;
  at[v->request_count++] = (struct probe_requests){
      gc_strdup(l->words[1]), gc_strdup(l->words[2]), gc_strdup(l->words[3]),
      gc_strdup(l->words[4]), per_minute};
  return GC_OK;
}

static enum gc_code read_budget(const struct line *l) {
  struct probe_values *v = l->values;
  double per_minute;
  if (!gc_decimal_real(l->words[2], strlen(l->words[2]), &per_minute))
    return GC_ERR_PARSE;
  struct probe_budget *at =
      gc_resize(v->budgets, v->budget_count + 1, sizeof(*at));
  v->budgets = at;
  at[v->budget_count++] =
      (struct probe_budget){gc_strdup(l->words[1]), per_minute};
  return GC_OK;
}

static enum gc_code read_note(const struct line *l) {
  struct probe_values *v = l->values;
  struct probe_note *at = gc_resize(v->notes, v->note_count + 1, sizeof(*at));
  v->notes = at;
  at[v->note_count++] = (struct probe_note){
      gc_strdup(l->words[1]), gc_strdup(l->words[2]), gc_strdup(l->words[3])};
  return GC_OK;
}

/* Makes a result of an error or a warning that was logged while servers were
 * checked or blocks polled. */
static enum gc_code read_polled(const struct line *l) {
  int64_t level;
  if (!gc_decimal_int(l->words[1], strlen(l->words[1]), &level))
    return GC_ERR_PARSE;
  if (level > LEVEL_WARNING)
    return GC_OK;
  char *text = l->words[2], *rest = strstr(text, ": ");
  if (rest != NULL)
    *rest = '\0';
  return probe_results_add(l->results, PROBE_LOG,
                           level <= LEVEL_ERROR ? PROBE_FAILED : PROBE_WARNING,
                           rest != NULL ? text : "collectd",
                           rest != NULL ? rest + 2 : text);
}

static enum gc_code read_round(const struct line *l) {
  l->values->rounds++;
  return GC_OK;
}

/* ---- lines ---- */

static const struct line_kind {
  const char *word;
  size_t words; /* with the first one */
  enum gc_code (*read)(const struct line *l);
} kinds[] = {{"value", 11, read_value},      {"state", 11, read_value},
             {"polled", 3, read_polled},     {"tried", 4, read_tried},
             {"left-out", 5, read_left_out}, {"answered", 3, read_answered},
             {"requests", 6, read_requests}, {"budget", 3, read_budget},
             {"note", 4, read_note},         {"round", 1, read_round}};

enum gc_code probe_values_read(struct probe_values *v,
                               struct probe_results *results, char *line) {
  size_t len = strcspn(line, "\t");
  for (size_t i = 0; i < GC_COUNT(kinds); i++) {
    char *words[WORDS_MAX];
    if (strlen(kinds[i].word) != len || strncmp(kinds[i].word, line, len) != 0)
      continue;
    if (!probe_split_line(line, words, kinds[i].words))
      return GC_ERR_PARSE;
    return kinds[i].read(&(struct line){v, results, words});
  }
  return GC_ERR_PARSE;
}

/* ---- the end ---- */

void probe_values_next_round(struct probe_values *v) {
  for (size_t i = 0; i < v->count; i++)
    free(v->at[i].text);
  v->count = 0;
}

/* Returns the number of series of a block, without self-telemetry. */
static size_t series_in(const struct probe_values *v,
                        const struct probe_tried *t) {
  size_t sum = 0;
  for (size_t i = 0; i < v->series_count; i++)
    if (strcmp(v->series[i].plugin, t->plugin) == 0 &&
        strcmp(v->series[i].block, t->block) == 0 &&
        strcmp(v->series[i].family, PROBE_SELF_TELEMETRY) != 0)
      sum += v->series[i].count;
  return sum;
}

static enum gc_code conclude_block(const struct probe_values *v,
                                   const struct probe_tried *t,
                                   struct probe_results *results) {
  char what[1024];
  size_t series = series_in(v, t);
  enum probe_state state = PROBE_OK;
  if (t->why != NULL) {
    snprintf(what, sizeof(what), "not tried: %s", t->why);
  } else if (t->has_answered && t->down == 0) {
    snprintf(what, sizeof(what), "series: %zu", series);
  } else if (t->has_answered) {
    state = PROBE_WARNING;
    snprintf(what, sizeof(what),
             "series: %zu; later answers are late or failed (source_up is 0)",
             series);
  } else if (t->is_empty && t->down == 0) {
    state = PROBE_WARNING;
    snprintf(what, sizeof(what),
             "it selects nothing, or earlier blocks have all that it selects");
  } else {
    state = PROBE_FAILED;
    snprintf(what, sizeof(what), "no complete answer; series: %zu", series);
  }
  return probe_results_add(results, PROBE_VALUES, state, t->subject, what);
}

enum gc_code probe_values_conclude(const struct probe_values *v,
                                   struct probe_results *results) {
  char what[160];
  for (size_t i = 0; i < v->tried_count; i++)
    GC_TRY(conclude_block(v, &v->tried[i], results));
  if (v->twice > 0) {
    snprintf(what, sizeof(what),
             "values with the identity of a value of another block: %zu",
             v->twice);
    GC_TRY(probe_results_add(results, PROBE_VALUES, PROBE_WARNING, "all blocks",
                             what));
  }
  probe_results_sort(results);
  return GC_OK;
}

void probe_values_clear(struct probe_values *v) {
  probe_values_next_round(v);
  free(v->at);
  for (size_t i = 0; i < v->tried_count; i++) {
    free(v->tried[i].plugin);
    free(v->tried[i].block);
    free(v->tried[i].subject);
    free(v->tried[i].why);
  }
  for (size_t i = 0; i < v->request_count; i++) {
    free(v->requests[i].plugin);
    free(v->requests[i].block);
    free(v->requests[i].account);
    free(v->requests[i].family);
  }
  for (size_t i = 0; i < v->budget_count; i++)
    free(v->budgets[i].account);
  for (size_t i = 0; i < v->note_count; i++) {
    free(v->notes[i].plugin);
    free(v->notes[i].block);
    free(v->notes[i].text);
  }
  for (size_t i = 0; i < v->series_count; i++) {
    free(v->series[i].plugin);
    free(v->series[i].block);
  }
  for (size_t i = 0; i < v->seen.room; i++)
    free(v->seen.slots[i].value);
  gc_strmap_clear(&v->seen);
  free(v->tried);
  free(v->requests);
  free(v->budgets);
  free(v->notes);
  free(v->series);
  *v = (struct probe_values){0};
}
