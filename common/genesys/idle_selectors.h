/* SPDX-License-Identifier: MIT */
/* Finds selectors without effect, such as a misspelt `Queue` option: those that
 * decide about no entity of a list, because they match none or another selector
 * matches first. An exclusion (`!*test*`) that finds nothing is normal and not
 * reported. Reports each once, and when it has an effect again. One thread
 * at a time. */
#ifndef GC_GENESYS_IDLE_SELECTORS_H
#define GC_GENESYS_IDLE_SELECTORS_H

#include "common/base/strs.h"
#include "common/genesys/entities.h"

struct gc_idle_selectors {
  bool *were_idle; /* as reported, by number; NULL: nothing was */
};

/* Call it with each new list. `option` and `noun` are those of the messages
 * ("Queue", "queue"). The cause of a notice is `Queue "PATTERN"`. A list that
 * is refused or empty proves nothing. Without memory nothing is reported. */
GC_API void gc_idle_selectors_report(
    struct gc_idle_selectors *s, const struct gc_entities *list,
    const struct gc_strs *selectors, const char *option, const char *noun,
    void (*notice)(void *ctx, const char *cause, const struct gc_err *err),
    void *ctx);
GC_API void gc_idle_selectors_clear(struct gc_idle_selectors *s);

#endif
