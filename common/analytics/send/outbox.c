/* SPDX-License-Identifier: MIT */
#include "common/analytics/send/outbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/assert.h"
#include "common/genesys/parts.h"

/* Version 1, of earlier releases, has no parts; both are read. */
static const char magic[] = "window 2 ", magic_1[] = "window 1 ";

void gc_outbox_reset(struct gc_outbox *o) {
  o->count = o->number_count = 0;
  gc_buf_reset(&o->text);
}

void gc_outbox_clear(struct gc_outbox *o) {
  free(o->at);
  free(o->numbers);
  gc_buf_clear(&o->text);
  *o = (struct gc_outbox){.interval_ms = o->interval_ms};
}

/* Adds `text` and returns where it is; if the text at `before` is the same,
 * returns `before`. */
static enum gc_code put_text(struct gc_outbox *o, const char *text,
                             const uint32_t *before, uint32_t *ret_offset) {
  if (before != NULL && strcmp(o->text.data + *before, text) == 0) {
    *ret_offset = *before;
    return GC_OK;
  }
  size_t offset = o->text.len;
  o->text.max = GC_OUTBOX_TEXT_MAX;
  GC_TRY(gc_buf_add(&o->text, text, strlen(text) + 1));
  *ret_offset = (uint32_t)offset;
  return GC_OK;
}

static enum gc_code make_room(struct gc_outbox *o) {
  if (o->count == o->cap) {
    size_t cap = o->cap == 0 ? 256 : o->cap * 2;
    struct gc_outbox_entry *at = realloc(o->at, cap * sizeof(*at));
    if (at == NULL)
      return GC_ERR_MEMORY;
    o->at = at;
    o->cap = cap;
  }
  if (o->number_count + GC_DS_MAX > o->number_cap) {
    size_t cap = o->number_cap == 0 ? 512 : o->number_cap * 2;
    union gc_number *numbers = realloc(o->numbers, cap * sizeof(*numbers));
    if (numbers == NULL)
      return GC_ERR_MEMORY;
    o->numbers = numbers;
    o->number_cap = cap;
  }
  return o->number_count < UINT32_MAX - GC_DS_MAX ? GC_OK : GC_ERR_LIMIT;
}

enum gc_code gc_outbox_put(struct gc_outbox *o,
                           const struct gc_sample *sample) {
  size_t numbers = gc_metric(sample->metric)->ds_count;
  GC_ASSERT(o->count <= o->cap && o->number_count <= o->number_cap);
  GC_TRY(make_room(o));
  const struct gc_outbox_entry *last =
      o->count > 0 ? &o->at[o->count - 1] : NULL;
  struct gc_outbox_entry *p = &o->at[o->count];
  *p = (struct gc_outbox_entry){.metric = (uint32_t)sample->metric,
                                .time_ms = sample->time_ms,
                                .values = (uint32_t)o->number_count};
  GC_TRY(put_text(o, sample->instance, last != NULL ? &last->instance : NULL,
                  &p->instance));
  GC_TRY(put_text(o, sample->qualifier, last != NULL ? &last->qualifier : NULL,
                  &p->qualifier));
  GC_TRY(put_text(o, sample->parts != NULL ? sample->parts : "",
                  last != NULL ? &last->parts : NULL, &p->parts));
  memcpy(o->numbers + o->number_count, sample->values,
         numbers * sizeof(*o->numbers));
  o->number_count += numbers;
  o->count++;
  return GC_OK;
}

struct gc_sample gc_outbox_get(const struct gc_outbox *o, size_t i) {
  GC_ASSERT(i < o->count);
  const struct gc_outbox_entry *p = &o->at[i];
  struct gc_sample sample = {.metric = (enum gc_metric_id)p->metric,
                             .instance = o->text.data + p->instance,
                             .qualifier = o->text.data + p->qualifier,
                             .parts = o->text.data + p->parts,
                             .time_ms = p->time_ms,
                             .interval_ms = o->interval_ms};
  memcpy(sample.values, o->numbers + p->values,
         gc_metric(sample.metric)->ds_count * sizeof(sample.values[0]));
  return sample;
}

/* Returns the bits of a number: as text they are exact in every locale. */
static uint64_t bits_of(const union gc_number *n) {
  uint64_t bits;
  memcpy(&bits, n, sizeof(bits));
  return bits;
}

/* Parts end in "\n", as the lines of the text do; in the text PART_END replaces
 * it. */
enum { PART_END = 0x1f };

static void swap_ends(char *text, size_t len, char from, char to) {
  for (size_t i = 0; i < len; i++)
    if (text[i] == from)
      text[i] = to;
}

static enum gc_code write_parts(const char *parts, struct gc_buf *out) {
  size_t begin = out->len;
  GC_TRY(gc_buf_print(out, "\t%s", parts));
  swap_ends(out->data + begin, out->len - begin, '\n', PART_END);
  return GC_OK;
}

enum gc_code gc_outbox_write(const struct gc_outbox *o, struct gc_buf *out) {
  GC_TRY(gc_buf_print(out, "%s%" PRIx32 "\n", magic, o->interval_ms));
  for (size_t i = 0; i < o->count; i++) {
    const struct gc_outbox_entry *p = &o->at[i];
    const struct gc_metric *m = gc_metric((enum gc_metric_id)p->metric);
    GC_TRY(gc_buf_print(out, "%s\t%s\t%s", m->name, o->text.data + p->instance,
                        o->text.data + p->qualifier));
    GC_TRY(write_parts(o->text.data + p->parts, out));
    GC_TRY(gc_buf_print(out, "\t%" PRIx64, (uint64_t)p->time_ms));
    for (unsigned v = 0; v < m->ds_count; v++)
      GC_TRY(
          gc_buf_print(out, "\t%" PRIx64, bits_of(&o->numbers[p->values + v])));
    GC_TRY(gc_buf_text(out, "\n"));
  }
  return GC_OK;
}

/* The part of a text that is not read yet. */
struct rest {
  const char *at, *end;
};

/* Takes the text up to `stop` and skips `stop`; false when there is none. */
static bool cut_field(struct rest *r, char stop, const char **ret,
                      size_t *ret_len) {
  const char *found =
      r->at < r->end ? memchr(r->at, stop, (size_t)(r->end - r->at)) : NULL;
  if (found == NULL)
    return false;
  *ret = r->at;
  *ret_len = (size_t)(found - r->at);
  r->at = found + 1;
  return true;
}

static bool cut_hex(struct rest *r, char stop, uint64_t *ret) {
  const char *text;
  size_t len;
  uint64_t value = 0;
  if (!cut_field(r, stop, &text, &len) || len == 0 || len > 16)
    return false;
  for (size_t i = 0; i < len; i++) {
    static const char digits[] = "0123456789abcdef";
    const char *digit = memchr(digits, text[i], 16);
    if (digit == NULL)
      return false;
    value = value << 4 | (uint64_t)(digit - digits);
  }
  *ret = value;
  return true;
}

static bool find_metric(const char *name, size_t len,
                        enum gc_metric_id *ret_id) {
  for (int i = 0; i < GC_METRIC_COUNT; i++) {
    const char *known = gc_metric((enum gc_metric_id)i)->name;
    if (strlen(known) == len && memcmp(known, name, len) == 0) {
      *ret_id = (enum gc_metric_id)i;
      return true;
    }
  }
  return false;
}

static bool copy_part(char *part, size_t size, struct rest *r) {
  const char *text;
  size_t len;
  if (!cut_field(r, '\t', &text, &len) || len >= size ||
      memchr(text, '\0', len))
    return false;
  memcpy(part, text, len);
  part[len] = '\0';
  return true;
}

static enum gc_code read_outbox_entry(struct gc_outbox *o, struct rest *r,
                                      bool has_parts) {
  char instance[256], qualifier[256], parts[GC_PARTS_SIZE] = "";
  const char *name;
  size_t len;
  uint64_t bits;
  struct gc_sample s = {
      .instance = instance, .qualifier = qualifier, .parts = parts};
  if (!cut_field(r, '\t', &name, &len) || !find_metric(name, len, &s.metric) ||
      !copy_part(instance, sizeof(instance), r) ||
      !copy_part(qualifier, sizeof(qualifier), r) ||
      (has_parts && !copy_part(parts, sizeof(parts), r)) ||
      !cut_hex(r, '\t', &bits))
    return GC_ERR_PARSE;
  s.time_ms = (int64_t)bits;
  swap_ends(parts, strlen(parts), PART_END, '\n');
  unsigned count = gc_metric(s.metric)->ds_count;
  for (unsigned v = 0; v < count; v++) {
    if (!cut_hex(r, v + 1 < count ? '\t' : '\n', &bits))
      return GC_ERR_PARSE;
    memcpy(&s.values[v], &bits, sizeof(bits));
  }
  return gc_outbox_put(o, &s);
}

static enum gc_code read_all(struct gc_outbox *o, struct rest *r) {
  size_t len = strlen(magic);
  uint64_t interval_ms;
  if ((size_t)(r->end - r->at) < len)
    return GC_ERR_PARSE;
  bool has_parts = memcmp(r->at, magic, len) == 0;
  if (!has_parts && memcmp(r->at, magic_1, len) != 0)
    return GC_ERR_PARSE;
  r->at += len;
  if (!cut_hex(r, '\n', &interval_ms) || interval_ms > UINT32_MAX)
    return GC_ERR_PARSE;
  o->interval_ms = (uint32_t)interval_ms;
  while (r->at < r->end)
    GC_TRY(read_outbox_entry(o, r, has_parts));
  return GC_OK;
}

enum gc_code gc_outbox_read(struct gc_outbox *o, const char *text, size_t len) {
  struct rest r = {text, text + len};
  gc_outbox_reset(o);
  enum gc_code code = read_all(o, &r);
  if (code != GC_OK)
    gc_outbox_reset(o);
  return code;
}
