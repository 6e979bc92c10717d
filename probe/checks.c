/* SPDX-License-Identifier: MIT */
#include "probe/checks.h"

#include <stdlib.h>
#include <string.h>

static const struct probe_check_row rows[PROBE_CHECK_COUNT] = {
    [PROBE_AGENT] = {"agent", "Does collectd read the file to its end?",
                     "correct what collectd names; until then it does not "
                     "start with this file"},
    [PROBE_HOST] = {"collectd", "What does collectd itself report?",
                    "correct it in collectd.conf; it concerns collectd, not "
                    "a plugin of this suite"},
    [PROBE_PLUGINS] = {"plugins", "Which plugins of this suite are loaded?",
                       "add LoadPlugin genesys and the plugins that you "
                       "need; examples/collectd.conf.d has files to copy"},
    [PROBE_OPTIONS] = {"options",
                       "Does the plugin accept its <Plugin> sections?",
                       "correct the option; the manual page "
                       "collectd-PLUGIN(5) has all of them"},
    [PROBE_ACCOUNT] = {"account",
                       "Is the account that the block names defined?",
                       "add the <Account> to <Plugin genesys>, or correct "
                       "Account in the block; until then the block does not "
                       "run"},
};

const struct probe_check_row *probe_check_row(enum probe_check check) {
  return &rows[check];
}

const char *probe_state_name(enum probe_state state) {
  static const char *const names[PROBE_STATE_COUNT] = {"ok", "warning",
                                                       "failed"};
  return names[state];
}

static bool make_room(struct probe_results *r) {
  if (r->count < r->cap)
    return true;
  size_t cap = r->cap == 0 ? 16 : r->cap * 2;
  struct probe_result *at = realloc(r->at, cap * sizeof(*at));
  if (at == NULL)
    return false;
  r->at = at;
  r->cap = cap;
  return true;
}

enum gc_code probe_results_add(struct probe_results *r, enum probe_check check,
                               enum probe_state state, const char *subject,
                               const char *what) {
  if (r->count >= PROBE_RESULTS_MAX)
    return GC_ERR_LIMIT;
  if (!make_room(r))
    return GC_ERR_MEMORY;
  struct probe_result result = {.check = check,
                                .state = state,
                                .subject = strdup(subject),
                                .what = strdup(what)};
  if (result.subject == NULL || result.what == NULL) {
    free(result.subject);
    free(result.what);
    return GC_ERR_MEMORY;
  }
  for (char *c = result.what; *c != '\0'; c++)
    if (*c == '\n' || *c == '\r')
      *c = ' ';
  r->at[r->count++] = result;
  r->of_state[state]++;
  return GC_OK;
}

enum probe_state probe_results_worst(const struct probe_results *r) {
  int worst = PROBE_STATE_COUNT - 1;
  while (worst > PROBE_OK && r->of_state[worst] == 0)
    worst--;
  return (enum probe_state)worst;
}

void probe_results_sort(struct probe_results *r) {
  for (size_t i = 1; i < r->count; i++) {
    struct probe_result moved = r->at[i];
    size_t to = i;
    for (; to > 0 && r->at[to - 1].check > moved.check; to--)
      r->at[to] = r->at[to - 1];
    r->at[to] = moved;
  }
}

void probe_results_clear(struct probe_results *r) {
  for (size_t i = 0; i < r->count; i++) {
    free(r->at[i].subject);
    free(r->at[i].what);
  }
  free(r->at);
  *r = (struct probe_results){0};
}
