/* SPDX-License-Identifier: MIT */
#include "common/health/registry.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/utf8.h"

struct gc_health {
  struct gc_health_entity entity;
  struct gc_health *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the rest */
static struct gc_health *all;
static size_t all_count;
static struct gc_health_time (*current_time)(void);

void gc_health_set_clock(struct gc_health_time (*now)(void)) {
  current_time = now;
}

static const struct gc_health_entity *
account_of(const struct gc_health_entity *block) {
  for (const struct gc_health *h = all; h != NULL; h = h->next)
    if (h->entity.id.kind == GC_HEALTH_ACCOUNT &&
        block->id.kind == GC_HEALTH_BLOCK &&
        strcmp(h->entity.id.short_name, block->id.account) == 0)
      return &h->entity;
  return NULL;
}

static bool is_failure(enum gc_health_state state) {
  return gc_health_row(state)->severity == GC_HEALTH_FAILURE;
}

/* Copies to a block the cause that keeps its account down or lets its requests
 * wait, and the cause of a channel of the account that fails. */
static void take_account(struct gc_health *h) {
  static const struct gc_health_cause none = {.err = {.code = GC_OK}};
  const struct gc_health_entity *account = account_of(&h->entity);
  const struct gc_health_cause *stream = NULL, *down = NULL, *budget = NULL;
  if (account != NULL)
    stream = gc_health_entity_stream(account);
  if (account != NULL && is_failure(account->state))
    down = gc_health_entity_cause(account);
  if (account != NULL && account->concern == GC_HEALTH_BUDGET)
    budget = gc_health_entity_cause(account);
  h->entity.stream = stream != NULL ? *stream : none;
  h->entity.account = down != NULL ? *down : none;
  h->entity.budget = budget != NULL ? *budget : none;
}

struct gc_health *gc_health_add(enum gc_health_kind kind, const char *plugin,
                                const char *name, const char *short_name) {
  struct gc_health *h = gc_zalloc(1, sizeof(*h));
  struct gc_health_id id = {.kind = kind};
  struct gc_health_time t = current_time();
  gc_utf8_copy_printable(id.plugin, sizeof(id.plugin), plugin, '_');
  gc_utf8_copy_printable(id.name, sizeof(id.name), name, '_');
  gc_utf8_copy_printable(id.short_name, sizeof(id.short_name), short_name, '_');
  gc_health_entity_init(&h->entity, &id, &t);
  pthread_mutex_lock(&lock);
  struct gc_health **end = &all;
  while (*end != NULL)
    end = &(*end)->next;
  *end = h;
  all_count++;
  pthread_mutex_unlock(&lock);
  return h;
}

void gc_health_remove(struct gc_health *h) {
  if (h == NULL)
    return;
  pthread_mutex_lock(&lock);
  struct gc_health **at = &all;
  while (*at != NULL && *at != h)
    at = &(*at)->next;
  if (*at != NULL) {
    *at = h->next;
    all_count--;
  }
  pthread_mutex_unlock(&lock);
  free(h);
}

void gc_health_set_account(struct gc_health *h, const char *account,
                           const char *host) {
  if (h == NULL)
    return;
  struct gc_health_id *id = &h->entity.id;
  pthread_mutex_lock(&lock);
  snprintf(id->account, sizeof(id->account), "%s",
           account != NULL ? account : "");
  snprintf(id->host, sizeof(id->host), "%s", host != NULL ? host : "");
  pthread_mutex_unlock(&lock);
}

void gc_health_set_latency(struct gc_health *h, uint32_t latency_ms) {
  if (h == NULL)
    return;
  pthread_mutex_lock(&lock);
  h->entity.write_latency_ms = latency_ms;
  pthread_mutex_unlock(&lock);
}

void gc_health_note(struct gc_health *h, const char *cause,
                    const struct gc_err *err) {
  struct gc_health_time t = current_time();
  if (h == NULL)
    return;
  pthread_mutex_lock(&lock);
  gc_health_entity_note(&h->entity, cause, err, &t);
  pthread_mutex_unlock(&lock);
}

void gc_health_read(struct gc_health *h, const struct gc_health_reading *r) {
  struct gc_health_time t = current_time();
  if (h == NULL)
    return;
  pthread_mutex_lock(&lock);
  gc_health_entity_read(&h->entity, r, &t);
  pthread_mutex_unlock(&lock);
}

void gc_health_fail(struct gc_health *h, const struct gc_err *err) {
  struct gc_health_time t = current_time();
  if (h == NULL)
    return;
  pthread_mutex_lock(&lock);
  gc_health_entity_fail(&h->entity, err, &t);
  pthread_mutex_unlock(&lock);
}

/* ---- snapshots ---- */

void gc_health_snapshot_take(struct gc_health_snapshot *ret,
                             const struct gc_health_time *t) {
  pthread_mutex_lock(&lock);
  ret->at = gc_zalloc(all_count, sizeof(*ret->at));
  ret->count = 0;
  for (struct gc_health *h = all; h != NULL; h = h->next) {
    take_account(h);
    gc_health_entity_tick(&h->entity, t);
    GC_ASSERT(ret->count < all_count);
    ret->at[ret->count++] = h->entity;
  }
  pthread_mutex_unlock(&lock);
}

void gc_health_snapshot_clear(struct gc_health_snapshot *s) {
  free(s->at);
  *s = (struct gc_health_snapshot){.at = NULL};
}

/* ---- changes ---- */

/* True while the account is down, and until its recovery has been sent. */
static bool is_account_down(const struct gc_health_entity *block) {
  const struct gc_health_entity *account = account_of(block);
  return account != NULL &&
         (is_failure(account->state) || is_failure(account->reported));
}

static void fill_event(struct gc_health_event *event,
                       const struct gc_health_entity *e,
                       enum gc_health_state before, uint32_t changes) {
  const struct gc_health_cause *cause = gc_health_entity_cause(e);
  *event = (struct gc_health_event){.id = e->id,
                                    .before = before,
                                    .state = e->state,
                                    .since = e->since,
                                    .changes = changes};
  if (cause != NULL)
    event->cause = *cause;
}

bool gc_health_next_event(struct gc_health_event *ret) {
  struct gc_health_time t = current_time();
  bool found = false;
  pthread_mutex_lock(&lock);
  for (struct gc_health *h = all; h != NULL && !found; h = h->next) {
    bool was_up = h->entity.has_been_up;
    enum gc_health_state before = h->entity.reported;
    uint32_t changes = 0;
    if (before == GC_HEALTH_UP && !was_up)
      before = GC_HEALTH_STARTING;
    take_account(h);
    if (is_account_down(&h->entity))
      continue;
    found = gc_health_entity_report(&h->entity, &t, &changes);
    if (found)
      fill_event(ret, &h->entity, before, changes);
  }
  pthread_mutex_unlock(&lock);
  return found;
}

/* ---- event ---- */

/* One outage changes the state up to twice: by its cause and by the next
 * reading. So the number of changes is shown from three on. */
enum { CHANGES_OF_ONE = 2 };

/* Copies a text into `out`. If it is too long, the number of the request goes,
 * and the first clause, which ends with the words of the server, is shortened:
 * the next ones name what is missing and what to do. */
static void shorten_words(char out[GC_HEALTH_MESSAGE_SIZE], char *text) {
  enum { HEAD_MIN = 112 };
  char head[GC_HEALTH_MESSAGE_SIZE], whole[2048];
  char *number = strstr(text, "; correlation id ");
  if (strlen(text) >= GC_HEALTH_MESSAGE_SIZE && number != NULL)
    *number = '\0';
  const char *rest = strstr(text, "; ");
  if (strlen(text) < GC_HEALTH_MESSAGE_SIZE || rest == NULL ||
      rest - text <= HEAD_MIN) {
    gc_utf8_copy_printable(out, GC_HEALTH_MESSAGE_SIZE, text, ' ');
    return;
  }
  size_t tail = strlen(rest) + strlen(" …");
  size_t room = tail + HEAD_MIN < GC_HEALTH_MESSAGE_SIZE
                    ? GC_HEALTH_MESSAGE_SIZE - tail
                    : HEAD_MIN;
  gc_utf8_copy_printable(head, room, text, ' ');
  snprintf(whole, sizeof(whole), "%s …%s", head, rest);
  gc_utf8_copy_printable(out, GC_HEALTH_MESSAGE_SIZE, whole, ' ');
}

void gc_health_event_message(const struct gc_health_event *event,
                             char out[GC_HEALTH_MESSAGE_SIZE]) {
  const struct gc_health_row *row = gc_health_row(event->state);
  const struct gc_health_cause *cause = &event->cause;
  char text[1024], changes[64] = "";
  bool is_failing = row->severity != GC_HEALTH_OKAY;
  bool has_cause = is_failing && cause->err.code != GC_OK;
  if (event->changes > CHANGES_OF_ONE)
    snprintf(changes, sizeof(changes), " [%u changes since the last one]",
             (unsigned)event->changes);
  snprintf(text, sizeof(text), "%s: %s (was %s)%s: %s%s%s", event->id.name,
           row->word, gc_health_row(event->before)->word, changes,
           has_cause ? cause->name : "", has_cause ? ": " : "",
           has_cause ? cause->err.text : row->why);
  shorten_words(out, text);
}
