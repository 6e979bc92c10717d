/* SPDX-License-Identifier: MIT */
#include "common/daemon/log.h"

#include <assert.h>
#include <pthread.h>

#include "collectd.h"
#include "plugin.h"

#include "common/base/alloc.h"
#include "common/base/hash.h"
#include "common/base/utf8.h"
#include "common/net/clock.h"

enum {
  CAUSES_MAX = 1000,
  CAUSE_MAX = 200,
  LINE_MAX_BYTES = 1024,
  REMIND_MS = 600 * 1000,
};

/* ---- which failure becomes a line ---- */

enum say {
  SAY_QUIET,
  SAY_FIRST,  /* log it */
  SAY_CHANGE, /* another code than before: log it */
  SAY_REMIND, /* log it, with `held_back` */
  SAY_OVER,   /* log that it is good again, with `lasted_ms` */
};

struct limit {
  enum gc_code code;   /* GC_OK: no failure */
  uint64_t since_ms;   /* when this failure began */
  uint64_t said_ms;    /* the last FIRST, CHANGE or REMIND */
  uint32_t said_codes; /* bits 1 << code: codes that had a line and get no other
                          yet */
  bool said_this;      /* this failure has had a line */
  uint32_t held_back;  /* failures without a line since the last one */
};

/* A decision. All members are 0 when `say` is SAY_QUIET. */
struct decision {
  enum say say;
  uint32_t held_back;
  uint64_t lasted_ms;
};

static_assert(GC_CODE_COUNT <= 32, "said_codes has one bit for each code");

static const struct decision quiet = {.say = SAY_QUIET};

static struct decision make_line(struct limit *d, enum say say,
                                 uint64_t now_ms) {
  struct decision l = {
      .say = say,
      .held_back = d->held_back,
      .lasted_ms = now_ms > d->since_ms ? now_ms - d->since_ms : 0,
  };
  d->held_back = 0;
  return l;
}

/* Notes a success, without moving said_ms: a failure that returns ten minutes
 * after its last line gets a line, even if its end had one in
 * between. */
static struct decision note_success(struct limit *d, uint64_t now_ms) {
  bool reported = d->code != GC_OK && d->said_this;
  d->code = GC_OK;
  d->said_this = false;
  return reported ? make_line(d, SAY_OVER, now_ms) : quiet;
}

/* Notes an outcome (GC_OK or the code of a failure) at `now_ms` (monotonic). */
static struct decision decide_line(struct limit *d, enum gc_code code,
                                   uint64_t now_ms) {
  if (code == GC_OK)
    return note_success(d, now_ms);

  enum say say = d->code == GC_OK  ? SAY_FIRST
                 : d->code != code ? SAY_CHANGE
                                   : SAY_REMIND;
  if (say == SAY_FIRST)
    d->since_ms = now_ms;
  d->code = code;

  uint32_t bit = UINT32_C(1) << ((unsigned)code & 31);
  if (now_ms >= d->said_ms && now_ms - d->said_ms >= REMIND_MS)
    d->said_codes = 0;
  if ((d->said_codes & bit) != 0) {
    d->held_back += d->held_back < UINT32_MAX;
    return quiet;
  }

  d->said_codes |= bit;
  d->said_ms = now_ms;
  d->said_this = true;
  return make_line(d, say, now_ms);
}

/* ---- causes ---- */

struct cause {
  uint64_t hash;
  char *name;
  struct limit limit;
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

/* Adds a cause: in a free slot, or in that of the cause that was not named for
 * the longest time. */
static struct cause *add_cause(struct gc_log *l, const char *name) {
  struct cause *cause = l->causes;
  if (l->count < CAUSES_MAX) {
    l->causes = gc_resize(l->causes, l->count + 1, sizeof(*l->causes));
    cause = &l->causes[l->count++];
  } else {
    for (size_t i = 1; i < l->count; i++)
      if (l->causes[i].touched < cause->touched)
        cause = &l->causes[i];
    free(cause->name);
  }
  *cause = (struct cause){.hash = gc_hash(name, strlen(name)),
                          .name = gc_strdup(name)};
  return cause;
}

static struct decision note_outcome(struct gc_log *l, const char *name,
                                    enum gc_code code) {
  struct decision line = {.say = SAY_QUIET};
  pthread_mutex_lock(&l->lock);
  struct cause *cause = find_cause(l, name);
  if (cause == NULL && code != GC_OK)
    cause = add_cause(l, name);
  if (cause != NULL) {
    cause->touched = ++l->calls;
    line = decide_line(&cause->limit, code, l->now_ms());
  }
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
  struct decision line = note_outcome(l, name, code);
  if (line.say == SAY_QUIET)
    return;

  write_held_back(held_back, sizeof(held_back), line.held_back);
  if (line.say == SAY_OVER) {
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
  struct gc_log *l = gc_zalloc(1, sizeof(*l));
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
