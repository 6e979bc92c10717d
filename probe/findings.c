/* SPDX-License-Identifier: MIT */
#include "probe/findings.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/decimal.h"
#include "common/export/rule.h"

enum { WORDS_MAX = 11, LEVEL_ERROR = 3, LEVEL_WARNING = 4, SUBJECT_SIZE = 400 };

/* A line, whose words point into a copy. */
struct line {
  struct probe_findings *to;
  char *copy; /* NULL: somebody keeps it */
  char *words[WORDS_MAX];
};

static void strs_add(struct gc_strs *list, char *text) {
  list->at = gc_resize(list->at, list->count + 1, sizeof(*list->at));
  list->at[list->count++] = text;
}

static bool strs_have(const struct gc_strs *list, const char *text) {
  for (size_t i = 0; i < list->count; i++)
    if (strcmp(list->at[i], text) == 0)
      return true;
  return false;
}

/* Keeps the words of the line as long as the findings. */
static char **keep(struct line *l) {
  strs_add(&l->to->lines, gc_steal(l->copy));
  return l->words;
}

static bool read_level(const char *word, enum probe_state *ret) {
  int64_t level;
  if (!gc_decimal_int(word, strlen(word), &level))
    return false;
  *ret = level <= LEVEL_ERROR     ? PROBE_FAILED
         : level <= LEVEL_WARNING ? PROBE_WARNING
                                  : PROBE_OK;
  return true;
}

/* ---- the configuration and its checks ---- */

/* Returns the plugin of the list with which `text` begins ("genesys: …"); NULL
 * for a line of collectd itself. */
static const char *plugin_of(const struct gc_strs *plugins, const char *text) {
  size_t len = strcspn(text, ":");
  for (size_t i = 0; i < plugins->count; i++)
    if (strlen(plugins->at[i]) == len &&
        strncmp(plugins->at[i], text, len) == 0 && text[len] == ':')
      return plugins->at[i];
  return NULL;
}

static enum gc_code read_log(struct line *l) {
  struct probe_findings *f = l->to;
  enum probe_state state;
  if (!read_level(l->words[1], &state))
    return GC_ERR_PARSE;
  if (state == PROBE_OK)
    return GC_OK;
  const char *text = l->words[2], *plugin = plugin_of(&f->plugins, text);
  if (plugin == NULL)
    return probe_results_add(&f->results, PROBE_HOST, state, "collectd", text);
  text += strlen(plugin) + 1;
  return probe_results_add(&f->results, PROBE_OPTIONS, state, plugin,
                           text + strspn(text, " "));
}

static enum gc_code read_plugin(struct line *l) {
  if (!strs_have(&l->to->plugins, l->words[1]))
    strs_add(&l->to->plugins, keep(l)[1]);
  return GC_OK;
}

static enum gc_code read_account(struct line *l) {
  strs_add(&l->to->accounts, keep(l)[1]);
  return GC_OK;
}

static enum gc_code read_block(struct line *l) {
  struct probe_findings *f = l->to;
  char **words = keep(l);
  f->blocks = gc_resize(f->blocks, f->block_count + 1, sizeof(*f->blocks));
  f->blocks[f->block_count++] =
      (struct probe_block){words[1], words[2], words[3], words[4]};
  return GC_OK;
}

static enum gc_code read_result(struct line *l) {
  enum probe_check check = probe_check_of(l->words[1]);
  enum probe_state state = probe_state_of(l->words[2]);
  if (check == PROBE_CHECK_COUNT || state == PROBE_STATE_COUNT)
    return GC_ERR_PARSE;
  return probe_results_add(&l->to->results, check, state, l->words[3],
                           l->words[4]);
}

static enum gc_code read_read(struct line *l) {
  l->to->is_read = true;
  return GC_OK;
}

static enum gc_code read_end(struct line *l) {
  l->to->is_read = l->to->ended = true;
  return GC_OK;
}

/* ---- the blocks that poll ---- */

static struct probe_tried *find_tried(const struct probe_values *v,
                                      const char *plugin, const char *block) {
  for (size_t i = 0; i < v->tried_count; i++)
    if (strcmp(v->tried[i].plugin, plugin) == 0 &&
        strcmp(v->tried[i].block, block) == 0)
      return &v->tried[i];
  return NULL;
}

static enum gc_code add_tried(struct line *l, bool is_left_out) {
  struct probe_values *v = &l->to->values;
  char **words = keep(l);
  v->tried = gc_resize(v->tried, v->tried_count + 1, sizeof(*v->tried));
  v->tried[v->tried_count++] =
      (struct probe_tried){.plugin = words[1],
                           .block = words[2],
                           .subject = words[3],
                           .why = is_left_out ? words[4] : NULL};
  return GC_OK;
}

static enum gc_code read_tried(struct line *l) { return add_tried(l, false); }

static enum gc_code read_left_out(struct line *l) { return add_tried(l, true); }

static enum gc_code read_answered(struct line *l) {
  struct probe_tried *t = find_tried(&l->to->values, l->words[1], l->words[2]);
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

static bool parse_value(struct probe_value *value, char **words) {
  *value = (struct probe_value){.plugin = words[1],
                                .block = words[2],
                                .host = words[3],
                                .instance = words[4],
                                .type = words[5],
                                .type_instance = words[6],
                                .parts = words[10],
                                .metric = gc_export_metric_of(words[5]),
                                .is_state = strcmp(words[0], "state") == 0};
  for (char *c = words[10]; (c = strchr(c, '\x1f')) != NULL;)
    *c = '\n';
  return value->metric != GC_METRIC_COUNT &&
         gc_decimal_int(words[7], strlen(words[7]), &value->time_ns) &&
         gc_decimal_int(words[8], strlen(words[8]), &value->interval_ms) &&
         read_numbers(value, words[9]);
}

/* Finds or adds the row of a block and family; returns its index. */
static size_t series_of(struct probe_findings *f,
                        const struct probe_value *value) {
  static const char self[] = PROBE_SELF_TELEMETRY;
  struct probe_values *v = &f->values;
  const char *family = value->is_state ? self : gc_metric(value->metric)->name;
  for (size_t i = v->series_count; i-- > 0;)
    if (v->series[i].family == family &&
        strcmp(v->series[i].block, value->block) == 0 &&
        strcmp(v->series[i].plugin, value->plugin) == 0)
      return i;
  char *plugin = gc_strdup(value->plugin), *block = gc_strdup(value->block);
  strs_add(&f->lines, plugin);
  strs_add(&f->lines, block);
  v->series = gc_resize(v->series, v->series_count + 1, sizeof(*v->series));
  v->series[v->series_count] = (struct probe_series){plugin, block, family, 0};
  return v->series_count++;
}

/* A series that was seen. */
struct probe_seen {
  size_t row;   /* in v->series */
  size_t at;    /* its newest value, in v->at */
  size_t round; /* of that value */
  char key[];
};

/* Counts a series once, and each value whose identity another block has too.
 * `at` is the index of the value. */
static enum gc_code count_series(struct probe_findings *f, size_t at) {
  struct probe_values *v = &f->values;
  const struct probe_value *value = &v->at[at];
  char key[1024];
  snprintf(key, sizeof(key), "%s/%s/%s/%s", value->host, value->instance,
           value->type, value->type_instance);
  size_t row = series_of(f, value);
  struct probe_seen *s = gc_strmap_get(&v->seen, key);
  if (s == NULL) {
    if (v->seen.count >= PROBE_VALUES_MAX)
      return GC_ERR_LIMIT;
    s = gc_zalloc(1, sizeof(*s) + strlen(key) + 1);
    s->row = row;
    memcpy(s->key, key, strlen(key) + 1);
    gc_strmap_put(&v->seen, s->key, s);
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

static enum gc_code read_value(struct line *l) {
  struct probe_values *v = &l->to->values;
  struct probe_value value;
  if (v->count >= PROBE_VALUES_MAX)
    return GC_ERR_LIMIT;
  if (!parse_value(&value, l->words))
    return GC_ERR_PARSE;
  if (v->count == v->cap) {
    v->cap = v->cap > 0 ? 2 * v->cap : 256;
    v->at = gc_resize(v->at, v->cap, sizeof(*v->at));
  }
  value.line = gc_steal(l->copy);
  v->at[v->count++] = value;
  note_block(v, &value);
  return count_series(l->to, v->count - 1);
}

/* ---- the summary ---- */

static enum gc_code add_row(struct probe_rows *rows, struct probe_row row,
                            const char *per_minute) {
  if (per_minute != NULL &&
      !gc_decimal_real(per_minute, strlen(per_minute), &row.per_minute))
    return GC_ERR_PARSE;
  rows->at = gc_resize(rows->at, rows->count + 1, sizeof(row));
  rows->at[rows->count++] = row;
  return GC_OK;
}

static enum gc_code read_requests(struct line *l) {
  char **words = keep(l);
  return add_row(&l->to->values.requests,
                 (struct probe_row){.plugin = words[1],
                                    .block = words[2],
                                    .account = words[3],
                                    .text = words[4]},
                 words[5]);
}

static enum gc_code read_budget(struct line *l) {
  char **words = keep(l);
  struct probe_row row = {.account = words[1]};
  if (!gc_decimal_real(words[3], strlen(words[3]), &row.monthly))
    return GC_ERR_PARSE;
  return add_row(&l->to->values.budgets, row, words[2]);
}

static enum gc_code read_note(struct line *l) {
  char **words = keep(l);
  return add_row(&l->to->values.notes,
                 (struct probe_row){
                     .plugin = words[1], .block = words[2], .text = words[3]},
                 NULL);
}

/* Makes a result of an error or a warning that was logged while servers were
 * checked or blocks polled. */
static enum gc_code read_polled(struct line *l) {
  enum probe_state state;
  if (!read_level(l->words[1], &state))
    return GC_ERR_PARSE;
  if (state == PROBE_OK)
    return GC_OK;
  char *text = l->words[2], *rest = strstr(text, ": ");
  if (rest != NULL)
    *rest = '\0';
  return probe_results_add(&l->to->results, PROBE_LOG, state,
                           rest != NULL ? text : "collectd",
                           rest != NULL ? rest + 2 : text);
}

static enum gc_code read_round(struct line *l) {
  l->to->values.rounds++;
  return GC_OK;
}

/* ---- lines ---- */

static const struct line_kind {
  const char *word;
  size_t words; /* with the first one; the last one takes the rest */
  enum gc_code (*read)(struct line *l);
} kinds[] = {{"log", 3, read_log},           {"plugin", 2, read_plugin},
             {"account", 2, read_account},   {"block", 5, read_block},
             {"read", 1, read_read},         {"result", 5, read_result},
             {"end", 1, read_end},           {"value", 11, read_value},
             {"state", 11, read_value},      {"polled", 3, read_polled},
             {"tried", 4, read_tried},       {"left-out", 5, read_left_out},
             {"answered", 3, read_answered}, {"requests", 6, read_requests},
             {"budget", 4, read_budget},     {"note", 4, read_note},
             {"round", 1, read_round}};

/* Splits the copy at its TABs. Returns false when it has fewer words. */
static bool split_line(struct line *l, size_t count) {
  char *rest = l->copy;
  for (size_t i = 0; i + 1 < count && rest != NULL; i++)
    l->words[i] = strsep(&rest, "\t");
  l->words[count - 1] = rest;
  return rest != NULL;
}

enum gc_code probe_findings_read(struct probe_findings *f, const char *line) {
  size_t len = strcspn(line, "\t");
  enum gc_code code = GC_ERR_PARSE;
  for (size_t i = 0; i < GC_COUNT(kinds); i++)
    if (strlen(kinds[i].word) == len &&
        strncmp(kinds[i].word, line, len) == 0) {
      struct line l = {.to = f, .copy = gc_strdup(line)};
      if (split_line(&l, kinds[i].words))
        code = kinds[i].read(&l);
      free(l.copy);
    }
  return code;
}

void probe_values_next_round(struct probe_values *v) {
  for (size_t i = 0; i < v->count; i++)
    free(v->at[i].line);
  v->count = 0;
}

enum gc_code probe_findings_read_words(struct probe_findings *f,
                                       const char *words) {
  static const char prefix[] = "configfile: stat (";
  char text[1024];
  for (const char *line = words; *line != '\0';) {
    size_t len = strcspn(line, "\n");
    if (strncmp(line, prefix, strlen(prefix)) == 0) {
      snprintf(text, sizeof(text), "Include: %.*s", (int)len, line);
      GC_TRY(probe_results_add(&f->results, PROBE_HOST, PROBE_WARNING,
                               "collectd", text));
    }
    line += len + (line[len] == '\n' ? 1 : 0);
  }
  return GC_OK;
}

/* ---- the whole report ---- */

static enum gc_code conclude_agent(struct probe_findings *f, const char *file,
                                   const char *first_words) {
  char what[1024];
  const char *reason =
      first_words[0] != '\0' ? first_words : "it gives no reason";
  if (f->is_read && !f->ended)
    GC_TRY(probe_results_add(&f->results, PROBE_END, PROBE_FAILED, "collectd",
                             reason));
  if (f->is_read)
    return probe_results_add(&f->results, PROBE_AGENT, PROBE_OK, file,
                             "collectd reads the file to its end");
  snprintf(what, sizeof(what), "collectd does not read the file to its end: %s",
           reason);
  return probe_results_add(&f->results, PROBE_AGENT, PROBE_FAILED, file, what);
}

static enum gc_code conclude_plugins(struct probe_findings *f) {
  if (!f->is_read)
    return GC_OK; /* the report does not have all plugins */
  if (f->plugins.count == 0)
    return probe_results_add(&f->results, PROBE_PLUGINS, PROBE_FAILED,
                             "LoadPlugin", "no plugin of this suite is loaded");
  char what[1024] = "";
  for (size_t i = 0, len = 0; i < f->plugins.count && len < sizeof(what); i++)
    len += (size_t)snprintf(what + len, sizeof(what) - len, "%s%s",
                            i > 0 ? ", " : "", f->plugins.at[i]);
  return probe_results_add(&f->results, PROBE_PLUGINS, PROBE_OK, "LoadPlugin",
                           what);
}

static bool has_result(const struct probe_findings *f, enum probe_check check,
                       const char *subject) {
  for (size_t i = 0; i < f->results.count; i++)
    if (f->results.at[i].check == check &&
        strcmp(f->results.at[i].subject, subject) == 0)
      return true;
  return false;
}

/* Adds a result for each plugin without an error or a warning in the log: it
 * has accepted its options. */
static enum gc_code conclude_options(struct probe_findings *f) {
  for (size_t i = 0; f->is_read && i < f->plugins.count; i++)
    if (!has_result(f, PROBE_OPTIONS, f->plugins.at[i]))
      GC_TRY(probe_results_add(&f->results, PROBE_OPTIONS, PROBE_OK,
                               f->plugins.at[i], "all options are accepted"));
  return GC_OK;
}

static enum gc_code conclude_account(struct probe_findings *f,
                                     const struct probe_block *b) {
  char subject[SUBJECT_SIZE], what[1024];
  bool defined = strs_have(&f->accounts, b->account);
  snprintf(subject, sizeof(subject), "%s <%s \"%s\">", b->plugin, b->kind,
           b->name);
  int len = snprintf(what, sizeof(what), "%s <Account \"%s\">",
                     defined ? "has" : "there is no", b->account);
  for (size_t i = 0; !defined && i < f->accounts.count && len > 0 &&
                     (size_t)len < sizeof(what);
       i++)
    len += snprintf(what + len, sizeof(what) - (size_t)len, "%s\"%s\"",
                    i > 0 ? ", " : "; defined: ", f->accounts.at[i]);
  return probe_results_add(&f->results, PROBE_ACCOUNT,
                           defined ? PROBE_OK : PROBE_FAILED, subject, what);
}

static bool has_failed_options(const struct probe_findings *f) {
  for (size_t i = 0; i < f->results.count; i++)
    if (f->results.at[i].check == PROBE_OPTIONS &&
        f->results.at[i].state == PROBE_FAILED)
      return true;
  return false;
}

static bool is_used(const struct probe_findings *f, const char *account) {
  for (size_t i = 0; i < f->block_count; i++)
    if (strcmp(f->blocks[i].account, account) == 0)
      return true;
  return false;
}

/* Adds a warning for each account that no block names. A plugin that refuses
 * its options has no block, and has a row already. */
static enum gc_code conclude_unused(struct probe_findings *f) {
  char subject[SUBJECT_SIZE];
  for (size_t i = 0; i < f->accounts.count && !has_failed_options(f); i++) {
    if (is_used(f, f->accounts.at[i]))
      continue;
    snprintf(subject, sizeof(subject), "<Account \"%.250s\">",
             f->accounts.at[i]);
    GC_TRY(probe_results_add(&f->results, PROBE_ACCOUNT, PROBE_WARNING, subject,
                             "no block uses it, so nothing is read with it"));
  }
  return GC_OK;
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

static enum gc_code conclude_values(struct probe_findings *f) {
  const struct probe_values *v = &f->values;
  char what[160];
  for (size_t i = 0; i < v->tried_count; i++)
    GC_TRY(conclude_block(v, &v->tried[i], &f->results));
  if (v->twice == 0)
    return GC_OK;
  snprintf(what, sizeof(what),
           "values with the identity of a value of another block: %zu",
           v->twice);
  return probe_results_add(&f->results, PROBE_VALUES, PROBE_WARNING,
                           "all blocks", what);
}

enum gc_code probe_conclude(struct probe_findings *f, const char *file,
                            const char *first_words) {
  GC_TRY(conclude_agent(f, file, first_words));
  GC_TRY(conclude_plugins(f));
  GC_TRY(conclude_options(f));
  for (size_t i = 0; i < f->block_count; i++)
    if (f->blocks[i].account[0] != '\0')
      GC_TRY(conclude_account(f, &f->blocks[i]));
  GC_TRY(conclude_unused(f));
  GC_TRY(conclude_values(f));
  probe_results_sort(&f->results);
  return GC_OK;
}

void probe_findings_clear(struct probe_findings *f) {
  struct probe_values *v = &f->values;
  probe_values_next_round(v);
  for (size_t i = 0; i < v->seen.room; i++)
    free(v->seen.slots[i].value);
  gc_strmap_clear(&v->seen);
  free(v->at);
  free(v->tried);
  free(v->series);
  free(v->requests.at);
  free(v->budgets.at);
  free(v->notes.at);
  for (size_t i = 0; i < f->lines.count; i++)
    free(f->lines.at[i]);
  free(f->lines.at);
  free(f->plugins.at);
  free(f->accounts.at);
  free(f->blocks);
  probe_results_clear(&f->results);
  *f = (struct probe_findings){.ended = false};
}
