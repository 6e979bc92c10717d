/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/lines/join.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/hash.h"

enum {
  FIELDS_MAX = 16 * 1024,
  SLOTS_MIN = 1024,
  TIME_SIZE = 22, /* with the blank before it and the line end */
};

struct line {
  struct line *later; /* in the order of arrival */
  struct line *next;  /* in the same slot, the newest first */
  uint64_t hash;
  uint64_t due_ms;
  int64_t time_ns;
  struct gc_buf fields;
  size_t head_len;
  char head[];
};

struct influx_join {
  struct line *first, *last;
  struct line **slots; /* `room` of them, a power of two */
  size_t room, count;
  uint64_t too_large; /* values */
};

struct influx_join *influx_join_new(void) {
  struct influx_join *j = gc_zalloc(1, sizeof(*j));
  j->room = SLOTS_MIN;
  j->slots = gc_zalloc(j->room, sizeof(*j->slots));
  return j;
}

static struct line **slot_of(struct influx_join *j, uint64_t hash) {
  return &j->slots[gc_hash_fold(hash) & (j->room - 1)];
}

static void line_free(struct line *line) {
  gc_buf_clear(&line->fields);
  free(line);
}

static void remove_first(struct influx_join *j) {
  struct line *line = j->first;
  struct line **at = slot_of(j, line->hash);
  while (*at != line)
    at = &(*at)->next;
  *at = line->next;
  j->first = line->later;
  if (j->first == NULL)
    j->last = NULL;
  j->count--;
  line_free(line);
}

void influx_join_free(struct influx_join *j) {
  if (j == NULL)
    return;
  while (j->first != NULL)
    remove_first(j);
  free(j->slots);
  free(j);
}

static uint64_t hash_of(const struct influx_point *point, int64_t time_ns) {
  return gc_hash_add(gc_hash(point->head, point->head_len), &time_ns,
                     sizeof(time_ns));
}

/* Returns the newest line of that head and time; NULL: there is none. */
static struct line *find_line(struct influx_join *j, uint64_t hash,
                              const struct influx_point *point,
                              int64_t time_ns) {
  struct line *line = *slot_of(j, hash);
  while (line != NULL &&
         !(line->hash == hash && line->time_ns == time_ns &&
           line->head_len == point->head_len &&
           memcmp(line->head, point->head, point->head_len) == 0))
    line = line->next;
  return line;
}

static void grow_slots(struct influx_join *j) {
  if (j->count < j->room)
    return;
  free(j->slots);
  j->room *= 2;
  j->slots = gc_zalloc(j->room, sizeof(*j->slots));
  for (struct line *line = j->first; line != NULL; line = line->later) {
    line->next = *slot_of(j, line->hash);
    *slot_of(j, line->hash) = line;
  }
}

static struct line *add_line(struct influx_join *j, uint64_t hash,
                             const struct influx_point *point, int64_t time_ns,
                             uint64_t now_ms) {
  struct line *line = gc_zalloc(1, sizeof(*line) + point->head_len + 1);
  line->hash = hash;
  line->due_ms = now_ms + INFLUX_JOIN_MS;
  line->time_ns = time_ns;
  line->fields.max = FIELDS_MAX;
  line->head_len = point->head_len;
  memcpy(line->head, point->head, point->head_len);
  grow_slots(j);
  struct line **slot = slot_of(j, hash);
  line->next = *slot;
  *slot = line;
  *(j->last != NULL ? &j->last->later : &j->first) = line;
  j->last = line;
  j->count++;
  return line;
}

static enum gc_code add_value(struct influx_join *j,
                              const struct influx_point *point,
                              union influx_value value, int64_t time_ns,
                              uint64_t now_ms) {
  uint64_t hash = hash_of(point, time_ns);
  struct line *line = find_line(j, hash, point, time_ns);
  if (line == NULL || influx_line_has_field(&line->fields, point->field))
    line = add_line(j, hash, point, time_ns, now_ms);
  return influx_line_field(&line->fields, point->field, point->kind, value);
}

enum gc_code influx_join_add(struct influx_join *j,
                             const struct influx_sample *sample,
                             const struct influx_point *points,
                             uint64_t now_ms) {
  for (unsigned i = 0; i < sample->count; i++) {
    union influx_value value = sample->sources[i].value;
    enum influx_fit fit = influx_line_fit(points[i].kind, value);
    if (fit == INFLUX_FITS)
      GC_TRY(add_value(j, &points[i], value, sample->time_ns, now_ms));
    j->too_large += fit == INFLUX_TOO_LARGE;
  }
  return GC_OK;
}

uint64_t influx_join_too_large(const struct influx_join *j) {
  return j->too_large;
}

size_t influx_join_count(const struct influx_join *j) { return j->count; }

size_t influx_join_bytes(const struct influx_join *j) {
  size_t bytes = 0;
  for (const struct line *line = j->first; line != NULL; line = line->later)
    bytes += line->head_len + line->fields.len + TIME_SIZE;
  return bytes;
}

uint64_t influx_join_due_ms(const struct influx_join *j) {
  return j->first != NULL ? j->first->due_ms : 0;
}

static enum gc_code write_line(const struct line *line, struct gc_buf *out) {
  GC_TRY(gc_buf_add(out, line->head, line->head_len));
  GC_TRY(gc_buf_add(out, " ", 1));
  GC_TRY(gc_buf_add(out, line->fields.data, line->fields.len));
  return influx_line_time(out, line->time_ns);
}

size_t influx_join_take(struct influx_join *j, uint64_t now_ms, size_t max,
                        struct gc_buf *out) {
  size_t taken = 0;
  while (taken < max && j->first != NULL && j->first->due_ms <= now_ms) {
    size_t before = out->len;
    bool is_empty = j->first->fields.len == 0; /* its only value was lost */
    if (!is_empty && write_line(j->first, out) != GC_OK) {
      if (out->data != NULL)
        out->data[out->len = before] = '\0';
      break;
    }
    taken += !is_empty;
    remove_first(j);
  }
  return taken;
}
