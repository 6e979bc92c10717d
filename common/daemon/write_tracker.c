/* SPDX-License-Identifier: MIT */
#include "common/daemon/write_tracker.h"

#include <pthread.h>
#include <stdatomic.h>

#include "collectd.h"
#include "plugin.h"

#include "common/base/alloc.h"
#include "common/base/strmap.h"
#include "common/daemon/emit.h"
#include "common/net/clock.h"
#include "common/net/save_barrier.h"

enum { KEY_MAX = 4 * DATA_MAX_NAME_LEN };

/* A value that was dispatched and has not passed the write queue yet. */
struct pending {
  struct pending *older, *newer; /* neighbours on its ticket */
  struct gc_write_ticket *ticket;
  cdtime_t time;
  uint64_t since_ms;
  uint64_t number; /* number of the value in the order of dispatch */
  char key[];      /* "host/instance/type/type_instance" */
};

struct gc_write_ticket {
  struct pending *oldest, *newest;
  size_t count;
  bool is_unsaved;  /* a writer may have values of the ticket in memory only */
  uint64_t mark;    /* of the barrier, behind the newest value; 0: none yet */
  uint64_t mark_ms; /* when it was taken */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the rest */
static pthread_cond_t none_pending;     /* a ticket has none pending */
static struct gc_strmap pending_by_key; /* struct pending */
static bool registered, closed;
static uint64_t dispatched; /* number of dispatched values */
static uint64_t (*clock_ms)(void) = gc_clock_now_ms;
/* The newest number that passed the write queue: up to now, before the current
 * period of GC_WRITE_GIVE_UP_MS began, and before the previous period began. */
static struct {
  uint64_t begin_ms, last_ms; /* current period; last value seen */
  uint64_t newest, before, long_before;
} seen;
static atomic_size_t pending_count; /* also read without the lock */

/* The value without a ticket that is followed through the queue. */
static struct {
  bool is_set;
  bool was_seen;  /* one has passed: the tracker sees the queue */
  bool is_hidden; /* a later one was overtaken: a filter chain hides values */
  uint64_t since_ms;
  cdtime_t entered, time;
  char key[KEY_MAX];
  uint64_t left_out;
} followed;

static void make_condition(void) { gc_clock_cond_init(&none_pending); }

static void lock_tracker(void) {
  pthread_once(&once, make_condition);
  pthread_mutex_lock(&lock);
}

static void unlock_tracker(void) { pthread_mutex_unlock(&lock); }

/* Makes the key of a series. gc_value_list leaves no slash in a part, so no two
 * series share a key. */
static void make_key(char key[KEY_MAX], const value_list_t *vl) {
  snprintf(key, KEY_MAX, "%s/%s/%s/%s", vl->host, vl->plugin_instance, vl->type,
           vl->type_instance);
}

static void add_pending(struct gc_write_ticket *t, const char *key,
                        cdtime_t when) {
  size_t size = strlen(key) + 1;
  struct pending *p = gc_zalloc(1, sizeof(*p) + size);
  memcpy(p->key, key, size);
  gc_strmap_put(&pending_by_key, p->key, p);
  p->time = when;
  p->since_ms = clock_ms();
  p->number = ++dispatched;
  p->ticket = t;
  p->older = t->newest;
  *(t->newest != NULL ? &t->newest->newer : &t->oldest) = p;
  t->newest = p;
  t->count++;
  atomic_fetch_add(&pending_count, 1);
}

static void complete_pending(struct pending *p) {
  gc_strmap_drop(&pending_by_key, p->key);
  struct gc_write_ticket *t = p->ticket;
  *(p->older != NULL ? &p->older->newer : &t->oldest) = p->newer;
  *(p->newer != NULL ? &p->newer->older : &t->newest) = p->older;
  if (--t->count == 0)
    pthread_cond_broadcast(&none_pending);
  atomic_fetch_sub(&pending_count, 1);
  free(p);
}

static void note_seen(uint64_t number) {
  uint64_t now_ms = clock_ms();
  if (now_ms - seen.begin_ms >= GC_WRITE_GIVE_UP_MS) {
    seen.long_before = seen.before;
    seen.before = seen.newest;
    seen.begin_ms = now_ms;
  }
  if (number > seen.newest)
    seen.newest = number;
  seen.last_ms = now_ms;
}

/* True if a value is given up. The write queue is first in, first out: the
 * value was hidden from the tracker if a later value passed long ago. No later
 * value passes one that only waits in a long queue. */
static bool is_given_up(const struct pending *p) {
  uint64_t now_ms = clock_ms();
  if (now_ms - p->since_ms < GC_WRITE_GIVE_UP_MS)
    return false;
  return p->number < seen.long_before ||
         now_ms - seen.last_ms >= GC_WRITE_GIVE_UP_MS;
}

/* Drops the values that are given up, the oldest first: the first value that is
 * not given up ends the loop. */
static void drop_given_up(struct gc_write_ticket *t) {
  while (t->oldest != NULL && is_given_up(t->oldest))
    complete_pending(t->oldest);
}

/* ---- values without a ticket ---- */

/* Follows the value if none is followed. Returns true if it enters the queue.
 */
static bool enters_queue(const value_list_t *vl) {
  lock_tracker();
  uint64_t now_ms = clock_ms();
  if (!followed.is_set) {
    make_key(followed.key, vl);
    followed.time = vl->time;
    followed.entered = cdtime();
    followed.since_ms = now_ms;
    followed.is_set = true;
  }
  bool enters = !followed.was_seen || followed.is_hidden ||
                now_ms - followed.since_ms < GC_WRITE_LAG_MS;
  followed.left_out += !enters;
  unlock_tracker();
  return enters;
}

/* A value with a time after the followed one entered has overtaken it, which
 * the queue does not allow: a filter chain stopped the followed one, or it
 * entered before the tracker was registered. */
static void note_followed(const value_list_t *vl) {
  if (!followed.is_set)
    return;
  if (vl->time == followed.time) {
    char key[KEY_MAX];
    make_key(key, vl);
    if (strcmp(key, followed.key) == 0) {
      followed.is_set = false;
      followed.was_seen = true;
    }
  } else if (vl->time > followed.entered + TIME_T_TO_CDTIME_T(1)) {
    followed.is_set = false;
    followed.is_hidden = followed.was_seen;
  }
}

uint64_t gc_write_tracker_left_out(void) {
  lock_tracker();
  uint64_t count = followed.left_out;
  unlock_tracker();
  return count;
}

/* Notes a written value. collectd's write threads call it for each value of
 * every plugin, so values of other plugins must cost almost nothing. */
static int on_write(__attribute__((unused)) const data_set_t *ds,
                    const value_list_t *vl,
                    __attribute__((unused)) user_data_t *ud) {
  if (strcmp(vl->plugin, "genesys") != 0)
    return 0;

  char key[KEY_MAX];
  bool is_pending = atomic_load(&pending_count) > 0;
  if (is_pending)
    make_key(key, vl);
  lock_tracker();
  note_followed(vl);
  struct pending *p = is_pending ? gc_strmap_get(&pending_by_key, key) : NULL;
  if (p != NULL && p->time == vl->time) {
    note_seen(p->number);
    complete_pending(p);
  }
  unlock_tracker();
  return 0;
}

static int register_last(void) {
  return plugin_register_write("genesys_write_tracker", on_write, NULL);
}

static void begin_tracking(uint64_t (*now_ms)(void)) {
  closed = false;
  dispatched = 0;
  memset(&seen, 0, sizeof(seen));
  memset(&followed, 0, sizeof(followed));
  clock_ms = now_ms;
}

enum gc_code gc_write_tracker_register(uint64_t (*now_ms)(void),
                                       struct gc_err *err) {
  lock_tracker();
  bool first = !registered;
  registered = true;
  if (first)
    begin_tracking(now_ms);
  unlock_tracker();
  gc_emit_set_gate(enters_queue);
  /* The lock is free here, since collectd may log about the registration, and a
   * log plugin may dispatch values. */
  if (first &&
      plugin_register_init("genesys_write_tracker", register_last) != 0)
    return gc_fail(err, GC_ERR_MEMORY,
                   "collectd refuses the init callback of the write tracker");
  return GC_OK;
}

void gc_write_tracker_close(void) {
  lock_tracker();
  closed = true;
  gc_emit_set_gate(NULL);
  registered = false; /* collectd forgets its callbacks at the shutdown */
  for (size_t i = 0; i < pending_by_key.room; i++)
    while (pending_by_key.slots[i].key != NULL)
      complete_pending(pending_by_key.slots[i].value);
  gc_strmap_clear(&pending_by_key);
  pthread_cond_broadcast(&none_pending);
  unlock_tracker();
}

struct gc_write_ticket *gc_write_ticket_new(void) {
  return gc_zalloc(1, sizeof(struct gc_write_ticket));
}

void gc_write_ticket_free(struct gc_write_ticket *t) {
  if (t == NULL)
    return;
  lock_tracker();
  while (t->oldest != NULL)
    complete_pending(t->oldest);
  unlock_tracker();
  free(t);
}

/* Adds a value to the ticket before it is dispatched, since a write thread may
 * have it before plugin_dispatch_values returns. */
static enum gc_code add_to_ticket(struct gc_write_ticket *t, const char *key,
                                  cdtime_t when) {
  if (closed)
    return GC_ERR_STOPPED;
  if (!gc_emit_dispatches())
    return GC_OK;
  struct pending *p = gc_strmap_get(&pending_by_key, key);
  if (p != NULL && !is_given_up(p))
    return GC_ERR_LIMIT;
  if (p != NULL)
    complete_pending(p);
  add_pending(t, key, when);
  return GC_OK;
}

enum gc_code gc_write_tracker_emit(struct gc_write_ticket *t, const char *host,
                                   const struct gc_sample *sample) {
  value_list_t vl;
  value_t values[GC_DS_MAX];
  if (gc_emit_is_diverted())
    return gc_emit(host, sample);
  if (!gc_value_list(host, sample, &vl, values))
    return GC_OK;
  if (!gc_emit_allows(host))
    return GC_ERR_UNAVAILABLE;

  char key[KEY_MAX];
  make_key(key, &vl);
  lock_tracker();
  enum gc_code code = add_to_ticket(t, key, vl.time);
  unlock_tracker();
  if (code != GC_OK)
    return code;

  code = gc_emit_list(host, sample, &vl);
  lock_tracker();
  if (code == GC_OK) {
    t->is_unsaved = true;
    t->mark = 0; /* the newest mark is before this value */
  } else {
    struct pending *p = gc_strmap_get(&pending_by_key, key);
    if (p != NULL && p->ticket == t && p->time == vl.time)
      complete_pending(p);
  }
  unlock_tracker();
  return code;
}

size_t gc_write_tracker_pending(struct gc_write_ticket *t) {
  lock_tracker();
  drop_given_up(t);
  size_t count = t->count;
  unlock_tracker();
  return count;
}

/* Sleeps until the oldest value may be given up, at most until `end_ms`. */
static void sleep_until_given_up(const struct gc_write_ticket *t,
                                 uint64_t end_ms) {
  uint64_t since_ms =
      t->oldest->since_ms > seen.last_ms ? t->oldest->since_ms : seen.last_ms;
  uint64_t waited_ms = clock_ms() - since_ms;
  uint64_t left_ms =
      waited_ms < GC_WRITE_GIVE_UP_MS ? GC_WRITE_GIVE_UP_MS - waited_ms : 0;
  uint64_t wake_ms = gc_clock_now_ms() + left_ms;
  if (wake_ms > end_ms)
    wake_ms = end_ms;
  const struct timespec wake = gc_clock_timespec(wake_ms);
  pthread_cond_timedwait(&none_pending, &lock, &wake);
}

/* Returns the mark behind the values of the ticket, all of which the writers
 * have; 0: all of them are saved. */
static uint64_t mark_of(struct gc_write_ticket *t) {
  if (!t->is_unsaved)
    return 0;
  if (t->mark == 0) {
    t->mark = gc_save_mark();
    t->mark_ms = gc_clock_now_ms();
  }
  return t->mark;
}

static bool wait_until_saved(struct gc_write_ticket *t, uint64_t mark,
                             uint64_t end_ms) {
  if (!gc_save_wait(mark, end_ms))
    return false;
  lock_tracker();
  t->is_unsaved = t->mark != mark; /* a value may have been added meanwhile */
  unlock_tracker();
  return true;
}

bool gc_write_tracker_wait(struct gc_write_ticket *t, uint32_t max_ms) {
  uint64_t end_ms = gc_clock_bound(max_ms);
  lock_tracker();
  for (drop_given_up(t); t->count > 0 && gc_clock_now_ms() < end_ms;
       drop_given_up(t))
    sleep_until_given_up(t, end_ms);
  bool none = t->count == 0;
  uint64_t mark = none ? mark_of(t) : 0;
  unlock_tracker();
  return none && (mark == 0 || wait_until_saved(t, mark, end_ms));
}

uint64_t gc_write_tracker_saves_ms(struct gc_write_ticket *t) {
  lock_tracker();
  bool saves = t->is_unsaved && t->count == 0 && t->mark != 0;
  uint64_t ms = saves ? gc_clock_now_ms() - t->mark_ms : 0;
  unlock_tracker();
  return ms;
}
