/* SPDX-License-Identifier: MIT */
#include "common/genesys/idle_selectors.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/glob.h"

/* Returns true for an exclusion (`!*test*`) that matches nothing: there is
 * nothing to exclude, which is normal. */
static bool excludes_nothing(const struct gc_entities *list, char *selector) {
  if (selector[0] != '!')
    return false;
  for (size_t i = 0; i < gc_entities_count(list); i++) {
    const struct gc_entry *e = gc_entities_at(list, i);
    if (gc_glob_first(&selector, 1, e->name, e->id) == 0)
      return false;
  }
  return true;
}

/* Sets `decide` for each selector that decides about an entity, and for each
 * exclusion without one. */
static void note_deciding(const struct gc_entities *list,
                          const struct gc_strs *selectors, bool *decide) {
  for (size_t i = 0; i < gc_entities_count(list); i++) {
    const struct gc_entry *e = gc_entities_at(list, i);
    size_t first =
        gc_glob_first(selectors->at, selectors->count, e->name, e->id);
    if (first < selectors->count)
      decide[first] = true;
  }
  for (size_t i = 0; i < selectors->count; i++)
    decide[i] |= excludes_nothing(list, selectors->at[i]);
}

void gc_idle_selectors_report(
    struct gc_idle_selectors *s, const struct gc_entities *list,
    const struct gc_strs *selectors, const char *option, const char *noun,
    void (*notice)(void *ctx, const char *cause, const struct gc_err *err),
    void *ctx) {
  if (gc_entities_is_refused(list) || gc_entities_count(list) == 0)
    return;
  if (s->were_idle == NULL)
    s->were_idle = gc_zalloc(selectors->count, sizeof(*s->were_idle));
  bool *decide = gc_zalloc(selectors->count, sizeof(*decide));
  note_deciding(list, selectors, decide);
  for (size_t i = 0; i < selectors->count; i++) {
    struct gc_err err = {.code = GC_OK};
    char cause[80];
    if (s->were_idle[i] == !decide[i])
      continue;
    s->were_idle[i] = !decide[i];
    snprintf(cause, sizeof(cause), "%s \"%.60s\"", option, selectors->at[i]);
    if (!decide[i])
      (void)gc_fail(&err, GC_ERR_NOT_FOUND,
                    "has no effect: it matches no %s, or an option before it "
                    "matches the same ones",
                    noun);
    notice(ctx, cause, &err);
  }
  free(decide);
}

void gc_idle_selectors_clear(struct gc_idle_selectors *s) {
  free(s->were_idle);
  s->were_idle = NULL;
}
