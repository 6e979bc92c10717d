/* SPDX-License-Identifier: MIT */
/* Series of genesys_prometheus for its tests: identities become entries of a
 * store as the plugin makes them. */
#ifndef GC_TESTS_SUPPORT_POINTS_H
#define GC_TESTS_SUPPORT_POINTS_H

#include "plugins/genesys_prometheus/exposition/render.h"
#include "plugins/genesys_prometheus/series/store.h"

/* A value of plugin "genesys" on host "h". */
struct points_value {
  const char *instance, *type, *type_instance;
  const char *parts; /* NULL: none */
  double value;      /* of a DERIVE, a whole number */
};

/* Writes the value at `now_ms`, as on_write does. The key is the identity and
 * the parts. */
enum gc_code points_write(struct store *s, const struct points_value *v,
                          uint64_t now_ms);

/* Writes the value of a series of a lease. */
enum gc_code points_write_leased(struct store *s, const struct points_value *v,
                                 uint64_t now_ms,
                                 const struct gc_lease_gate *lease);

/* Returns the exposition at the time of the newest value, of any store, as an
 * answer that is taken; the caller frees it. */
char *points_render(struct store *s, enum render_format format);

#endif
