/* SPDX-License-Identifier: MIT */
#include "common/daemon/log.h"

#include <pthread.h>

#include "collectd.h"
#include "plugin.h"

#include "common/base/hash.h"
#include "common/base/policy/log_limit.h"
#include "common/base/utf8.h"
#include "common/net/clock.h"

enum { CAUSES_MAX = 1000, CAUSE_MAX = 200, LINE_MAX_BYTES = 1024 };

struct cause {
  uint64_t hash;
  char *name;
  struct gc_log_limit limit;
  uint64_t touched; /* number of the last call that named the cause */
};

struct gc_log {
  const char *plugin;
  uint64_t (*now_ms)(void);
  pthread_mutex_t lock; /* guards all members below */
  struct cause *causes;
  size_t count;
  uint64_t calls;
};

static struct cause *find_cause(struct gc_log *l, const char *name) {
  uint64_t hash = gc_hash(name, strlen(name));
  for (size_t i = 0; i < l->count; i++)
    if (l->causes[i].hash == hash && strcmp(l->causes[i].name, name) == 0)
      return &l->causes[i];
  return NULL;
}

/* Returns a slot for a new cause: a free slot, or that of the cause that was
 * not named for the longest time. NULL when out of memory. */
static struct cause *take_slot(struct gc_log *l) {
  if (l->count < CAUSES_MAX) {
    struct cause *more = realloc(l->causes, (l->count + 1) * sizeof(*more));
    if (more == NULL)
      return NULL;
    l->causes = more;
    l->causes[l->count] = (struct cause){0};
    return &l->causes[l->count++];
  }
  struct cause *oldest = &l->causes[0];
  for (size_t i = 1; i < l->count; i++)
    if (l->causes[i].touched < oldest->touched)
      oldest = &l->causes[i];
  free(oldest->name);
  *oldest = (struct cause){0};
  return oldest;
}

/* Adds a cause. NULL when out of memory: the line is then written without a
 * limit. */
static struct cause *add_cause(struct gc_log *l, const char *name) {
  char *copy = strdup(name);
  struct cause *cause = copy != NULL ? take_slot(l) : NULL;
  if (cause == NULL) {
    free(copy);
    return NULL;
  }
  cause->name = copy;
  cause->hash = gc_hash(copy, strlen(copy));
  return cause;
}

static struct gc_log_limit_line note_outcome(struct gc_log *l, const char *name,
                                             enum gc_code code) {
  struct gc_log_limit unkept = {0};
  pthread_mutex_lock(&l->lock);
  struct cause *cause = find_cause(l, name);
  if (cause == NULL && code != GC_OK)
    cause = add_cause(l, name);
  if (cause != NULL)
    cause->touched = ++l->calls;
  struct gc_log_limit_line line = gc_log_limit_note(
      cause != NULL ? &cause->limit : &unkept, code, l->now_ms());
  pthread_mutex_unlock(&l->lock);
  return line;
}

static int level_of(enum gc_code code) {
  switch (code) {
  case GC_ERR_AUTH:
  case GC_ERR_PERMISSION:
  case GC_ERR_CONFIG:
  case GC_ERR_STATE:
    return LOG_ERR;
  default:
    return LOG_WARNING;
  }
}

/* Writes a time such as "20 min 5 s". */
static void write_span(char *out, size_t size, uint64_t ms) {
  unsigned long long s = ms / 1000;
  if (s < 60)
    snprintf(out, size, "%llu s", s);
  else if (s < 3600)
    snprintf(out, size, "%llu min %llu s", s / 60, s % 60);
  else
    snprintf(out, size, "%llu h %llu min", s / 3600, s / 60 % 60);
}

static void write_held_back(char *out, size_t size, uint32_t held_back) {
  out[0] = '\0';
  if (held_back > 0)
    snprintf(out, size, " [held back %u such failure%s]", held_back,
             held_back == 1 ? "" : "s");
}

void gc_log_failure(struct gc_log *l, const char *cause,
                    const struct gc_err *err) {
  enum gc_code code = err != NULL ? err->code : GC_OK;
  if (code == GC_ERR_STOPPED)
    return;

  char name[CAUSE_MAX], text[sizeof(err->text)], held_back[64], span[48];
  gc_utf8_copy_printable(name, sizeof(name), cause, '?');
  struct gc_log_limit_line line = note_outcome(l, name, code);
  if (line.say == GC_LOG_LIMIT_QUIET)
    return;

  write_held_back(held_back, sizeof(held_back), line.held_back);
  if (line.say == GC_LOG_LIMIT_OVER) {
    write_span(span, sizeof(span), line.lasted_ms);
    plugin_log(LOG_INFO, "%s: %s: good again after %s%s", l->plugin, name, span,
               held_back);
    return;
  }
  bool has_words = err != NULL && err->text[0] != '\0';
  gc_utf8_copy_printable(text, sizeof(text),
                         has_words ? err->text : gc_code_words(code), ' ');
  plugin_log(level_of(code), "%s: %s: %s%s", l->plugin, name, text, held_back);
}

void gc_log_line(struct gc_log *l, enum gc_log_level level, const char *format,
                 ...) {
  static const int levels[] = {
      [GC_LOG_ERROR] = LOG_ERR,
      [GC_LOG_WARNING] = LOG_WARNING,
      [GC_LOG_NOTICE] = LOG_NOTICE,
      [GC_LOG_INFO] = LOG_INFO,
  };
  char text[LINE_MAX_BYTES], clean[LINE_MAX_BYTES];
  va_list args;
  va_start(args, format);
  int used = snprintf(text, sizeof(text), "%s: ", l->plugin);
  if (used >= 0 && (size_t)used < sizeof(text))
    vsnprintf(text + used, sizeof(text) - (size_t)used, format, args);
  va_end(args);
  gc_utf8_copy_printable(clean, sizeof(clean), text, ' ');
  plugin_log(levels[level], "%s", clean);
}

struct gc_log *gc_log_new_at(const char *plugin, uint64_t (*now_ms)(void)) {
  struct gc_log *l = calloc(1, sizeof(*l));
  if (l == NULL)
    return NULL;
  l->plugin = plugin;
  l->now_ms = now_ms;
  pthread_mutex_init(&l->lock, NULL);
  return l;
}

struct gc_log *gc_log_new(const char *plugin) {
  return gc_log_new_at(plugin, gc_clock_now_ms);
}

void gc_log_free(struct gc_log *l) {
  if (l == NULL)
    return;
  for (size_t i = 0; i < l->count; i++)
    free(l->causes[i].name);
  free(l->causes);
  pthread_mutex_destroy(&l->lock);
  free(l);
}
