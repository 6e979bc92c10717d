/* SPDX-License-Identifier: MIT */
#include "common/net/lease_book.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/strmap.h"

struct entry {
  /* text "": Redis does not have the field, or need not have it */
  char *field, *text;
  bool is_dirty; /* Redis lacks this text */
  bool is_sent;  /* the renewal under way has it */
  bool is_named; /* in the write under way */
};

struct gc_lease_page {
  struct gc_lease_book *book;
  char name[GC_LEASE_PAGE_NAME_SIZE];
  struct gc_strmap entries; /* struct entry, by field */
  uint64_t fence;           /* 0: not read */
  /* The fence under which the content was written, if no other agent has had
   * the lease since; 0: the content is empty. */
  uint64_t own_fence;
  uint64_t version, sent, confirmed;
  size_t dirty; /* entries that are dirty or sent */
  bool is_torn; /* the newest write failed: Redis must not have a part of it */
  bool is_lost; /* Redis lost data, and may have removed fields again */
};

struct gc_lease_book {
  pthread_mutex_t lock;
  struct gc_lease_page *pages[GC_LEASE_PAGES_MAX];
  size_t count, bytes;
  bool goes_on;
};

/* ---- pages ---- */

/* Returns the bytes that gc_fields_add takes for a field and its text.
 * The book counts them, so that a page that was written can also be copied and
 * read. */
static size_t pair_bytes(const char *field, const char *text) {
  return strlen(field) + strlen(text) + 2;
}

static size_t entry_bytes(const struct entry *e) {
  return pair_bytes(e->field, e->text);
}

static void free_entry(struct gc_lease_page *p, struct entry *e) {
  GC_ASSERT(p->book->bytes >= entry_bytes(e));
  p->book->bytes -= entry_bytes(e);
  free(e->field);
  free(e->text);
  free(e);
}

static void empty_page(struct gc_lease_page *p) {
  for (size_t i = 0; i < p->entries.room; i++)
    if (p->entries.slots[i].key != NULL)
      free_entry(p, p->entries.slots[i].value);
  gc_strmap_clear(&p->entries);
  p->fence = p->own_fence = 0;
  p->version = p->sent = p->confirmed = 0;
  p->dirty = 0;
  p->is_torn = p->is_lost = false;
}

struct gc_lease_book *gc_lease_book_new(void) {
  struct gc_lease_book *b = gc_zalloc(1, sizeof(*b));
  pthread_mutex_init(&b->lock, NULL);
  return b;
}

void gc_lease_book_free(struct gc_lease_book *b) {
  if (b == NULL)
    return;
  for (size_t i = 0; i < b->count; i++) {
    empty_page(b->pages[i]);
    free(b->pages[i]);
  }
  pthread_mutex_destroy(&b->lock);
  free(b);
}

static struct gc_lease_page *find_page(const struct gc_lease_book *b,
                                       const char *name) {
  for (size_t i = 0; i < b->count; i++)
    if (strncmp(b->pages[i]->name, name, GC_LEASE_PAGE_NAME_SIZE - 1) == 0)
      return b->pages[i];
  return NULL;
}

static struct gc_lease_page *add_page(struct gc_lease_book *b,
                                      const char *name) {
  if (b->count == GC_LEASE_PAGES_MAX)
    return NULL;
  struct gc_lease_page *p = gc_zalloc(1, sizeof(*p));
  p->book = b;
  snprintf(p->name, sizeof(p->name), "%s", name);
  b->pages[b->count++] = p;
  return p;
}

struct gc_lease_page *gc_lease_book_page(struct gc_lease_book *b,
                                         const char *name) {
  pthread_mutex_lock(&b->lock);
  struct gc_lease_page *p = find_page(b, name);
  if (p == NULL)
    p = add_page(b, name);
  pthread_mutex_unlock(&b->lock);
  return p;
}

uint64_t gc_lease_page_fence(const struct gc_lease_page *p) {
  pthread_mutex_lock(&p->book->lock);
  uint64_t fence = p->fence;
  pthread_mutex_unlock(&p->book->lock);
  return fence;
}

enum gc_code gc_lease_page_copy(const struct gc_lease_page *p,
                                struct gc_buf *fields) {
  enum gc_code code = GC_OK;
  pthread_mutex_lock(&p->book->lock);
  for (size_t i = 0; i < p->entries.room && code == GC_OK; i++) {
    const struct entry *e =
        p->entries.slots[i].key != NULL ? p->entries.slots[i].value : NULL;
    if (e != NULL && e->text[0] != '\0')
      code = gc_fields_add(fields, e->field, e->text);
  }
  pthread_mutex_unlock(&p->book->lock);
  return code;
}

/* ---- writing ---- */

static void mark_dirty(struct gc_lease_page *p, struct entry *e) {
  p->dirty += !e->is_dirty && !e->is_sent;
  e->is_dirty = true;
}

static struct entry *add_entry(struct gc_lease_page *p, const char *field) {
  struct entry *e = gc_zalloc(1, sizeof(*e));
  e->field = gc_strdup(field);
  e->text = gc_strdup("");
  gc_strmap_put(&p->entries, e->field, e);
  p->book->bytes += pair_bytes(field, "");
  return e;
}

static void write_field(struct gc_lease_page *p, const char *field,
                        const char *text) {
  struct entry *e = gc_strmap_get(&p->entries, field);
  if (e == NULL)
    e = add_entry(p, field);
  e->is_named = true;
  if (strcmp(e->text, text) == 0)
    return;
  p->book->bytes += strlen(text);
  p->book->bytes -= strlen(e->text);
  free(e->text);
  e->text = gc_strdup(text);
  mark_dirty(p, e);
}

/* Returns the bytes of the book after these fields are written and, if
 * `is_all`, Redis has removed the others. */
static size_t bytes_after(const struct gc_lease_page *p,
                          const struct gc_buf *fields, bool is_all) {
  const char *field, *text;
  size_t at = 0, bytes = p->book->bytes;
  for (size_t i = 0; is_all && i < p->entries.room; i++)
    if (p->entries.slots[i].key != NULL)
      bytes -= entry_bytes(p->entries.slots[i].value);
  while (gc_fields_next(fields, &at, &field, &text)) {
    const struct entry *e = is_all ? NULL : gc_strmap_get(&p->entries, field);
    bytes += pair_bytes(field, text) - (e != NULL ? entry_bytes(e) : 0);
  }
  return bytes;
}

static enum gc_code write_page_fields(struct gc_lease_page *p,
                                      const struct gc_buf *fields,
                                      bool is_all) {
  const char *field, *text;
  size_t at = 0;
  if (bytes_after(p, fields, is_all) > GC_LEASE_BOOK_MAX_BYTES)
    return GC_ERR_LIMIT;
  while (gc_fields_next(fields, &at, &field, &text))
    write_field(p, field, text);
  return GC_OK;
}

/* Ends a write: removes the texts of fields that were not in it, if `is_all`.
 */
static void end_write(struct gc_lease_page *p, bool is_all) {
  for (size_t i = 0; i < p->entries.room; i++) {
    struct entry *e =
        p->entries.slots[i].key != NULL ? p->entries.slots[i].value : NULL;
    if (e == NULL)
      continue;
    if (is_all && !e->is_named && e->text[0] != '\0') {
      p->book->bytes -= strlen(e->text);
      e->text[0] = '\0';
      mark_dirty(p, e);
    }
    e->is_named = false;
  }
}

enum gc_code gc_lease_page_write(struct gc_lease_page *p, uint64_t fence,
                                 const struct gc_buf *fields, bool is_all,
                                 uint64_t *ret_version) {
  enum gc_code code = GC_ERR_STATE;
  pthread_mutex_lock(&p->book->lock);
  if (fence != 0 && p->fence == fence) {
    code = write_page_fields(p, fields, is_all);
    end_write(p, is_all && code == GC_OK);
    p->is_torn = code != GC_OK || (p->is_torn && !is_all);
  }
  if (code == GC_OK) {
    *ret_version = ++p->version;
    if (p->dirty == 0)
      p->sent = p->confirmed = p->version;
  }
  pthread_mutex_unlock(&p->book->lock);
  return code;
}

bool gc_lease_page_has(const struct gc_lease_page *p, uint64_t version) {
  pthread_mutex_lock(&p->book->lock);
  bool has = p->fence != 0 && (p->confirmed >= version || p->book->goes_on);
  pthread_mutex_unlock(&p->book->lock);
  return has;
}

/* ---- the thread of the lease ---- */

static void visit_entries(struct gc_lease_page *p,
                          void (*visit)(struct gc_lease_page *p,
                                        struct entry *e)) {
  for (size_t i = 0; i < p->entries.room; i++)
    if (p->entries.slots[i].key != NULL)
      visit(p, p->entries.slots[i].value);
}

void gc_lease_book_collect(struct gc_lease_book *b, uint64_t fence,
                           void (*report)(void *ctx, const char *page,
                                          const char *field, const char *text),
                           void *ctx) {
  pthread_mutex_lock(&b->lock);
  for (size_t n = 0; n < b->count; n++) {
    struct gc_lease_page *p = b->pages[n];
    if (p->fence != fence || p->is_torn)
      continue;
    p->sent = p->version;
    for (size_t i = 0; i < p->entries.room && p->dirty > 0; i++) {
      struct entry *e =
          p->entries.slots[i].key != NULL ? p->entries.slots[i].value : NULL;
      if (e == NULL || !e->is_dirty)
        continue;
      e->is_dirty = false;
      e->is_sent = true;
      report(ctx, p->name, e->field, e->text);
    }
  }
  pthread_mutex_unlock(&b->lock);
}

static void confirm_entry(struct gc_lease_page *p, struct entry *e) {
  p->dirty -= e->is_sent && !e->is_dirty;
  e->is_sent = false;
}

/* Frees the fields that Redis has removed: names of queues and series change
 * for as long as this agent is the holder. */
static void drop_removed(struct gc_lease_page *p) {
  size_t i = 0;
  while (i < p->entries.room) {
    struct entry *e =
        p->entries.slots[i].key != NULL ? p->entries.slots[i].value : NULL;
    if (e == NULL || e->text[0] != '\0' || e->is_dirty) {
      i++;
      continue;
    }
    /* `i` stays: another entry may move into this slot. */
    (void)gc_strmap_drop(&p->entries, e->field);
    free_entry(p, e);
  }
}

static void repeat_entry(struct gc_lease_page *p, struct entry *e) {
  (void)p;
  e->is_dirty |= e->is_sent;
  e->is_sent = false;
}

void gc_lease_book_settle(struct gc_lease_book *b, bool is_confirmed) {
  pthread_mutex_lock(&b->lock);
  for (size_t n = 0; n < b->count; n++) {
    struct gc_lease_page *p = b->pages[n];
    bool has_sent = p->dirty > 0;
    if (has_sent)
      visit_entries(p, is_confirmed ? confirm_entry : repeat_entry);
    if (has_sent && is_confirmed)
      drop_removed(p);
    if (is_confirmed)
      p->confirmed = p->sent;
  }
  pthread_mutex_unlock(&b->lock);
}

void gc_lease_book_lost(struct gc_lease_book *b) {
  pthread_mutex_lock(&b->lock);
  for (size_t n = 0; n < b->count; n++) {
    b->pages[n]->is_lost = b->pages[n]->fence != 0;
    if (b->pages[n]->is_lost)
      visit_entries(b->pages[n], mark_dirty);
  }
  pthread_mutex_unlock(&b->lock);
}

bool gc_lease_book_find_unread(const struct gc_lease_book *b, uint64_t fence,
                               char ret_name[GC_LEASE_PAGE_NAME_SIZE]) {
  struct gc_lease_book *book = (struct gc_lease_book *)b;
  bool found = false;
  pthread_mutex_lock(&book->lock);
  for (size_t i = 0; i < b->count && !found; i++) {
    found = b->pages[i]->fence != fence || b->pages[i]->is_lost;
    if (found)
      memcpy(ret_name, b->pages[i]->name, GC_LEASE_PAGE_NAME_SIZE);
  }
  pthread_mutex_unlock(&book->lock);
  return found;
}

static void confirm_all(struct gc_lease_page *p, struct entry *e) {
  (void)p;
  e->is_dirty = e->is_sent = e->is_named = false;
}

static enum gc_code take_page(struct gc_lease_page *p, uint64_t fence,
                              const struct gc_buf *fields) {
  empty_page(p);
  enum gc_code code = write_page_fields(p, fields, true);
  visit_entries(p, confirm_all);
  p->dirty = 0;
  p->fence = p->own_fence = code == GC_OK ? fence : 0;
  return code;
}

/* Makes the next renewal remove the fields that the page does not have. */
static enum gc_code remove_unknown(struct gc_lease_page *p,
                                   const struct gc_buf *fields) {
  const char *field, *text;
  size_t at = 0;
  while (gc_fields_next(fields, &at, &field, &text)) {
    if (gc_strmap_get(&p->entries, field) != NULL)
      continue;
    struct entry *e = add_entry(p, field);
    mark_dirty(p, e);
  }
  p->is_lost = false;
  return GC_OK;
}

/* True if this agent had the lease just before this fence, and its content is
 * whole: what Redis has is not newer. Each claim raises the fence by one. */
static bool is_successor_of_itself(const struct gc_lease_page *p,
                                   uint64_t fence) {
  return p->own_fence != 0 && fence == p->own_fence + 1 && !p->is_torn;
}

/* Continues with the page's own content: Redis may have lost data. */
static enum gc_code keep_own(struct gc_lease_page *p, uint64_t fence,
                             const struct gc_buf *fields) {
  visit_entries(p, mark_dirty);
  p->fence = p->own_fence = fence;
  return remove_unknown(p, fields);
}

enum gc_code gc_lease_book_read(struct gc_lease_book *b, const char *name,
                                uint64_t fence, const struct gc_buf *fields) {
  enum gc_code code = GC_OK;
  pthread_mutex_lock(&b->lock);
  struct gc_lease_page *p = find_page(b, name);
  if (p != NULL)
    code = p->fence == fence                  ? remove_unknown(p, fields)
           : is_successor_of_itself(p, fence) ? keep_own(p, fence, fields)
                                              : take_page(p, fence, fields);
  pthread_mutex_unlock(&b->lock);
  return code;
}

void gc_lease_book_leave(struct gc_lease_book *b, bool is_taken) {
  pthread_mutex_lock(&b->lock);
  for (size_t i = 0; i < b->count; i++)
    if (is_taken)
      empty_page(b->pages[i]);
    else
      b->pages[i]->fence = 0;
  pthread_mutex_unlock(&b->lock);
}

void gc_lease_book_go_on(struct gc_lease_book *b, bool goes_on) {
  pthread_mutex_lock(&b->lock);
  b->goes_on = goes_on;
  pthread_mutex_unlock(&b->lock);
}
