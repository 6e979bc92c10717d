/* SPDX-License-Identifier: MIT */
/* All series that a scrape shows, with their newest values.
 *
 * Writers and scrapes do not wait for each other:
 *   - a writer finds the entry of a value in one of 64 hash tables and stores
 *     the value as an atomic; it holds the table's lock for that only;
 *   - the structure that a scrape reads (families.h) is guarded by the
 *     structure lock, which one scrape or store_expire holds. Writers never
 *     take this lock. A new series waits in a list until the next scrape
 *     inserts it.
 *
 *   if (!store_write(s, &list))           most of the time
 *     store_add(s, &list, make, ctx);     once a series
 *
 * Any thread, unless a function says otherwise. */
#ifndef GENESYS_PROMETHEUS_SERIES_STORE_H
#define GENESYS_PROMETHEUS_SERIES_STORE_H

#include "common/export/series.h"

#include <stdint.h>

struct store;
struct family_list;
struct gc_lease_gate;

enum store_number_kind {
  STORE_REAL,  /* "no value" unless finite */
  STORE_INT,   /* DERIVE */
  STORE_UINT,  /* COUNTER */
  STORE_OTHER, /* ABSOLUTE: a count since the last reading; not shown */
};

/* The bits of a double, int64_t or uint64_t. */
struct store_number {
  enum store_number_kind kind;
  uint64_t bits;
};

/* The values of one value list. All members are borrowed for the call. */
struct store_list {
  const char *key; /* as in struct gc_value */
  size_t key_len;
  const struct store_number *numbers; /* one for each data source */
  size_t count;
  uint64_t time;        /* of the values, in any unit; older ones are skipped */
  uint32_t interval_ms; /* of the series */
  uint64_t now_ms;      /* monotonic */
  /* Of a series of intervals or windows, which lives for two of them: its
   * values' age, by the clock. */
  bool is_interval;
  uint64_t age_ms;
  /* The lease of the series, of which only the holder shows it; NULL: none.
   * store_add reads it. It lives as long as the store. */
  const struct gc_lease_gate *lease;
};

/* Makes the names of data source `i`. Returns false when it cannot be shown. */
typedef bool (*store_names)(void *ctx, size_t i,
                            struct gc_export_series *ret_series);

struct store_stats {
  size_t series;       /* in memory; collided ones included */
  uint64_t overflow;   /* values left out because of `series_max` */
  uint64_t collisions; /* series left out: another one has their line, or a
                          name of their family */
  uint64_t old;        /* values of intervals left out because of their age */
};

/* An interval ends at its values' time; they come later by SettleDelay and the
 * poll. */
enum { STORE_SETTLE_MS = 60 * 1000 };

/* Makes a store. A series that was not written for `staleness_ms`, or for twice
 * its interval if that is longer, is removed. A series of intervals is removed
 * two intervals and STORE_SETTLE_MS after its newest one; values that are older
 * when they come, as in a back-fill, are not shown. */
struct store *store_new(size_t series_max, uint32_t staleness_ms);
/* Frees `s`, which may be NULL. No other call may run. */
void store_free(struct store *s);

/* Stores the values of a known series without an allocation. Returns false when
 * the series is not known. */
bool store_write(struct store *s, const struct store_list *list);
/* Adds the series of a value list. GC_ERR_LIMIT: past series_max (counted). If
 * another thread has just added the series, stores the values in them. */
GC_MUST_CHECK enum gc_code store_add(struct store *s,
                                     const struct store_list *list,
                                     store_names make, void *ctx);

/* Removes series that are stale. Takes the structure lock. */
void store_expire(struct store *s, uint64_t now_ms);
/* Removes the series of each lease that this agent does not hold: those for
 * which `holds` is false. A later value adds such a series again. Takes the
 * structure lock, and no time when there is none. */
void store_remove_lost(struct store *s,
                       bool (*holds)(const struct gc_lease_gate *lease));

/* For STORE_BEGINNING_MS after its birth, a counter that began with 0 shows
 * this 0 in the first two answers that clients took whole: two replicas of
 * Prometheus see it, and a scrape that broke off does not use it up. */
enum { STORE_BEGINNING_MS = 60 * 1000 };

/* Removes stale series, inserts new ones, and returns the families, which are
 * the caller's until store_scrape_end. */
const struct family_list *store_scrape_begin(struct store *s, uint64_t now_ms);
void store_scrape_end(struct store *s);
/* Notes that a client took the whole answer of that number
 * (family_list.scrape). */
void store_note_taken(struct store *s, uint64_t number);

struct store_stats store_stats(struct store *s);

struct store_collision {
  char place[1024]; /* the line, or the names of two families */
  char shown[700];  /* identity of the first series: host/plugin-…/type-… */
  char hidden[700];
};

/* Copies the newest collision, for a message. Returns false when there was none
 * since the last call. */
bool store_last_collision(struct store *s, struct store_collision *ret);

#endif
