/* SPDX-License-Identifier: MIT */
/* Pages of a list of entities (queues, users, flows, presence definitions):
 *   {"entities":[{"id","name","systemPresence"?,"mediaSettings"?,…},…],
 *    "nextUri"?:…,"pageCount"?:…,"total"?:…}
 * A page is read while it arrives; unknown members are skipped. An entity
 * without an id is dropped; an entity without a name gets "". The last page has
 * no nextUri, and its number is pageCount or more; an empty page is also the
 * last one (API reference, lists and names). A page that has neither, and no
 * total that is reached, says nothing about the end: if it has a multiple of
 * GC_PAGING_STEP rows, as the limits of servers are, it may be full, and the
 * next page is guessed. Pure; one thread at a time. */
#ifndef GC_GENESYS_ENTITY_PAGE_H
#define GC_GENESYS_ENTITY_PAGE_H

#include "common/base/json/stream.h"
#include "common/genesys/entities.h"

/* A queue's own service level targets, one for each medium:
 *   "mediaSettings":{"call":{"serviceLevel":{"durationMs":20000,…}},…}
 * They are the queue's detail (struct gc_entry), also in the state file, as a
 * short text of milliseconds: "voice:20000 chat:30000"; "" without targets.
 *
 * XX(enum, member of mediaSettings, medium as analytics spells it) */
#define GC_TARGET_MAP(XX)                                                      \
  XX(CALL, "call", "voice")                                                    \
  XX(CALLBACK, "callback", "callback")                                         \
  XX(CHAT, "chat", "chat")                                                     \
  XX(EMAIL, "email", "email")                                                  \
  XX(MESSAGE, "message", "message")

enum gc_target {
#define XX(id, member, media) GC_TARGET_##id,
  GC_TARGET_MAP(XX)
#undef XX
      GC_TARGET_COUNT
};

/* Returns the medium of a target, such as "voice"; `target` is below
 * GC_TARGET_COUNT. */
GC_API const char *gc_target_media(enum gc_target target);

/* The longest target: 366 days. */
#define GC_TARGET_MAX_MS (INT64_C(366) * 86400 * 1000)

struct gc_targets {
  int64_t ms[GC_TARGET_COUNT]; /* 0: none */
};

enum { GC_TARGETS_SIZE = 160 };

/* Writes the targets as a detail and returns `out`. Targets outside 1 …
 * GC_TARGET_MAX_MS are left out. */
GC_API char *gc_targets_print(char out[GC_TARGETS_SIZE],
                              const struct gc_targets *targets);

/* Returns the target, in ms, of the queue `entry` for a medium ("voice"); 0
 * when the queue has none. */
GC_API int64_t gc_entry_target_ms(const struct gc_entry *entry,
                                  const char *media);

struct gc_entity_row { /* owned texts, never NULL */
  char *id, *name;
  char *detail; /* as in struct gc_entry */
};

struct gc_entity_page {
  struct gc_entity_row *rows; /* rows of all pages so far */
  size_t count, cap;
  size_t max; /* limit of `count`; set by the owner */

  size_t page_begin, page_end; /* rows of the page that was read last */
  bool more;                   /* another page follows */
  bool is_guess;  /* the next page may not exist: no page named the end */
  unsigned pages; /* pages that were read */
  int64_t total, first_total; /* totals that the last and the first page name;
                                 -1: unknown */

  /* Private. */
  struct gc_json_stream *stream;
  struct gc_entity_row row;
  struct gc_targets targets; /* targets of that row */
  int64_t page_count; /* number of pages that this page names; -1: unknown */
};

/* Begins a page. Rows of an unfinished page are dropped, so that a request can
 * be repeated. */
GC_API void gc_entity_page_begin(struct gc_entity_page *p);
/* Reads the next `len` bytes of the page. GC_ERR_PARSE, GC_ERR_MEMORY;
 * GC_ERR_LIMIT past `max` rows. */
GC_API GC_MUST_CHECK enum gc_code gc_entity_page_feed(struct gc_entity_page *p,
                                                      const char *bytes,
                                                      size_t len,
                                                      struct gc_err *err);
/* Ends the page. GC_ERR_PARSE when it is not complete, or when it begins with
 * the same entity as the page before: otherwise a server that repeats a page
 * would be read without end. A failed page leaves no rows. A guessed page that
 * repeats the one before ends the list: that server knows no pages. */
GC_API GC_MUST_CHECK enum gc_code gc_entity_page_end(struct gc_entity_page *p,
                                                     struct gc_err *err);

/* Ends the list at a guessed page that the server refuses. */
GC_API void gc_entity_page_give_up(struct gc_entity_page *p);

/* True if the first and the last page have different totals: the list has
 * changed meanwhile, so rows may have moved between pages, and a row may be
 * missing. */
GC_API bool gc_entity_page_has_changed(const struct gc_entity_page *p);
/* Returns by how much the total that the last page names exceeds the number of
 * rows; 0 if it does not, or if that total is unknown. */
GC_API size_t gc_entity_page_missing(const struct gc_entity_page *p);

/* Frees all rows; `max` stays. */
GC_API void gc_entity_page_clear(struct gc_entity_page *p);

#endif
