/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/restarts.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/timestamp.h"

/* ---- one block ---- */

void restart_load(struct restart *r, int64_t kept_ms) {
  r->is_loaded = true;
  r->kept_ms = kept_ms;
}

int64_t restart_gap_ms(const struct restart *r) {
  return r->is_loaded && r->kept_ms > 0 && r->first_ms >= r->kept_ms
             ? r->first_ms - r->kept_ms
             : -1;
}

bool restart_note(struct restart *r, int64_t last_success_ms) {
  bool was_known = r->is_loaded && r->last_ms > 0;
  if (last_success_ms <= 0)
    return false;
  if (r->first_ms == 0)
    r->first_ms = last_success_ms;
  if (!r->is_loaded)
    return false;
  r->last_ms = last_success_ms;
  return !was_known && restart_gap_ms(r) >= 0;
}

static const char KIND[] = "success";

enum { KEEP_S = 400 * 24 * 3600 };

struct block_restart {
  char block[GC_NAME_SIZE], account[GC_NAME_SIZE], host[GC_NAME_SIZE];
  struct restart restart;
  char saved_text[24]; /* last_ms, for the state file */
  struct block_restart *next;
};

struct restarts {
  pthread_mutex_t lock; /* of `next` and `restart`, against restarts_samples */
  struct block_restart *first; /* nodes are only added */
  size_t count;
  uint64_t saved_ms;
};

struct restarts *restarts_new(void) {
  struct restarts *r = gc_zalloc(1, sizeof(*r));
  pthread_mutex_init(&r->lock, NULL);
  return r;
}

void restarts_free(struct restarts *r) {
  if (r == NULL)
    return;
  for (struct block_restart *block = r->first, *next; block != NULL;
       block = next) {
    next = block->next;
    free(block);
  }
  pthread_mutex_destroy(&r->lock);
  free(r);
}

/* Returns the block, a new one if it is not known. */
static struct block_restart *find_block(struct restarts *r,
                                        const struct gc_health_id *id) {
  struct block_restart **end = &r->first;
  for (; *end != NULL; end = &(*end)->next)
    if (strcmp((*end)->block, id->name) == 0)
      return *end;
  struct block_restart *new = gc_zalloc(1, sizeof(*new));
  snprintf(new->block, sizeof(new->block), "%s", id->name);
  snprintf(new->account, sizeof(new->account), "%s", id->account);
  snprintf(new->host, sizeof(new->host), "%s", id->host);
  pthread_mutex_lock(&r->lock);
  *end = new;
  pthread_mutex_unlock(&r->lock);
  r->count++;
  return new;
}

/* ---- the state file ---- */

static void load_block(struct restarts *r, struct block_restart *block,
                       struct gc_store *store) {
  GC_AUTO(gc_store_names_clear) struct gc_store_names rows = {.count = 0};
  struct gc_err err = {.code = GC_OK};
  int64_t found_ms = 0;
  if (gc_store_load_names(store, block->account, KIND, &rows, &err) != GC_OK)
    return;
  for (size_t i = 0; i < rows.count; i++)
    if (strcmp(rows.at[i].id, block->block) == 0)
      found_ms = strtoll(rows.at[i].name, NULL, 10);
  pthread_mutex_lock(&r->lock);
  restart_load(&block->restart, found_ms);
  pthread_mutex_unlock(&r->lock);
}

/* Saves the blocks of one account. A failure shows in state_up, and the next
 * turn saves again. */
static void save_account(struct restarts *r, const char *account,
                         struct gc_entry *entries, struct gc_store *store,
                         const struct gc_health_time *t) {
  struct gc_err err = {.code = GC_OK};
  size_t count = 0;
  for (struct block_restart *block = r->first; block != NULL;
       block = block->next) {
    if (block->restart.last_ms <= 0 || strcmp(block->account, account) != 0)
      continue;
    snprintf(block->saved_text, sizeof(block->saved_text), "%" PRId64,
             block->restart.last_ms);
    entries[count++] = (struct gc_entry){.id = block->block,
                                         .name = block->saved_text,
                                         .label = "",
                                         .detail = ""};
  }
  if (count > 0)
    (void)!gc_store_save_names(store, account, KIND, entries, count,
                               t->wall_ms / 1000, KEEP_S, &err);
}

/* True for the first block of its account. */
static bool is_first(const struct restarts *r, const struct block_restart *of) {
  const struct block_restart *block = r->first;
  while (strcmp(block->account, of->account) != 0)
    block = block->next;
  return block == of;
}

static void save_blocks(struct restarts *r, struct gc_store *store,
                        const struct gc_health_time *t) {
  struct gc_entry *entries = gc_zalloc(r->count, sizeof(*entries));
  r->saved_ms = t->now_ms;
  for (struct block_restart *block = r->first; block != NULL;
       block = block->next)
    if (is_first(r, block))
      save_account(r, block->account, entries, store, t);
  free(entries);
}

/* ---- readings ---- */

static void note_block(struct restarts *r, struct block_restart *block,
                       const struct gc_health_entity *e,
                       void (*say)(void *ctx, const char *block,
                                   const char *line),
                       void *ctx) {
  char line[160], from[GC_TIMESTAMP_SIZE], to[GC_TIMESTAMP_SIZE];
  const struct restart *restart = &block->restart;
  pthread_mutex_lock(&r->lock);
  bool is_known = restart_note(&block->restart, e->last_success_ms);
  pthread_mutex_unlock(&r->lock);
  if (!is_known)
    return;
  gc_timestamp_print(from, restart->kept_ms);
  gc_timestamp_print(to, restart->first_ms);
  snprintf(line, sizeof(line),
           "no values for %.1f s over the restart, from %s to %s "
           "(restart_gap)",
           (double)restart_gap_ms(restart) / 1000.0, from, to);
  say(ctx, block->block, line);
}

void restarts_note(struct restarts *r, const struct gc_health_snapshot *s,
                   struct gc_store *store, const struct gc_health_time *t,
                   bool saves_now,
                   void (*say)(void *ctx, const char *block, const char *line),
                   void *ctx) {
  for (size_t i = 0; i < s->count; i++) {
    const struct gc_health_entity *e = &s->at[i];
    if (e->id.kind != GC_HEALTH_BLOCK || e->id.account[0] == '\0' ||
        strcmp(e->id.plugin, "genesys_realtime") != 0)
      continue;
    struct block_restart *block = find_block(r, &e->id);
    if (block == NULL)
      continue;
    if (!block->restart.is_loaded && store != NULL)
      load_block(r, block, store);
    note_block(r, block, e, say, ctx);
  }
  if (store != NULL && r->count > 0 &&
      (saves_now || t->now_ms - r->saved_ms >= RESTARTS_SAVE_MS))
    save_blocks(r, store, t);
}

/* Returns the block after `block`, the first one for NULL, and sets *ret_gap_ms
 * to its gap; -1: unknown. */
static const struct block_restart *next_of(struct restarts *r,
                                           const struct block_restart *block,
                                           int64_t *ret_gap_ms) {
  pthread_mutex_lock(&r->lock);
  const struct block_restart *next = block != NULL ? block->next : r->first;
  *ret_gap_ms = next != NULL ? restart_gap_ms(&next->restart) : -1;
  pthread_mutex_unlock(&r->lock);
  return next;
}

void restarts_samples(struct restarts *r, uint32_t interval_ms,
                      struct gc_samples (*sink_of)(const char *host)) {
  int64_t gap_ms;
  for (const struct block_restart *block = next_of(r, NULL, &gap_ms);
       block != NULL; block = next_of(r, block, &gap_ms)) {
    struct gc_samples out = sink_of(block->host);
    const struct gc_sample_writer w = {
        .out = &out, .instance = block->block, .interval_ms = interval_ms};
    if (gap_ms >= 0)
      gc_put_gauge(&w, GC_METRIC_RESTART_GAP, "", (double)gap_ms / 1000.0);
  }
}
