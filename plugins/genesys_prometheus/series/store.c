/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/series/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "plugins/genesys_prometheus/series/point.h"
#include "plugins/genesys_prometheus/series/table.h"

enum {
  SHARDS = 64,
  CLEAN_AT_ONCE = 1024, /* heads of a table while its lock is held once */
  LINE_SIZE = 512,
};

struct shard {
  pthread_mutex_t lock;
  struct table table;
};

struct store {
  struct shard shards[SHARDS];
  size_t series_max;
  uint32_t staleness_ms;
  _Atomic size_t series;
  _Atomic uint64_t overflow, collisions, old;

  struct families families; /* has a lock of its own */
  struct leases leases;     /* likewise */

  pthread_mutex_t fresh_lock;
  struct point *fresh; /* points that wait for insertion */

  pthread_mutex_t taken_lock;          /* of the next line */
  uint64_t newest_taken, second_taken; /* numbers of answers */

  pthread_mutex_t structure; /* of all below */
  struct family_list listed;
  struct point *collided; /* not shown: family_insert refuses them */
  struct point *gone;     /* to be freed */
  char collision[LINE_SIZE];
};

struct store *store_new(size_t series_max, uint32_t staleness_ms) {
  struct store *s = gc_zalloc(1, sizeof(*s));
  s->series_max = series_max;
  s->staleness_ms = staleness_ms;
  for (size_t i = 0; i < SHARDS; i++)
    pthread_mutex_init(&s->shards[i].lock, NULL);
  pthread_mutex_init(&s->fresh_lock, NULL);
  pthread_mutex_init(&s->structure, NULL);
  pthread_mutex_init(&s->taken_lock, NULL);
  families_init(&s->families);
  leases_init(&s->leases);
  return s;
}

/* ---- values ---- */

static struct shard *shard_of(struct store *s, uint64_t hash) {
  return &s->shards[hash >> 58];
}

/* Returns how long the values are shown from now on; 0: they are not shown. */
static uint64_t life_of(const struct store *s, const struct store_list *list) {
  uint64_t life_ms = 2 * (uint64_t)list->interval_ms;
  if (!list->is_interval)
    return life_ms > s->staleness_ms ? life_ms : s->staleness_ms;
  life_ms += STORE_SETTLE_MS;
  return list->age_ms < life_ms ? life_ms - list->age_ms : 0;
}

static void set_numbers(const struct store *s, struct entry *e,
                        const struct store_list *list) {
  for (size_t i = 0; i < e->count; i++)
    if (e->points[i] != NULL)
      atomic_store_explicit(&e->points[i]->bits, list->numbers[i].bits,
                            memory_order_relaxed);
  e->written_ms = list->now_ms;
  e->time = list->time;
  e->interval_ms = list->interval_ms;
  e->life_ms = life_of(s, list);
}

/* True if the values are too old to be shown; counts them. */
static bool are_old(struct store *s, const struct store_list *list) {
  bool is_old = life_of(s, list) == 0;
  if (is_old)
    atomic_fetch_add(&s->old, list->count);
  return is_old;
}

/* True if the value is older than the newest one and is not shown. If the
 * newest value was written more than an interval ago, the sender's clock was
 * probably set back, and the older value is shown. */
static bool is_late(const struct entry *e, const struct store_list *list) {
  /* This thread may have read the clock before the thread that wrote. */
  return list->time < e->time && list->now_ms <= e->written_ms + e->interval_ms;
}

/* Marks counters that begin with 0: the 0 and the first count may be written
 * between two scrapes, by two threads in any order. */
static void mark_beginnings(struct entry *e, const struct store_list *list) {
  for (size_t i = 0; i < e->count; i++) {
    struct point *p = e->points[i];
    unsigned char unseen = POINT_UNSEEN;
    if (list->numbers[i].bits == 0 && p != NULL && p->family != NULL &&
        p->family->kind != GC_EXPORT_GAUGE)
      atomic_compare_exchange_strong(&p->beginning, &unseen, POINT_AT_ZERO);
  }
}

bool store_write(struct store *s, const struct store_list *list) {
  if (are_old(s, list))
    return true;
  uint64_t hash = gc_hash(list->key, list->key_len);
  struct shard *shard = shard_of(s, hash);
  pthread_mutex_lock(&shard->lock);
  struct entry *e = table_find(&shard->table, list->key, list->key_len, hash);
  if (e != NULL && e->count == list->count) {
    if (is_late(e, list))
      mark_beginnings(e, list);
    else
      set_numbers(s, e, list);
  }
  pthread_mutex_unlock(&shard->lock);
  return e != NULL;
}

/* ---- new series ---- */

static void free_points(struct entry *e) {
  for (size_t i = 0; i < e->count; i++)
    free(e->points[i]);
}

/* Sets the lease and makes the points. */
static enum gc_code fill_entry(struct store *s, struct entry *e,
                               const struct store_list *list, store_names make,
                               void *ctx) {
  if (list->lease != NULL &&
      (e->lease = leases_get(&s->leases, list->lease)) == NULL)
    return GC_ERR_MEMORY;
  struct gc_export_series *names = malloc(sizeof(*names));
  if (names == NULL)
    return GC_ERR_MEMORY;
  for (size_t i = 0; i < list->count; i++) {
    if (list->numbers[i].kind == STORE_OTHER || !make(ctx, i, names))
      continue;
    e->points[i] = point_new(names, families_get(&s->families, names),
                             list->numbers[i].kind);
    if (e->points[i] != NULL)
      e->points[i]->born_ms = list->now_ms;
  }
  free(names);
  return GC_OK;
}

/* Puts the points into the list of fresh ones. The next scrape shows them; it
 * may begin before this function returns. */
static void publish_points(struct store *s, struct entry *e) {
  pthread_mutex_lock(&s->fresh_lock);
  for (size_t i = 0; i < e->count; i++)
    if (e->points[i] != NULL) {
      e->points[i]->next = s->fresh;
      s->fresh = e->points[i];
    }
  pthread_mutex_unlock(&s->fresh_lock);
}

/* Adds the entry. Returns false when another thread was faster, or when out of
 * memory. */
static bool add_entry(struct store *s, struct entry *e,
                      const struct store_list *list) {
  struct shard *shard = shard_of(s, e->hash);
  pthread_mutex_lock(&shard->lock);
  bool is_new =
      table_find(&shard->table, list->key, list->key_len, e->hash) == NULL &&
      table_add(&shard->table, e);
  if (is_new) {
    set_numbers(s, e, list);
    mark_beginnings(e, list);
    publish_points(s, e); /* under the lock, so that no expiry frees them */
    if (e->lease != NULL)
      atomic_fetch_add(&e->lease->entries, 1);
  }
  pthread_mutex_unlock(&shard->lock);
  return is_new;
}

enum gc_code store_add(struct store *s, const struct store_list *list,
                       store_names make, void *ctx) {
  if (atomic_fetch_add(&s->series, list->count) + list->count > s->series_max) {
    atomic_fetch_sub(&s->series, list->count);
    atomic_fetch_add(&s->overflow, list->count);
    return GC_ERR_LIMIT;
  }
  struct entry *e = entry_new(list->key, list->key_len,
                              gc_hash(list->key, list->key_len), list->count);
  enum gc_code code =
      e != NULL ? fill_entry(s, e, list, make, ctx) : GC_ERR_MEMORY;
  if (code == GC_OK && add_entry(s, e, list))
    return GC_OK;
  if (e != NULL)
    free_points(e);
  free(e);
  atomic_fetch_sub(&s->series, list->count);
  /* The entry of a faster thread takes the values, unless it was removed with
   * its lease meanwhile. */
  bool is_lost = code == GC_OK && !store_write(s, list) && list->lease == NULL;
  return is_lost ? GC_ERR_MEMORY : code;
}

/* ---- structure: the caller has the structure lock ---- */

static void note_collision(struct store *s, const struct point *p) {
  atomic_fetch_add(&s->collisions, 1);
  snprintf(s->collision, sizeof(s->collision), "%s{%s}",
           p->family != NULL ? p->family->name : "", p->labels);
}

/* Frees the points that are gone and inserts the others. Counts a collision if
 * `is_new`, but not when the same point is tried again. */
static void insert_points(struct store *s, struct point *list, bool is_new) {
  for (struct point *p = list, *next; p != NULL; p = next) {
    next = p->next;
    p->next = NULL;
    if (p->is_gone) {
      free(p);
      continue;
    }
    if (family_insert(p) == GC_OK)
      continue;
    if (is_new)
      note_collision(s, p);
    p->next = s->collided;
    s->collided = p;
  }
}

static void insert_fresh(struct store *s) {
  pthread_mutex_lock(&s->fresh_lock);
  struct point *fresh = s->fresh;
  s->fresh = NULL;
  pthread_mutex_unlock(&s->fresh_lock);
  insert_points(s, fresh, true);
  families_list(&s->families, &s->listed);
}

void store_note_taken(struct store *s, uint64_t number) {
  pthread_mutex_lock(&s->taken_lock);
  if (number > s->newest_taken) {
    s->second_taken = s->newest_taken;
    s->newest_taken = number;
  } else if (number > s->second_taken && number < s->newest_taken) {
    s->second_taken = number;
  }
  pthread_mutex_unlock(&s->taken_lock);
}

void store_scrape_end(struct store *s) { pthread_mutex_unlock(&s->structure); }

static bool is_stale(const struct entry *e, uint64_t now_ms) {
  return now_ms > e->written_ms && now_ms - e->written_ms > e->life_ms;
}

static bool is_lost(const struct entry *e, uint64_t now_ms) {
  (void)now_ms;
  return e->lease != NULL && e->lease->is_lost;
}

/* Decides whether an entry is removed. */
typedef bool (*entry_rule)(const struct entry *e, uint64_t now_ms);

/* Frees an entry. Its shown points are freed later, from the list `gone`.
 */
static void remove_entry(struct store *s, struct entry *e) {
  for (size_t i = 0; i < e->count; i++) {
    struct point *p = e->points[i];
    if (p == NULL)
      continue;
    p->is_gone = true;
    if (p->is_shown) {
      p->family->gone++;
      p->next = s->gone;
      s->gone = p;
    }
  }
  if (e->lease != NULL)
    atomic_fetch_sub(&e->lease->entries, 1);
  atomic_fetch_sub(&s->series, e->count);
  free(e);
}

static size_t clean_heads(struct store *s, struct table *t, size_t from,
                          entry_rule is_over, uint64_t now_ms) {
  size_t removed = 0, end = from + CLEAN_AT_ONCE;
  for (size_t i = from; i < end && i < t->room; i++)
    for (struct entry **at = &t->heads[i]; *at != NULL;) {
      struct entry *e = *at;
      if (!is_over(e, now_ms)) {
        at = &e->next;
        continue;
      }
      *at = e->next;
      t->count--;
      removed++;
      remove_entry(s, e);
    }
  return removed;
}

static size_t clean_shard(struct store *s, struct shard *shard,
                          entry_rule is_over, uint64_t now_ms) {
  size_t removed = 0;
  bool is_more = true;
  for (size_t from = 0; is_more; from += CLEAN_AT_ONCE) {
    pthread_mutex_lock(&shard->lock);
    removed += clean_heads(s, &shard->table, from, is_over, now_ms);
    is_more = from + CLEAN_AT_ONCE < shard->table.room;
    pthread_mutex_unlock(&shard->lock);
  }
  return removed;
}

/* Tries collided points again, because their lines may now be free. */
static void settle_collided(struct store *s) {
  struct point *list = s->collided;
  s->collided = NULL;
  insert_points(s, list, false);
}

static void free_list(struct point *list) {
  for (struct point *p = list, *next; p != NULL; p = next) {
    next = p->next;
    free(p);
  }
}

static void remove_entries(struct store *s, entry_rule is_over,
                           uint64_t now_ms) {
  size_t removed = 0;
  insert_fresh(s);
  for (size_t i = 0; i < SHARDS; i++)
    removed += clean_shard(s, &s->shards[i], is_over, now_ms);
  if (removed > 0) {
    for (size_t i = 0; i < s->listed.count; i++)
      family_remove_gone(s->listed.at[i]);
    free_list(s->gone);
    s->gone = NULL;
    settle_collided(s);
  }
}

void store_expire(struct store *s, uint64_t now_ms) {
  pthread_mutex_lock(&s->structure);
  remove_entries(s, is_stale, now_ms);
  pthread_mutex_unlock(&s->structure);
}

void store_remove_lost(struct store *s,
                       bool (*holds)(const struct gc_lease_gate *lease)) {
  pthread_mutex_lock(&s->structure);
  if (leases_find_lost(&s->leases, holds))
    remove_entries(s, is_lost, 0);
  pthread_mutex_unlock(&s->structure);
}

/* Age is judged here, and not only when store_expire runs. */
const struct family_list *store_scrape_begin(struct store *s, uint64_t now_ms) {
  struct scrape *scrape = &s->listed.scrape;
  pthread_mutex_lock(&s->structure);
  remove_entries(s, is_stale, now_ms);
  scrape->now_ms = now_ms;
  scrape->number++;
  pthread_mutex_lock(&s->taken_lock);
  scrape->second_taken = s->second_taken;
  pthread_mutex_unlock(&s->taken_lock);
  return &s->listed;
}

/* ---- beginning, end, statistics ---- */

struct store_stats store_stats(struct store *s) {
  return (struct store_stats){
      atomic_load(&s->series), atomic_load(&s->overflow),
      atomic_load(&s->collisions), atomic_load(&s->old)};
}

bool store_last_collision(struct store *s, char *out, size_t size) {
  pthread_mutex_lock(&s->structure);
  bool is_any = s->collision[0] != '\0';
  snprintf(out, size, "%s", s->collision);
  s->collision[0] = '\0';
  pthread_mutex_unlock(&s->structure);
  return is_any;
}

static void free_table(struct table *t) {
  for (size_t i = 0; i < t->room; i++)
    for (struct entry *e = t->heads[i], *next; e != NULL; e = next) {
      next = e->next;
      free_points(e);
      free(e);
    }
  table_clear(t);
}

void store_free(struct store *s) {
  if (s == NULL)
    return;
  for (size_t i = 0; i < SHARDS; i++) {
    free_table(&s->shards[i].table);
    pthread_mutex_destroy(&s->shards[i].lock);
  }
  families_clear(&s->families);
  leases_clear(&s->leases);
  free(s->listed.at);
  pthread_mutex_destroy(&s->fresh_lock);
  pthread_mutex_destroy(&s->structure);
  pthread_mutex_destroy(&s->taken_lock);
  free(s);
}
