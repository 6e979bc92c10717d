/* SPDX-License-Identifier: MIT */
#include "common/net/name_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/intern.h"
#include "common/base/policy/backoff.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/entity_page.h"
#include "common/net/timing.h"

enum {
  ROWS_MAX = 200000,
  PAGES_MAX = 2000,
  PAGE_ROWS = 100,
  REREADS_MAX = 2, /* repetitions for a list that changes while it is read */
  BODY_MAX_BYTES = 64 << 20,
};

/* The request of each list, and how often it is sent. All lists except the
 * presences have pages; the official samples use 100 rows (API reference, lists
 * and names). */
static const struct kind_row {
  const char *name;
  enum gc_endpoint_id endpoint;
  const char *query; /* query without the page number */
  bool is_paged;
  uint32_t refresh_ms;
} kinds[GC_NAME_KIND_COUNT] = {
    [GC_QUEUE] = {"queue", GC_ENDPOINT_QUEUES, "pageSize=100", true,
                  GC_NAMES_QUEUES_MS},
    [GC_USER] = {"user", GC_ENDPOINT_USERS, "pageSize=100&state=active", true,
                 GC_NAMES_USERS_MS},
    [GC_PRESENCE] = {"presence", GC_ENDPOINT_PRESENCES, "", false,
                     GC_NAMES_PRESENCES_MS},
    [GC_FLOW] = {"flow", GC_ENDPOINT_FLOWS, "pageSize=100", true,
                 GC_NAMES_QUEUES_MS},
    [GC_FLOW_OUTCOME] = {"flow_outcome", GC_ENDPOINT_FLOW_OUTCOMES,
                         "pageSize=100", true, GC_NAMES_USERS_MS},
    [GC_FLOW_MILESTONE] = {"flow_milestone", GC_ENDPOINT_FLOW_MILESTONES,
                           "pageSize=100", true, GC_NAMES_USERS_MS},
};

struct kind {
  struct gc_names *names;
  enum gc_name_kind kind;
  bool is_listened;
  bool is_loaded;  /* the stored names were read, or the list was read first */
  bool is_by_list; /* gc_names_label_by_list */
  struct gc_labels *labels;

  struct gc_timer read_timer;   /* fires when the list is read next */
  struct gc_timer report_timer; /* reports known names to a new listener */
  struct gc_call call;
  bool is_reading;
  unsigned page_number;
  unsigned rereads; /* consecutive requests repeated because the list changed */
  char query[96];
  struct gc_entity_page list; /* the rows of all pages so far */
  struct gc_backoff backoff;
  uint64_t miss_ms; /* when a miss last caused a reading; 0: never */
};

struct gc_names {
  const char *account;
  struct gc_api *api;
  const struct gc_env *env;
  struct gc_store *store;
  struct kind kinds[GC_NAME_KIND_COUNT];
  struct gc_names_listener *listeners;
  struct gc_labels *labels_of_answers;

  pthread_mutex_t lock; /* guards the pointers below */
  struct gc_entities *entities[GC_NAME_KIND_COUNT];
};

const char *gc_name_kind_name(enum gc_name_kind kind) {
  return (unsigned)kind < GC_NAME_KIND_COUNT ? kinds[kind].name : "unknown";
}

double gc_name_kind_plan(enum gc_name_kind kind, size_t rows,
                         enum gc_endpoint_id *ret_endpoint) {
  const struct kind_row *k = &kinds[kind];
  size_t pages =
      k->is_paged && rows > 0 ? (rows + PAGE_ROWS - 1) / PAGE_ROWS : 1;
  *ret_endpoint = k->endpoint;
  return (double)pages * 60000.0 / k->refresh_ms;
}

static uint64_t now_ms(const struct gc_names *n) {
  return n->env->now_ms(n->env->ctx);
}

static void report_outcome(const struct kind *k, const char *what,
                           const struct gc_err *err) {
  char cause[48];
  snprintf(cause, sizeof(cause), "%s of %ss", what, kinds[k->kind].name);
  k->names->env->notice(k->names->env->ctx, cause, err);
}

static void call_listeners(struct kind *k) {
  struct gc_entities *entities = gc_names_entities(k->names, k->kind);
  struct gc_names_listener *next;
  for (struct gc_names_listener *l = k->names->listeners; l != NULL; l = next) {
    next = l->next;
    if (l->kind == k->kind && entities != NULL)
      l->changed(l->ctx, entities);
  }
  gc_entities_put(entities);
}

static void replace_entities(struct kind *k, struct gc_entities *entities) {
  struct gc_names *n = k->names;
  pthread_mutex_lock(&n->lock);
  struct gc_entities *old = n->entities[k->kind];
  n->entities[k->kind] = entities;
  pthread_mutex_unlock(&n->lock);
  gc_entities_put(old);
}

static void publish_entities(struct kind *k, struct gc_entities *entities) {
  replace_entities(k, entities);
  call_listeners(k);
}

static struct gc_labels *new_labels(enum gc_name_kind kind) {
  return kind == GC_PRESENCE ? gc_labels_new_snake() : gc_labels_new();
}

/* Makes the table empty, so that the next labels do not depend on those that
 * the ids had. */
static void forget_labels(struct kind *k) {
  gc_labels_free(k->labels);
  k->labels = new_labels(k->kind);
}

/* Returns the list with labels that depend on it alone, in place of `list`,
 * whose reference it takes; NULL when out of memory. */
static struct gc_entities *take_by_list(struct kind *k,
                                        struct gc_entities *list) {
  struct gc_entities *made = NULL;
  if (list != NULL) {
    forget_labels(k);
    made = gc_labels_by_list(k->labels, list);
  }
  gc_entities_put(list);
  return made;
}

/* Frees the labels of entities that left the list, so that a queue that was
 * deleted and created again gets its label and its series back. Every entity
 * that has a label is in the previous list. */
static enum gc_code free_labels(struct kind *k,
                                const struct gc_entity_page *list) {
  GC_AUTO(gc_intern_clear) struct gc_intern listed = {.max = ROWS_MAX};
  uint32_t number;
  for (size_t i = 0; i < list->count; i++) {
    const char *id = list->rows[i].id;
    GC_TRY(gc_intern_put(&listed, id, strlen(id), &number));
  }
  struct gc_entities *before = gc_names_entities(k->names, k->kind);
  for (size_t i = 0; before != NULL && i < gc_entities_count(before); i++) {
    const char *id = gc_entities_at(before, i)->id;
    if (!gc_intern_find(&listed, id, strlen(id), &number))
      gc_labels_remove(k->labels, id);
  }
  gc_entities_put(before);
  return GC_OK;
}

static void assign_labels(struct kind *k, const struct gc_entity_page *list) {
  struct gc_named *batch = gc_zalloc(list->count, sizeof(*batch));
  for (size_t i = 0; i < list->count; i++)
    batch[i] = (struct gc_named){list->rows[i].id, list->rows[i].name};
  gc_labels_assign(k->labels, batch, list->count, NULL, NULL);
  free(batch);
}

static void save_entries(struct kind *k, const struct gc_entry *entries,
                         size_t count) {
  struct gc_names *n = k->names;
  struct gc_err err = {.code = GC_OK};
  if (n->store == NULL)
    return;
  int64_t now_s = n->env->wall_ms(n->env->ctx) / 1000;
  if (gc_store_save_names(n->store, n->account, kinds[k->kind].name, entries,
                          count, now_s, 0, &err) == GC_OK)
    err.code = GC_OK;
  if (err.code != GC_ERR_UNAVAILABLE) /* the store reports the reason */
    report_outcome(k, "kept names", &err);
}

static void report_collisions(struct kind *k) {
  struct gc_err err = {.code = GC_OK};
  struct gc_label_collisions c = gc_labels_collisions(k->labels);
  if (c.count > 0)
    (void)gc_fail(
        &err, GC_ERR_PARSE,
        "%zu of the %ss share their name with another: %s is called \"%s\", "
        "since %s has the name",
        c.count, kinds[k->kind].name, c.id, c.label,
        c.first_id != NULL ? c.first_id : "another");
  report_outcome(k, "names", &err);
}

static void load_names(struct kind *k);

/* Labels, saves and publishes a list that was read completely. A state file
 * that could not be read before is read now, since it has the labels to
 * keep. */
static enum gc_code publish_list(struct kind *k) {
  const struct gc_entity_page *list = &k->list;
  if (!k->is_loaded)
    load_names(k);
  k->is_loaded = true;
  if (k->is_by_list)
    forget_labels(k);
  else
    GC_TRY(free_labels(k, list));
  assign_labels(k, list);
  struct gc_entry *entries = calloc(list->count + 1, sizeof(*entries));
  if (entries == NULL)
    return GC_ERR_MEMORY;
  for (size_t i = 0; i < list->count; i++) {
    const struct gc_entity_row *row = &list->rows[i];
    const char *label = gc_labels_get(k->labels, row->id);
    entries[i] = (struct gc_entry){row->id, row->name,
                                   label != NULL ? label : "", row->detail};
  }
  struct gc_entities *entities = gc_entities_new(entries, list->count, false);
  if (entities != NULL)
    save_entries(k, entries, list->count);
  free(entries);
  if (entities == NULL)
    return GC_ERR_MEMORY;
  report_collisions(k);
  publish_entities(k, entities);
  return GC_OK;
}

/* Publishes that the list is refused: ids replace unknown names, and known
 * names stay. */
static void publish_refused(struct kind *k) {
  struct gc_entities *known = gc_names_entities(k->names, k->kind);
  size_t count = known != NULL ? gc_entities_count(known) : 0;
  struct gc_entities *entities = NULL;
  if (known == NULL || !gc_entities_is_refused(known))
    entities = gc_entities_new(count > 0 ? gc_entities_at(known, 0) : NULL,
                               count, true);
  gc_entities_put(known);
  if (entities != NULL)
    publish_entities(k, entities);
}

static void schedule_reading(struct kind *k, uint64_t wait_ms) {
  gc_timers_set(k->names->env->timers, &k->read_timer,
                now_ms(k->names) + wait_ms);
}

/* Returns the period or up to a tenth less, so that agents that are started
 * together do not read together. */
static uint64_t refresh_ms(const struct kind *k) {
  uint32_t period_ms = kinds[k->kind].refresh_ms;
  uint32_t random32 = k->names->env->random32(k->names->env->ctx);
  return period_ms - (((uint64_t)period_ms / 10 * random32) >> 32);
}

/* Reports the outcome and schedules the next request of the list. */
static void finish_reading(struct kind *k, const struct gc_err *err) {
  k->is_reading = false;
  gc_entity_page_clear(&k->list);
  if (!gc_code_is_shared(err->code))
    report_outcome(k, "list", err);
  if (err->code == GC_OK) {
    gc_backoff_reset(&k->backoff);
    schedule_reading(k, refresh_ms(k));
    return;
  }
  if (err->code == GC_ERR_PERMISSION || err->code == GC_ERR_NOT_FOUND)
    publish_refused(k);
  if (err->code == GC_ERR_UNAVAILABLE) { /* nothing was sent */
    schedule_reading(k, GC_NAMES_UNAVAILABLE_RETRY_MS);
    return;
  }
  uint32_t random32 = k->names->env->random32(k->names->env->ctx);
  k->backoff.cap_ms = gc_code_is_shared(err->code)
                          ? GC_NAMES_OUTAGE_RETRY_MAX_MS
                          : GC_NAMES_RETRY_MAX_MS;
  schedule_reading(k, GC_NAMES_RETRY_MIN_MS +
                          gc_backoff_fail(&k->backoff, 0, random32));
}

/* Reports a list whose answers count more entities than they have. */
static void report_missing(struct kind *k) {
  struct gc_err err = {.code = GC_OK};
  const char *name = kinds[k->kind].name;
  size_t missing = gc_entity_page_missing(&k->list);
  if (missing > 0)
    (void)gc_fail(
        &err, GC_ERR_PARSE,
        "the list counts %zu %ss and has %zu of them: the others have "
        "no names and no values",
        k->list.count + missing, name, k->list.count);
  if (kinds[k->kind].is_paged)
    report_outcome(k, "size of the list", &err);
}

static void request_page(struct kind *k) {
  const struct kind_row *row = &kinds[k->kind];
  if (row->is_paged)
    snprintf(k->query, sizeof(k->query), "%s&pageNumber=%u", row->query,
             k->page_number);
  else
    snprintf(k->query, sizeof(k->query), "%s", row->query);
  gc_api_call(k->names->api, &k->call);
}

/* Reads the list from the first page on. */
static void read_pages(struct kind *k) {
  k->page_number = 1;
  gc_entity_page_begin(&k->list);
  request_page(k);
}

static void on_page(struct gc_call *call, const struct gc_reply *reply,
                    const struct gc_err *call_err) {
  struct kind *k = call->ctx;
  struct gc_err err = *call_err;
  (void)reply;

  bool is_refused = err.code == GC_ERR_NOT_FOUND || err.code == GC_ERR_REQUEST;
  if (is_refused && k->list.is_guess) {
    gc_entity_page_give_up(&k->list);
    err.code = GC_OK;
  } else if (err.code == GC_OK && gc_entity_page_end(&k->list, &err) == GC_OK) {
    err.code = GC_OK;
  }
  if (err.code == GC_OK && k->list.more && kinds[k->kind].is_paged) {
    if (k->page_number++ < PAGES_MAX) {
      request_page(k);
      return;
    }
    (void)gc_fail(&err, GC_ERR_LIMIT, "more than %d pages", PAGES_MAX);
  }
  if (err.code == GC_OK && gc_entity_page_has_changed(&k->list) &&
      k->rereads++ < REREADS_MAX) {
    gc_entity_page_clear(&k->list);
    read_pages(k);
    return;
  }
  k->rereads = 0;
  if (err.code == GC_OK) {
    report_missing(k);
    enum gc_code code = publish_list(k);
    if (code != GC_OK)
      (void)gc_fail(&err, code, "%s", gc_code_words(code));
  }
  finish_reading(k, &err);
}

static void sink_begin(void *ctx) {
  struct kind *k = ctx;
  gc_entity_page_begin(&k->list);
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct kind *k = ctx;
  return gc_entity_page_feed(&k->list, bytes, len, err);
}

static void start_reading(void *ctx, uint64_t at_ms) {
  struct kind *k = ctx;
  (void)at_ms;
  if (k->is_reading)
    return;
  k->is_reading = true;
  read_pages(k);
}

/* ---- names of an earlier run ---- */

/* Gives the stored names their labels; a label that cannot be kept is replaced
 * by a new one. */
static struct gc_entities *label_kept(struct gc_labels *labels,
                                      struct gc_store_names *kept) {
  for (size_t i = 0; i < kept->count; i++) {
    const struct gc_entry *e = &kept->at[i];
    char clean[GC_NAME_SIZE];
    gc_name_or_id(clean, e->name, e->id);
    struct gc_label_row row = {e->id, clean, e->label};
    struct gc_named named = {e->id, e->name};
    gc_labels_load(labels, &row);
    gc_labels_assign(labels, &named, 1, NULL, NULL);
  }
  for (size_t i = 0; i < kept->count; i++) {
    const char *label = gc_labels_get(labels, kept->at[i].id);
    kept->at[i].label = label != NULL ? label : "";
  }
  return gc_entities_new(kept->at, kept->count, false);
}

static void load_names(struct kind *k) {
  struct gc_names *n = k->names;
  struct gc_err err = {.code = GC_OK};
  struct gc_store_names kept = {.count = 0};
  struct gc_entities *entities = NULL;
  if (n->store == NULL)
    return;
  if (gc_store_load_names(n->store, n->account, kinds[k->kind].name, &kept,
                          &err) == GC_OK &&
      kept.count > 0)
    entities = label_kept(k->labels, &kept);
  if (k->is_by_list)
    entities = take_by_list(k, entities);
  gc_store_names_clear(&kept);
  k->is_loaded = err.code == GC_OK;
  if (err.code != GC_ERR_UNAVAILABLE) /* the store reports the reason */
    report_outcome(k, "kept names", &err);
  if (entities == NULL)
    return;
  replace_entities(k, entities);
  gc_timers_set(n->env->timers, &k->report_timer, now_ms(n));
}

/* ---- public functions ---- */

static void on_report_timer(void *ctx, uint64_t at_ms) {
  (void)at_ms;
  call_listeners(ctx);
}

struct gc_names *gc_names_new(const char *account, struct gc_api *api,
                              const struct gc_env *env,
                              struct gc_store *store) {
  struct gc_names *n = gc_zalloc(1, sizeof(*n));
  n->account = account;
  n->api = api;
  n->env = env;
  n->store = store;
  pthread_mutex_init(&n->lock, NULL);
  n->labels_of_answers = gc_labels_new();
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++) {
    struct kind *k = &n->kinds[i];
    k->names = n;
    k->kind = (enum gc_name_kind)i;
    k->labels = new_labels(k->kind);
    k->list.max = ROWS_MAX;
    k->read_timer = (struct gc_timer){.fire = start_reading, .ctx = k};
    k->report_timer = (struct gc_timer){.fire = on_report_timer, .ctx = k};
    k->backoff = (struct gc_backoff){.base_ms = GC_NAMES_RETRY_BASE_MS,
                                     .cap_ms = GC_NAMES_RETRY_MAX_MS};
    k->call = (struct gc_call){.endpoint = kinds[i].endpoint,
                               .query = k->query,
                               .sink = {sink_begin, sink_write, k},
                               .body_max = BODY_MAX_BYTES,
                               .done = on_page,
                               .ctx = k};
  }
  return n;
}

void gc_names_free(struct gc_names *n) {
  if (n == NULL)
    return;
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++) {
    struct kind *k = &n->kinds[i];
    gc_api_cancel(n->api, &k->call);
    gc_timers_unset(n->env->timers, &k->read_timer);
    gc_timers_unset(n->env->timers, &k->report_timer);
    gc_entity_page_clear(&k->list);
    gc_labels_free(k->labels);
    gc_entities_put(n->entities[i]);
  }
  gc_labels_free(n->labels_of_answers);
  pthread_mutex_destroy(&n->lock);
  free(n);
}

void gc_names_listen(struct gc_names *n, struct gc_names_listener *l) {
  struct kind *k = &n->kinds[l->kind];
  l->next = n->listeners;
  n->listeners = l;
  if (k->is_listened) {
    gc_timers_set(n->env->timers, &k->report_timer, now_ms(n));
    return;
  }
  k->is_listened = true;
  load_names(k);
  schedule_reading(k, 0);
}

struct gc_labels *gc_names_labels_of_answers(struct gc_names *n) {
  return n->labels_of_answers;
}

void gc_names_label_by_list(struct gc_names *n, enum gc_name_kind kind) {
  struct kind *k = &n->kinds[kind];
  struct gc_entities *known = k->is_by_list ? NULL : gc_names_entities(n, kind);
  k->is_by_list = true;
  if (known == NULL)
    return;
  struct gc_entities *made = take_by_list(k, known);
  replace_entities(k, made);
  if (made != NULL)
    gc_timers_set(n->env->timers, &k->report_timer, now_ms(n));
  else /* out of memory: no names are better than different ones */
    schedule_reading(k, 0);
}

void gc_names_unlisten(struct gc_names *n, struct gc_names_listener *l) {
  struct gc_names_listener **at = &n->listeners;
  while (*at != NULL && *at != l)
    at = &(*at)->next;
  if (*at != NULL)
    *at = l->next;
}

void gc_names_miss(struct gc_names *n, enum gc_name_kind kind) {
  struct kind *k = &n->kinds[kind];
  /* A list that failed is read again when its backoff ends. */
  if (!k->is_listened || k->is_reading || k->backoff.failures > 0 ||
      (k->miss_ms != 0 && now_ms(n) - k->miss_ms < GC_NAMES_MISS_INTERVAL_MS))
    return;
  k->miss_ms = now_ms(n);
  schedule_reading(k, 0);
}

struct gc_entities *gc_names_entities(struct gc_names *n,
                                      enum gc_name_kind kind) {
  pthread_mutex_lock(&n->lock);
  struct gc_entities *entities = gc_entities_get(n->entities[kind]);
  pthread_mutex_unlock(&n->lock);
  return entities;
}
