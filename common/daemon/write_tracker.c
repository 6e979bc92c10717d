/* SPDX-License-Identifier: MIT */
#include "common/daemon/write_tracker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "collectd.h"
#include "plugin.h"

#include "common/base/hash.h"
#include "common/daemon/value_list.h"

enum { KEY_MAX = 4 * DATA_MAX_NAME_LEN };

/* One value on its way through collectd's write queue. */
struct flight {
  struct flight *next;          /* in its bucket */
  struct flight *older, *newer; /* of its ticket */
  struct gc_write_ticket *ticket;
  uint64_t hash;
  cdtime_t time;
  uint64_t since_ms;
  uint64_t number; /* of all flights, in the order of their start */
  char key[];      /* "host/instance/type/type_instance" */
};

struct gc_write_ticket {
  struct flight *oldest, *newest;
  size_t count;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static pthread_cond_t landed; /* a ticket has none in flight any more */
static struct flight **buckets;
static size_t bucket_count;
static bool registered, closed;
static uint64_t started; /* flights so far */
static uint64_t (*clock_ms)(void);
/* The newest flight that was seen behind the write queue: at all, before the
 * present stretch of GC_TAP_GIVE_UP_MS began, before the one before did. */
static struct {
  uint64_t begin_ms, last_ms; /* of the present stretch */
  uint64_t newest, before, long_before;
} seen;
static atomic_size_t in_flight; /* is read without the lock, too */

static uint64_t monotonic_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void make_condition(void) {
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&landed, &attr);
  pthread_condattr_destroy(&attr);
}

static void enter(void) {
  pthread_once(&once, make_condition);
  pthread_mutex_lock(&lock);
  if (clock_ms == NULL)
    clock_ms = monotonic_ms;
}

static void leave(void) { pthread_mutex_unlock(&lock); }

/* No slash is left in a part (gc_value_list), so no two series share a key. */
static uint64_t make_key(char key[KEY_MAX], const value_list_t *vl) {
  snprintf(key, KEY_MAX, "%s/%s/%s/%s", vl->host, vl->plugin_instance, vl->type,
           vl->type_instance);
  return gc_hash_fold(gc_hash(key, strlen(key)));
}

static struct flight *find(const char *key, uint64_t hash) {
  struct flight *f =
      bucket_count > 0 ? buckets[hash & (bucket_count - 1)] : NULL;
  while (f != NULL && (f->hash != hash || strcmp(f->key, key) != 0))
    f = f->next;
  return f;
}

static void put_in(struct flight **table, size_t count, struct flight *f) {
  struct flight **bucket = &table[f->hash & (count - 1)];
  f->next = *bucket;
  *bucket = f;
}

/* As many buckets as flights; false when there are none at all. */
static bool make_room(void) {
  if (atomic_load(&in_flight) < bucket_count)
    return true;
  size_t count = bucket_count > 0 ? bucket_count * 2 : 256;
  struct flight **table = calloc(count, sizeof(*table));
  if (table == NULL)
    return bucket_count > 0;
  for (size_t i = 0; i < bucket_count; i++)
    for (struct flight *f = buckets[i], *next; f != NULL; f = next) {
      next = f->next;
      put_in(table, count, f);
    }
  free(buckets);
  buckets = table;
  bucket_count = count;
  return true;
}

static struct flight *start(struct gc_write_ticket *t, const char *key,
                            uint64_t hash, cdtime_t when) {
  size_t size = strlen(key) + 1;
  struct flight *f = calloc(1, sizeof(*f) + size);
  if (f == NULL || !make_room()) {
    free(f);
    return NULL;
  }
  memcpy(f->key, key, size);
  f->hash = hash;
  f->time = when;
  f->since_ms = clock_ms();
  f->number = ++started;
  f->ticket = t;
  f->older = t->newest;
  *(t->newest != NULL ? &t->newest->newer : &t->oldest) = f;
  t->newest = f;
  t->count++;
  put_in(buckets, bucket_count, f);
  atomic_fetch_add(&in_flight, 1);
  return f;
}

static void land(struct flight *f) {
  struct flight **at = &buckets[f->hash & (bucket_count - 1)];
  while (*at != f)
    at = &(*at)->next;
  *at = f->next;

  struct gc_write_ticket *t = f->ticket;
  *(f->older != NULL ? &f->older->newer : &t->oldest) = f->newer;
  *(f->newer != NULL ? &f->newer->older : &t->newest) = f->older;
  if (--t->count == 0)
    pthread_cond_broadcast(&landed);
  atomic_fetch_sub(&in_flight, 1);
  free(f);
}

static void see(uint64_t number) {
  uint64_t now_ms = clock_ms();
  if (now_ms - seen.begin_ms >= GC_TAP_GIVE_UP_MS) {
    seen.long_before = seen.before;
    seen.before = seen.newest;
    seen.begin_ms = now_ms;
  }
  if (number > seen.newest)
    seen.newest = number;
  seen.last_ms = now_ms;
}

/* The write queue is first in, first out: a value that a later one has
 * overtaken long ago was hidden. While it merely waits in a long queue none
 * has. */
static bool is_given_up(const struct flight *f) {
  uint64_t now_ms = clock_ms();
  if (now_ms - f->since_ms < GC_TAP_GIVE_UP_MS)
    return false;
  return f->number < seen.long_before ||
         now_ms - seen.last_ms >= GC_TAP_GIVE_UP_MS;
}

/* Oldest first: one that is not given up yet ends it. */
static void give_up(struct gc_write_ticket *t) {
  while (t->oldest != NULL && is_given_up(t->oldest))
    land(t->oldest);
}

/* Runs on collectd's write threads for each value of every plugin: what is not
 * ours must cost nothing. */
static int on_write(__attribute__((unused)) const data_set_t *ds,
                    const value_list_t *vl,
                    __attribute__((unused)) user_data_t *ud) {
  if (atomic_load(&in_flight) == 0 || strcmp(vl->plugin, "genesys") != 0)
    return 0;

  char key[KEY_MAX];
  uint64_t hash = make_key(key, vl);
  enter();
  struct flight *f = find(key, hash);
  if (f != NULL && f->time == vl->time) {
    see(f->number);
    land(f);
  }
  leave();
  return 0;
}

static int on_last_init(void) {
  return plugin_register_write("genesys_tap", on_write, NULL);
}

enum gc_code gc_write_tracker_register(struct gc_err *err) {
  enter();
  bool first = !registered;
  registered = true;
  leave();
  /* Not under the lock: collectd may log about it, and a log plugin is free to
   * dispatch values. */
  if (first && plugin_register_init("genesys_tap", on_last_init) != 0)
    return gc_fail(err, GC_ERR_MEMORY,
                   "collectd does not take the tap's init callback");
  return GC_OK;
}

void gc_write_tracker_close(void) {
  enter();
  closed = true;
  for (size_t i = 0; i < bucket_count; i++)
    while (buckets[i] != NULL)
      land(buckets[i]);
  free(buckets);
  buckets = NULL;
  bucket_count = 0;
  pthread_cond_broadcast(&landed);
  leave();
}

struct gc_write_ticket *gc_write_ticket_new(void) {
  return calloc(1, sizeof(struct gc_write_ticket));
}

void gc_write_ticket_free(struct gc_write_ticket *t) {
  if (t == NULL)
    return;
  enter();
  while (t->oldest != NULL)
    land(t->oldest);
  leave();
  free(t);
}

/* Makes the flight before the value is dispatched: a write thread may have it
 * before plugin_dispatch_values returns. */
static enum gc_code check_in(struct gc_write_ticket *t, const char *key,
                             uint64_t hash, cdtime_t when) {
  if (closed)
    return GC_ERR_STOPPED;
  struct flight *f = find(key, hash);
  if (f != NULL && !is_given_up(f))
    return GC_ERR_LIMIT;
  if (f != NULL)
    land(f);
  return start(t, key, hash, when) != NULL ? GC_OK : GC_ERR_MEMORY;
}

enum gc_code gc_write_tracker_emit(struct gc_write_ticket *t, const char *host,
                                   const struct gc_sample *sample) {
  value_list_t vl;
  value_t values[GC_DS_MAX];
  if (!gc_value_list(host, sample, &vl, values))
    return GC_OK;

  char key[KEY_MAX];
  uint64_t hash = make_key(key, &vl);
  enter();
  enum gc_code code = check_in(t, key, hash, vl.time);
  leave();
  if (code != GC_OK || plugin_dispatch_values(&vl) == 0)
    return code;

  enter();
  struct flight *f = find(key, hash);
  if (f != NULL && f->ticket == t && f->time == vl.time)
    land(f);
  leave();
  return GC_ERR_MEMORY;
}

size_t gc_write_tracker_in_flight(struct gc_write_ticket *t) {
  enter();
  give_up(t);
  size_t count = t->count;
  leave();
  return count;
}

/* Until the oldest may be given up, or `end_ms` if that is sooner. */
static void sleep_on(const struct gc_write_ticket *t, uint64_t end_ms) {
  uint64_t since_ms =
      t->oldest->since_ms > seen.last_ms ? t->oldest->since_ms : seen.last_ms;
  uint64_t flown_ms = clock_ms() - since_ms;
  uint64_t left_ms =
      flown_ms < GC_TAP_GIVE_UP_MS ? GC_TAP_GIVE_UP_MS - flown_ms : 0;
  uint64_t wake_ms = monotonic_ms() + left_ms;
  if (wake_ms > end_ms)
    wake_ms = end_ms;
  struct timespec wake = {.tv_sec = (time_t)(wake_ms / 1000),
                          .tv_nsec = (long)(wake_ms % 1000) * 1000000};
  pthread_cond_timedwait(&landed, &lock, &wake);
}

bool gc_write_tracker_wait(struct gc_write_ticket *t, uint32_t max_ms) {
  uint64_t end_ms = monotonic_ms() + max_ms;
  enter();
  for (give_up(t); t->count > 0 && monotonic_ms() < end_ms; give_up(t))
    sleep_on(t, end_ms);
  bool none = t->count == 0;
  leave();
  return none;
}

void gc_write_tracker_restart(uint64_t (*now_ms)(void)) {
  gc_write_tracker_close();
  enter();
  registered = closed = false;
  started = 0;
  memset(&seen, 0, sizeof(seen));
  clock_ms = now_ms != NULL ? now_ms : monotonic_ms;
  leave();
}
