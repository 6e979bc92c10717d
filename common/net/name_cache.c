/* SPDX-License-Identifier: MIT */
#include "common/net/name_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/intern.h"
#include "common/base/policy/backoff.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/entity_page.h"
#include "common/genesys/labels.h"

enum {
  ROWS_MAX = 200000,
  PAGES_MAX = 2000,
  MISS_EVERY_MS = 60 * 1000,
  UNAVAILABLE_RETRY_MS = 1000,
};

/* What is read, and how often. The lists are paged but for the presences; 100
 * a page is what the official samples use (API reference, lists and names). */
static const struct kind_row {
  const char *name;
  enum gc_endpoint_id endpoint;
  const char *query; /* without the page */
  bool is_paged;
  uint32_t refresh_ms;
} kinds[GC_NAME_KIND_COUNT] = {
    [GC_QUEUE] = {"queue", GC_ENDPOINT_QUEUES, "pageSize=100", true, 600000},
    [GC_USER] = {"user", GC_ENDPOINT_USERS, "pageSize=100&state=active", true,
                 1800000},
    [GC_PRESENCE] = {"presence", GC_ENDPOINT_PRESENCES, "", false, 3600000},
    [GC_FLOW] = {"flow", GC_ENDPOINT_FLOWS, "pageSize=100", true, 600000},
    [GC_FLOW_OUTCOME] = {"flow_outcome", GC_ENDPOINT_FLOW_OUTCOMES,
                         "pageSize=100", true, 1800000},
    [GC_FLOW_MILESTONE] = {"flow_milestone", GC_ENDPOINT_FLOW_MILESTONES,
                           "pageSize=100", true, 1800000},
};

struct kind {
  struct gc_names *names;
  enum gc_name_kind kind;
  bool is_wanted;
  struct gc_labels *labels;

  struct gc_timer timer;    /* the next reading */
  struct gc_timer reported; /* tells a listener that came late */
  struct gc_call call;
  bool is_reading;
  unsigned page;
  char query[96];
  struct gc_entity_page listing;
  struct gc_backoff backoff;
  uint64_t read_ms; /* when a miss last caused a reading */
};

struct gc_names {
  const char *account;
  struct gc_api *api;
  const struct gc_env *env;
  struct gc_store *store;
  struct kind kinds[GC_NAME_KIND_COUNT];
  struct gc_names_listener *listeners;

  pthread_mutex_t lock; /* guards the pointers below */
  struct gc_entities *directories[GC_NAME_KIND_COUNT];
};

const char *gc_name_kind_name(enum gc_name_kind kind) {
  return (unsigned)kind < GC_NAME_KIND_COUNT ? kinds[kind].name : "unknown";
}

static uint64_t now(const struct gc_names *n) {
  return n->env->now_ms(n->env->ctx);
}

static void note(const struct kind *k, const char *what,
                 const struct gc_err *err) {
  char cause[48];
  snprintf(cause, sizeof(cause), "%s of %ss", what, kinds[k->kind].name);
  k->names->env->notice(k->names->env->ctx, cause, err);
}

static void tell(struct kind *k) {
  struct gc_entities *d = gc_names_entities(k->names, k->kind);
  struct gc_names_listener *next;
  for (struct gc_names_listener *l = k->names->listeners; l != NULL; l = next) {
    next = l->next;
    if (l->kind == k->kind && d != NULL)
      l->changed(l->ctx, d);
  }
  gc_entities_put(d);
}

static void replace(struct kind *k, struct gc_entities *d) {
  struct gc_names *n = k->names;
  pthread_mutex_lock(&n->lock);
  struct gc_entities *old = n->directories[k->kind];
  n->directories[k->kind] = d;
  pthread_mutex_unlock(&n->lock);
  gc_entities_put(old);
}

static void publish(struct kind *k, struct gc_entities *d) {
  replace(k, d);
  tell(k);
}

/* What has left the list gives its label free: a queue that was deleted and
 * made again is the same series. Everything with a label was in the directory
 * before. */
static enum gc_code drop_labels(struct kind *k,
                                const struct gc_entity_page *listing) {
  GC_AUTO(gc_intern_clear) struct gc_intern listed = {.max = ROWS_MAX};
  uint32_t number;
  for (size_t i = 0; i < listing->count; i++) {
    const char *id = listing->rows[i].id;
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

static enum gc_code assign_labels(struct kind *k,
                                  const struct gc_entity_page *listing) {
  struct gc_named *batch = calloc(listing->count + 1, sizeof(*batch));
  if (batch == NULL)
    return GC_ERR_MEMORY;
  for (size_t i = 0; i < listing->count; i++)
    batch[i] = (struct gc_named){listing->rows[i].id, listing->rows[i].name};
  enum gc_code code =
      gc_labels_assign(k->labels, batch, listing->count, NULL, NULL);
  free(batch);
  return code;
}

static void save(struct kind *k, const struct gc_entry *entries, size_t count) {
  struct gc_names *n = k->names;
  struct gc_err err = {.code = GC_OK};
  if (n->store == NULL)
    return;
  int64_t now_s = n->env->wall_ms(n->env->ctx) / 1000;
  if (gc_store_save_names(n->store, n->account, kinds[k->kind].name, entries,
                          count, now_s, 0, &err) == GC_OK)
    err.code = GC_OK;
  note(k, "kept names", &err);
}

static void note_collisions(struct kind *k) {
  struct gc_err err = {.code = GC_OK};
  struct gc_label_collisions c = gc_labels_collisions(k->labels);
  if (c.count > 0)
    (void)gc_fail(
        &err, GC_ERR_LIMIT,
        "%zu of the %ss have a name that another has too: %s goes by \"%s\"",
        c.count, kinds[k->kind].name, c.id, c.label);
  note(k, "names", &err);
}

/* The whole list was read: it becomes the directory. */
static enum gc_code take_over(struct kind *k) {
  const struct gc_entity_page *listing = &k->listing;
  GC_TRY(drop_labels(k, listing));
  GC_TRY(assign_labels(k, listing));
  struct gc_entry *entries = calloc(listing->count + 1, sizeof(*entries));
  if (entries == NULL)
    return GC_ERR_MEMORY;
  for (size_t i = 0; i < listing->count; i++) {
    const struct gc_entity_row *row = &listing->rows[i];
    const char *label = gc_labels_get(k->labels, row->id);
    entries[i] = (struct gc_entry){row->id, row->name,
                                   label != NULL ? label : "", row->detail};
  }
  struct gc_entities *d = gc_entities_new(entries, listing->count, false);
  if (d != NULL)
    save(k, entries, listing->count);
  free(entries);
  if (d == NULL)
    return GC_ERR_MEMORY;
  note_collisions(k);
  publish(k, d);
  return GC_OK;
}

/* Ids take the place of the names that cannot be read; what was known stays. */
static void refuse(struct kind *k) {
  struct gc_entities *known = gc_names_entities(k->names, k->kind);
  size_t count = known != NULL ? gc_entities_count(known) : 0;
  struct gc_entities *d = NULL;
  if (known == NULL || !gc_entities_is_refused(known))
    d = gc_entities_new(count > 0 ? gc_entities_at(known, 0) : NULL, count,
                        true);
  gc_entities_put(known);
  if (d != NULL)
    publish(k, d);
}

static void read_again_in(struct kind *k, uint64_t wait_ms) {
  (void)gc_timers_set(k->names->env->timers, &k->timer,
                      now(k->names) + wait_ms);
}

/* Up to a tenth sooner, so that a fleet's readings drift apart. */
static uint64_t refresh_ms(const struct kind *k) {
  uint32_t period_ms = kinds[k->kind].refresh_ms;
  uint32_t random32 = k->names->env->random32(k->names->env->ctx);
  return period_ms - (((uint64_t)period_ms / 10 * random32) >> 32);
}

static void end_reading(struct kind *k, const struct gc_err *err) {
  k->is_reading = false;
  gc_entity_page_clear(&k->listing);
  if (!gc_code_is_shared(err->code))
    note(k, "list", err);
  if (err->code == GC_OK) {
    gc_backoff_reset(&k->backoff);
    read_again_in(k, refresh_ms(k));
    return;
  }
  if (err->code == GC_ERR_PERMISSION || err->code == GC_ERR_NOT_FOUND)
    refuse(k);
  if (err->code == GC_ERR_UNAVAILABLE) { /* nothing was sent, nothing spent */
    read_again_in(k, UNAVAILABLE_RETRY_MS);
    return;
  }
  uint32_t random32 = k->names->env->random32(k->names->env->ctx);
  k->backoff.cap_ms = gc_code_is_shared(err->code) ? 60000 : 600000;
  read_again_in(k, 5000 + gc_backoff_fail(&k->backoff, 0, random32));
}

static void ask_page(struct kind *k) {
  const struct kind_row *row = &kinds[k->kind];
  if (row->is_paged)
    snprintf(k->query, sizeof(k->query), "%s&pageNumber=%u", row->query,
             k->page);
  else
    snprintf(k->query, sizeof(k->query), "%s", row->query);
  gc_api_call(k->names->api, &k->call);
}

static void on_answer(struct gc_call *call, const struct gc_reply *reply,
                      const struct gc_err *answered) {
  struct kind *k = call->ctx;
  struct gc_err err = *answered;
  (void)reply;

  if (err.code == GC_OK && gc_entity_page_end(&k->listing, &err) == GC_OK)
    err.code = GC_OK;
  if (err.code == GC_OK && k->listing.more && kinds[k->kind].is_paged) {
    if (k->page++ < PAGES_MAX) {
      ask_page(k);
      return;
    }
    (void)gc_fail(&err, GC_ERR_LIMIT, "more than %d pages", PAGES_MAX);
  }
  if (err.code == GC_OK) {
    enum gc_code code = take_over(k);
    if (code != GC_OK)
      (void)gc_fail(&err, code, "%s", gc_code_words(code));
  }
  end_reading(k, &err);
}

static void sink_begin(void *ctx) {
  struct kind *k = ctx;
  (void)gc_entity_page_begin(&k->listing, NULL);
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct kind *k = ctx;
  return gc_entity_page_feed(&k->listing, bytes, len, err);
}

static void read_now(void *ctx, uint64_t now_ms) {
  struct kind *k = ctx;
  struct gc_err err = {.code = GC_OK};
  (void)now_ms;
  if (k->is_reading)
    return;
  k->is_reading = true;
  k->page = 1;
  if (gc_entity_page_begin(&k->listing, &err) != GC_OK) {
    end_reading(k, &err);
    return;
  }
  ask_page(k);
}

/* ---- what an earlier run knew ---- */

struct kept {
  struct kind *kind;
  struct gc_entry *entries;
  size_t count, cap;
};

static enum gc_code keep(void *ctx, const struct gc_entry *e) {
  struct kept *kept = ctx;
  char clean[GC_NAME_SIZE];
  gc_name_or_id(clean, e->name, e->id);
  struct gc_label_row row = {e->id, clean, e->label};
  GC_TRY(gc_labels_load(kept->kind->labels, &row));

  if (kept->count == kept->cap) {
    size_t cap = kept->cap == 0 ? 128 : kept->cap * 2;
    struct gc_entry *entries = realloc(kept->entries, cap * sizeof(*entries));
    if (entries == NULL)
      return GC_ERR_MEMORY;
    kept->entries = entries;
    kept->cap = cap;
  }
  struct gc_entry copy = {strdup(e->id), strdup(e->name), strdup(e->label),
                          strdup(e->detail)};
  kept->entries[kept->count++] = copy;
  return copy.id != NULL && copy.name != NULL && copy.label != NULL &&
                 copy.detail != NULL
             ? GC_OK
             : GC_ERR_MEMORY;
}

static void kept_clear(struct kept *kept) {
  for (size_t i = 0; i < kept->count; i++) {
    free((char *)kept->entries[i].id);
    free((char *)kept->entries[i].name);
    free((char *)kept->entries[i].label);
    free((char *)kept->entries[i].detail);
  }
  free(kept->entries);
}

static void load(struct kind *k) {
  struct gc_names *n = k->names;
  struct gc_err err = {.code = GC_OK};
  struct kept kept = {.kind = k};
  struct gc_entities *d = NULL;
  if (n->store == NULL)
    return;
  if (gc_store_load_names(n->store, n->account, kinds[k->kind].name, keep,
                          &kept, &err) == GC_OK &&
      kept.count > 0)
    d = gc_entities_new(kept.entries, kept.count, false);
  kept_clear(&kept);
  note(k, "kept names", &err);
  if (d == NULL)
    return;
  replace(k, d);
  (void)gc_timers_set(n->env->timers, &k->reported, now(n));
}

/* ---- the public verbs ---- */

static void tell_late(void *ctx, uint64_t now_ms) {
  (void)now_ms;
  tell(ctx);
}

struct gc_names *gc_names_new(const char *account, struct gc_api *api,
                              const struct gc_env *env,
                              struct gc_store *store) {
  struct gc_names *n = calloc(1, sizeof(*n));
  if (n == NULL)
    return NULL;
  n->account = account;
  n->api = api;
  n->env = env;
  n->store = store;
  pthread_mutex_init(&n->lock, NULL);
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++) {
    struct kind *k = &n->kinds[i];
    k->names = n;
    k->kind = (enum gc_name_kind)i;
    k->labels = gc_labels_new();
    k->listing.max = ROWS_MAX;
    k->timer = (struct gc_timer){.fire = read_now, .ctx = k};
    k->reported = (struct gc_timer){.fire = tell_late, .ctx = k};
    k->backoff = (struct gc_backoff){.base_ms = 30000, .cap_ms = 600000};
    k->call = (struct gc_call){.endpoint = kinds[i].endpoint,
                               .query = k->query,
                               .sink = {sink_begin, sink_write, k},
                               .body_max = 64 << 20,
                               .done = on_answer,
                               .ctx = k};
    if (k->labels == NULL) {
      gc_names_free(n);
      return NULL;
    }
  }
  return n;
}

void gc_names_free(struct gc_names *n) {
  if (n == NULL)
    return;
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++) {
    struct kind *k = &n->kinds[i];
    gc_api_cancel(n->api, &k->call);
    gc_timers_unset(n->env->timers, &k->timer);
    gc_timers_unset(n->env->timers, &k->reported);
    gc_entity_page_clear(&k->listing);
    gc_labels_free(k->labels);
    gc_entities_put(n->directories[i]);
  }
  pthread_mutex_destroy(&n->lock);
  free(n);
}

void gc_names_listen(struct gc_names *n, struct gc_names_listener *l) {
  struct kind *k = &n->kinds[l->kind];
  l->next = n->listeners;
  n->listeners = l;
  if (k->is_wanted) {
    (void)gc_timers_set(n->env->timers, &k->reported, now(n));
    return;
  }
  k->is_wanted = true;
  load(k);
  read_again_in(k, 0);
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
  /* What fails is read again in its own time. */
  if (!k->is_wanted || k->is_reading || k->backoff.failures > 0 ||
      (k->read_ms != 0 && now(n) - k->read_ms < MISS_EVERY_MS))
    return;
  k->read_ms = now(n);
  read_again_in(k, 0);
}

struct gc_entities *gc_names_entities(struct gc_names *n,
                                      enum gc_name_kind kind) {
  pthread_mutex_lock(&n->lock);
  struct gc_entities *d = gc_entities_get(n->directories[kind]);
  pthread_mutex_unlock(&n->lock);
  return d;
}
