/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/series/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "plugins/genesys_prometheus/series/families.h"

enum {
  SHARDS = 64,
  CLEAN_AT_ONCE = 1024, /* heads of a table while its lock is held once */
};

/* The entries of a lease: the store searches for series of a standby only when
 * there are some. */
struct lease_use {
  const struct gc_lease_gate *lease;
  _Atomic size_t entries;
  bool is_lost; /* at the last store_remove_lost */
  struct lease_use *next;
};

/* A value list and its points; the key follows the points. */
struct entry {
  struct entry *next;
  uint64_t hash;
  uint64_t written_ms;     /* monotonic */
  uint64_t life_ms;        /* from written_ms on */
  uint64_t time;           /* of the newest values */
  struct lease_use *lease; /* NULL: none */
  uint32_t interval_ms;
  uint32_t key_len;
  uint32_t count;
  struct point *points[]; /* NULL: not shown */
};

/* A hash table of value lists by their key. */
struct shard {
  pthread_mutex_t lock;
  struct entry **heads;
  size_t room; /* a power of two, or 0 */
  size_t count;
};

/* Points in the order in which they came. */
struct point_list {
  struct point *first, *last;
};

struct store {
  struct shard shards[SHARDS];
  size_t series_max;
  uint32_t staleness_ms;
  _Atomic size_t series;
  _Atomic uint64_t overflow, collisions, old;

  struct families families; /* has a lock of its own */

  pthread_mutex_t lease_lock; /* of the list; its nodes stay */
  struct lease_use *leases;

  pthread_mutex_t fresh_lock;
  struct point_list fresh;          /* wait for insertion */
  struct store_collision collision; /* place "": none */

  pthread_mutex_t taken_lock;          /* of the next line */
  uint64_t newest_taken, second_taken; /* numbers of answers */

  pthread_mutex_t structure; /* of all below */
  struct family_list listed;
  struct point_list collided; /* not shown: family_insert refuses them */
  struct point_list gone;     /* to be freed */
};

struct store *store_new(size_t series_max, uint32_t staleness_ms) {
  struct store *s = gc_zalloc(1, sizeof(*s));
  s->series_max = series_max;
  s->staleness_ms = staleness_ms;
  for (size_t i = 0; i < SHARDS; i++)
    pthread_mutex_init(&s->shards[i].lock, NULL);
  pthread_mutex_init(&s->lease_lock, NULL);
  pthread_mutex_init(&s->fresh_lock, NULL);
  pthread_mutex_init(&s->structure, NULL);
  pthread_mutex_init(&s->taken_lock, NULL);
  families_init(&s->families);
  return s;
}

static void list_add(struct point_list *list, struct point *p) {
  p->next = NULL;
  if (list->first == NULL)
    list->first = p;
  else
    list->last->next = p;
  list->last = p;
}

/* ---- entries by their key ---- */

static struct shard *shard_of(struct store *s, uint64_t hash) {
  return &s->shards[hash >> 58];
}

static char *key_of(const struct entry *e) {
  return (char *)(uintptr_t)&e->points[e->count];
}

/* Returns the entry of the list; NULL when there is none. */
static struct entry *find_entry(const struct shard *t,
                                const struct store_list *list, uint64_t hash) {
  struct entry *e = t->room > 0 ? t->heads[hash & (t->room - 1)] : NULL;
  while (e != NULL && (e->hash != hash || e->key_len != list->key_len ||
                       memcmp(key_of(e), list->key, list->key_len) != 0))
    e = e->next;
  return e;
}

static void grow_shard(struct shard *t) {
  size_t room = t->room == 0 ? 64 : t->room * 2;
  struct entry **heads = gc_zalloc(room, sizeof(struct entry *));
  for (size_t i = 0; i < t->room; i++)
    for (struct entry *e = t->heads[i], *next; e != NULL; e = next) {
      next = e->next;
      e->next = heads[e->hash & (room - 1)];
      heads[e->hash & (room - 1)] = e;
    }
  free(t->heads);
  t->heads = heads;
  t->room = room;
}

static void put_entry(struct shard *t, struct entry *e) {
  if (t->count >= t->room)
    grow_shard(t);
  struct entry **head = &t->heads[e->hash & (t->room - 1)];
  e->next = *head;
  *head = e;
  t->count++;
}

/* ---- collisions ---- */

/* Writes "host/plugin-instance/type-instance" from a key. */
static void print_identity(char *out, size_t size, const char *key,
                           size_t key_len) {
  static const char *const before[] = {"", "/", "-", "/", "-"};
  size_t len = 0;
  out[0] = '\0';
  for (size_t i = 0; i < GC_COUNT(before) && key_len > 0 && len < size; i++) {
    size_t part = strnlen(key, key_len);
    if (part > 0)
      len += (size_t)snprintf(out + len, size - len, "%s%.*s", before[i],
                              (int)part, key);
    part += part < key_len; /* the NUL */
    key += part;
    key_len -= part;
  }
}

/* Counts a collision, and keeps it for a message. */
static void note_collision(struct store *s, struct store_collision *c,
                           const struct store_list *shown,
                           const struct store_list *hidden) {
  print_identity(c->shown, sizeof(c->shown), shown->key, shown->key_len);
  print_identity(c->hidden, sizeof(c->hidden), hidden->key, hidden->key_len);
  atomic_fetch_add(&s->collisions, 1);
  pthread_mutex_lock(&s->fresh_lock);
  s->collision = *c;
  pthread_mutex_unlock(&s->fresh_lock);
}

/* Notes two points with one line. */
static void note_line(struct store *s, const struct point *shown,
                      const struct point *p) {
  struct store_collision c;
  const struct entry *a = shown->entry, *b = p->entry;
  const struct store_list one = {.key = key_of(a), .key_len = a->key_len},
                          two = {.key = key_of(b), .key_len = b->key_len};
  snprintf(c.place, sizeof(c.place), "%s{%s}", p->family->name, p->labels);
  note_collision(s, &c, &one, &two);
}

/* Notes a family that has a name of another one, or another kind. */
static void note_family(struct store *s, const struct family *shown,
                        const struct gc_export_series *names,
                        const struct store_list *list) {
  struct store_collision c;
  const struct store_list first = {.key = shown->key,
                                   .key_len = shown->key_len};
  snprintf(c.place, sizeof(c.place), "%s and %s", shown->name, names->family);
  note_collision(s, &c, &first, list);
}

/* ---- values ---- */

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
    if (list->numbers[i].bits == 0 && p != NULL &&
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
  struct entry *e = find_entry(shard, list, hash);
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

static void entry_free(struct entry *e) {
  for (size_t i = 0; i < e->count; i++)
    free(e->points[i]);
  free(e);
}

/* Finds or makes the node of a lease. */
static struct lease_use *lease_of(struct store *s,
                                  const struct gc_lease_gate *lease) {
  pthread_mutex_lock(&s->lease_lock);
  struct lease_use *u = s->leases;
  while (u != NULL && u->lease != lease)
    u = u->next;
  if (u == NULL) {
    u = gc_zalloc(1, sizeof(*u));
    u->lease = lease;
    u->next = s->leases;
    s->leases = u;
  }
  pthread_mutex_unlock(&s->lease_lock);
  return u;
}

/* Makes the point of a data source; NULL: it is not shown. */
static struct point *make_point(struct store *s, const struct entry *e,
                                const struct store_list *list,
                                const struct gc_export_series *names,
                                enum store_number_kind kind) {
  const struct family *other;
  struct family *family = families_get(&s->families, names, list, &other);
  if (other != NULL)
    note_family(s, other, names, list);
  struct point *p = family != NULL ? point_new(names, family, kind) : NULL;
  if (p == NULL)
    return NULL;
  p->entry = e;
  p->born_ms = list->now_ms;
  return p;
}

static struct entry *entry_new(struct store *s, const struct store_list *list,
                               store_names make, void *ctx) {
  struct entry *e = gc_zalloc(
      1, sizeof(*e) + list->count * sizeof(struct point *) + list->key_len);
  struct gc_export_series *names = gc_zalloc(1, sizeof(*names));
  e->hash = gc_hash(list->key, list->key_len);
  e->key_len = (uint32_t)list->key_len;
  e->count = (uint32_t)list->count;
  memcpy(key_of(e), list->key, list->key_len);
  if (list->lease != NULL)
    e->lease = lease_of(s, list->lease);
  for (size_t i = 0; i < list->count; i++)
    if (list->numbers[i].kind != STORE_OTHER && make(ctx, i, names))
      e->points[i] = make_point(s, e, list, names, list->numbers[i].kind);
  free(names);
  return e;
}

/* Puts the points into the list of fresh ones. The next scrape shows them; it
 * may begin before this function returns. */
static void publish_points(struct store *s, struct entry *e) {
  pthread_mutex_lock(&s->fresh_lock);
  for (size_t i = 0; i < e->count; i++)
    if (e->points[i] != NULL)
      list_add(&s->fresh, e->points[i]);
  pthread_mutex_unlock(&s->fresh_lock);
}

/* Adds the entry. Returns false when another thread was faster. */
static bool add_entry(struct store *s, struct entry *e,
                      const struct store_list *list) {
  struct shard *shard = shard_of(s, e->hash);
  pthread_mutex_lock(&shard->lock);
  bool is_new = find_entry(shard, list, e->hash) == NULL;
  if (is_new) {
    put_entry(shard, e);
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
  struct entry *e = entry_new(s, list, make, ctx);
  if (add_entry(s, e, list))
    return GC_OK;
  entry_free(e);
  atomic_fetch_sub(&s->series, list->count);
  (void)store_write(s, list); /* into the entry of the faster thread */
  return GC_OK;
}

/* ---- structure: the caller has the structure lock ---- */

/* Frees the points that are gone and inserts the others. Counts a collision if
 * `is_new`, but not when the same point is tried again. */
static void insert_points(struct store *s, struct point *first, bool is_new) {
  for (struct point *p = first, *next; p != NULL; p = next) {
    next = p->next;
    if (p->is_gone) {
      free(p);
      continue;
    }
    const struct point *other = family_insert(p);
    if (other == NULL)
      continue;
    if (is_new)
      note_line(s, other, p);
    list_add(&s->collided, p);
  }
}

static void insert_fresh(struct store *s) {
  pthread_mutex_lock(&s->fresh_lock);
  struct point *fresh = s->fresh.first;
  s->fresh = (struct point_list){NULL, NULL};
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
      list_add(&s->gone, p);
    }
  }
  if (e->lease != NULL)
    atomic_fetch_sub(&e->lease->entries, 1);
  atomic_fetch_sub(&s->series, e->count);
  free(e);
}

static size_t clean_heads(struct store *s, struct shard *t, size_t from,
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
    removed += clean_heads(s, shard, from, is_over, now_ms);
    is_more = from + CLEAN_AT_ONCE < shard->room;
    pthread_mutex_unlock(&shard->lock);
  }
  return removed;
}

static void remove_entries(struct store *s, entry_rule is_over,
                           uint64_t now_ms) {
  size_t removed = 0;
  insert_fresh(s);
  for (size_t i = 0; i < SHARDS; i++)
    removed += clean_shard(s, &s->shards[i], is_over, now_ms);
  if (removed == 0)
    return;
  for (size_t i = 0; i < s->listed.count; i++)
    family_remove_gone(s->listed.at[i]);
  insert_points(s, s->gone.first, false); /* frees them */
  s->gone = (struct point_list){NULL, NULL};
  struct point *collided = s->collided.first; /* their lines may now be free */
  s->collided = (struct point_list){NULL, NULL};
  insert_points(s, collided, false);
}

void store_expire(struct store *s, uint64_t now_ms) {
  pthread_mutex_lock(&s->structure);
  remove_entries(s, is_stale, now_ms);
  pthread_mutex_unlock(&s->structure);
}

void store_remove_lost(struct store *s,
                       bool (*holds)(const struct gc_lease_gate *lease)) {
  bool is_any = false;
  pthread_mutex_lock(&s->structure);
  pthread_mutex_lock(&s->lease_lock);
  for (struct lease_use *u = s->leases; u != NULL; u = u->next) {
    u->is_lost = !holds(u->lease);
    is_any = is_any || (u->is_lost && u->entries > 0);
  }
  pthread_mutex_unlock(&s->lease_lock);
  if (is_any)
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

bool store_last_collision(struct store *s, struct store_collision *ret) {
  pthread_mutex_lock(&s->fresh_lock);
  *ret = s->collision;
  s->collision.place[0] = '\0';
  pthread_mutex_unlock(&s->fresh_lock);
  return ret->place[0] != '\0';
}

static void shard_clear(struct shard *t) {
  for (size_t i = 0; i < t->room; i++)
    for (struct entry *e = t->heads[i], *next; e != NULL; e = next) {
      next = e->next;
      entry_free(e);
    }
  free(t->heads);
  pthread_mutex_destroy(&t->lock);
}

void store_free(struct store *s) {
  if (s == NULL)
    return;
  for (size_t i = 0; i < SHARDS; i++)
    shard_clear(&s->shards[i]);
  families_clear(&s->families);
  for (struct lease_use *u = s->leases, *next; u != NULL; u = next) {
    next = u->next;
    free(u);
  }
  free(s->listed.at);
  pthread_mutex_destroy(&s->lease_lock);
  pthread_mutex_destroy(&s->fresh_lock);
  pthread_mutex_destroy(&s->structure);
  pthread_mutex_destroy(&s->taken_lock);
  free(s);
}
