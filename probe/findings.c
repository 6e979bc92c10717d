/* SPDX-License-Identifier: MIT */
#include "probe/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/decimal.h"

enum { WORDS_MAX = 5, LEVEL_ERROR = 3, LEVEL_WARNING = 4, SUBJECT_SIZE = 400 };

/* ---- one line ---- */

static void strs_add(struct gc_strs *list, const char *text) {
  list->at = gc_resize(list->at, list->count + 1, sizeof(*list->at));
  list->at[list->count++] = gc_strdup(text);
}

static bool strs_have(const struct gc_strs *list, const char *text) {
  for (size_t i = 0; i < list->count; i++)
    if (strcmp(list->at[i], text) == 0)
      return true;
  return false;
}

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

static enum gc_code read_log(struct probe_findings *f, char **words) {
  int64_t level;
  if (!gc_decimal_int(words[1], strlen(words[1]), &level))
    return GC_ERR_PARSE;
  if (level > LEVEL_WARNING)
    return GC_OK;
  enum probe_state state = level <= LEVEL_ERROR ? PROBE_FAILED : PROBE_WARNING;
  const char *text = words[2], *plugin = plugin_of(&f->plugins, text);
  if (plugin == NULL)
    return probe_results_add(&f->results, PROBE_HOST, state, "collectd", text);
  text += strlen(plugin) + 1;
  return probe_results_add(&f->results, PROBE_OPTIONS, state, plugin,
                           text + strspn(text, " "));
}

static enum gc_code read_plugin(struct probe_findings *f, char **words) {
  if (!strs_have(&f->plugins, words[1]))
    strs_add(&f->plugins, words[1]);
  return GC_OK;
}

static enum gc_code read_account(struct probe_findings *f, char **words) {
  strs_add(&f->accounts, words[1]);
  return GC_OK;
}

static void block_clear(struct probe_block *b) {
  free(b->plugin);
  free(b->kind);
  free(b->name);
  free(b->account);
}

static enum gc_code read_block(struct probe_findings *f, char **words) {
  f->blocks = gc_resize(f->blocks, f->block_count + 1, sizeof(*f->blocks));
  f->blocks[f->block_count++] =
      (struct probe_block){gc_strdup(words[1]), gc_strdup(words[2]),
                           gc_strdup(words[3]), gc_strdup(words[4])};
  return GC_OK;
}

static enum gc_code read_result(struct probe_findings *f, char **words) {
  enum probe_check check = probe_check_of(words[1]);
  enum probe_state state = probe_state_of(words[2]);
  if (check == PROBE_CHECK_COUNT || state == PROBE_STATE_COUNT)
    return GC_ERR_PARSE;
  return probe_results_add(&f->results, check, state, words[3], words[4]);
}

static enum gc_code read_read(struct probe_findings *f, char **words) {
  (void)words;
  f->is_read = true;
  return GC_OK;
}

static enum gc_code read_end(struct probe_findings *f, char **words) {
  (void)words;
  f->is_read = f->ended = true;
  return GC_OK;
}

static const struct line_kind {
  const char *word;
  size_t words; /* with the first one */
  enum gc_code (*read)(struct probe_findings *f, char **words);
} kinds[] = {{"log", 3, read_log},         {"plugin", 2, read_plugin},
             {"account", 2, read_account}, {"block", 5, read_block},
             {"read", 1, read_read},       {"result", 5, read_result},
             {"end", 1, read_end}};

bool probe_split_line(char *line, char **words, size_t count) {
  size_t used = 0;
  while (used + 1 < count && line != NULL)
    words[used++] = strsep(&line, "\t");
  words[used] = line;
  return used + 1 == count && line != NULL;
}

enum gc_code probe_findings_read(struct probe_findings *f, char *line) {
  size_t len = strcspn(line, "\t");
  for (size_t i = 0; i < GC_COUNT(kinds); i++) {
    char *words[WORDS_MAX];
    if (strlen(kinds[i].word) != len || strncmp(kinds[i].word, line, len) != 0)
      continue;
    if (!probe_split_line(line, words, kinds[i].words))
      return GC_ERR_PARSE;
    return kinds[i].read(f, words);
  }
  return GC_ERR_PARSE;
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

enum gc_code probe_conclude(struct probe_findings *f, const char *file,
                            const char *first_words) {
  GC_TRY(conclude_agent(f, file, first_words));
  GC_TRY(conclude_plugins(f));
  GC_TRY(conclude_options(f));
  for (size_t i = 0; i < f->block_count; i++)
    if (f->blocks[i].account[0] != '\0')
      GC_TRY(conclude_account(f, &f->blocks[i]));
  GC_TRY(conclude_unused(f));
  probe_results_sort(&f->results);
  return GC_OK;
}

static void strs_clear(struct gc_strs *list) {
  for (size_t i = 0; i < list->count; i++)
    free(list->at[i]);
  free(list->at);
}

void probe_findings_clear(struct probe_findings *f) {
  for (size_t i = 0; i < f->block_count; i++)
    block_clear(&f->blocks[i]);
  free(f->blocks);
  strs_clear(&f->plugins);
  strs_clear(&f->accounts);
  probe_results_clear(&f->results);
  *f = (struct probe_findings){0};
}
