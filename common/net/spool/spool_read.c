/* SPDX-License-Identifier: MIT */
#include "common/net/spool/internal.h"

#include <errno.h>
#include <fcntl.h>

/* With the sender's pauses, about a minute. */
enum { FAILURES_MAX = 8 };

/* GC_ERR_NOT_FOUND, without a text: another program has deleted the file. */
static enum gc_code open_for_reading(struct gc_spool *s, uint64_t number,
                                     struct gc_err *err) {
  if (s->read_fd >= 0 && s->read_number == number)
    return GC_OK;
  spool_close_fd(&s->read_fd);
  s->read_fd = spool_open_segment(s, number, O_RDONLY);
  s->read_number = number;
  if (s->read_fd >= 0)
    return GC_OK;
  return errno == ENOENT ? GC_ERR_NOT_FOUND
                         : spool_fail_errno(s, "cannot open a segment", err);
}

/* Returns the first segment from `number` on; NULL: none. */
static const struct gc_segment *segment_at(const struct gc_spool *s,
                                           uint64_t number) {
  size_t i = 0;
  while (i < s->segments.count && s->segments.at[i].number < number)
    i++;
  return i < s->segments.count ? &s->segments.at[i] : NULL;
}

/* Reads bytes of a segment. Bad sectors are passed over only after
 * FAILURES_MAX reads that failed, because the whole disk may be gone for a
 * while, and the records that are in memory could still be read. */
static enum gc_code read_bytes(struct gc_spool *s,
                               const struct gc_segment *segment, uint64_t from,
                               uint64_t size, struct gc_buf *out,
                               struct gc_err *err) {
  enum gc_code code = s->passes_bad_sectors
                          ? gc_segment_read_damaged(s->read_fd, segment->size,
                                                    from, size, out, err)
                          : gc_segment_read(s->read_fd, from, size, out, err);
  return code == GC_OK ? code : spool_fail_at(s, "cannot read a segment", err);
}

/* Passes over the rest of a segment. */
static void skip_rest(struct gc_spool *s, const struct gc_segment *segment,
                      struct gc_record_place *at) {
  s->stats.damaged_bytes += segment->size - at->offset;
  at->offset = segment->size;
}

/* Finds the next whole record behind damage at `at`, or the end of the segment.
 */
static enum gc_code skip_damage(struct gc_spool *s,
                                const struct gc_segment *segment,
                                struct gc_record_place *at,
                                struct gc_err *err) {
  GC_AUTO(gc_buf_clear)
  struct gc_buf bytes = {.max = SPOOL_SEGMENT_MAX + GC_RECORD_PAYLOAD_MAX +
                                GC_RECORD_HEADER};
  GC_TRY(read_bytes(s, segment, 0, segment->size, &bytes, err));
  uint64_t next =
      at->offset < bytes.len
          ? gc_record_find(bytes.data, bytes.len, at->segment, at->offset)
          : segment->size;
  if (next >= bytes.len)
    next = segment->size;
  s->stats.damaged_bytes += next - at->offset;
  at->offset = next;
  return GC_OK;
}

/* Reads the record at `at` into s->record. `ret` borrows it. */
static enum gc_code load_record(struct gc_spool *s,
                                const struct gc_segment *segment,
                                struct gc_record_place at,
                                enum gc_record_state *ret_state,
                                struct gc_record *ret, struct gc_err *err) {
  uint64_t left = segment->size - at.offset;
  uint64_t want = left < GC_RECORD_HEADER ? left : GC_RECORD_HEADER;
  gc_buf_reset(&s->record);
  GC_TRY(read_bytes(s, segment, at.offset, want, &s->record, err));
  *ret_state =
      gc_record_read(gc_buf_string(&s->record), s->record.len, at, ret);
  if (*ret_state != GC_RECORD_SHORT || ret->len == 0 ||
      ret->len > left - GC_RECORD_HEADER)
    return GC_OK;
  GC_TRY(read_bytes(s, segment, at.offset + GC_RECORD_HEADER, ret->len,
                    &s->record, err));
  *ret_state = gc_record_read(s->record.data, s->record.len, at, ret);
  return GC_OK;
}

enum gc_code spool_next_record(struct gc_spool *s, struct gc_record_place *at,
                               struct gc_record *ret, struct gc_err *err) {
  enum gc_record_state state = GC_RECORD_DAMAGED;
  for (;;) {
    const struct gc_segment *segment = segment_at(s, at->segment);
    *ret = (struct gc_record){0};
    if (segment == NULL)
      return GC_OK;
    if (segment->number > at->segment)
      *at = (struct gc_record_place){segment->number, 0};
    if (at->offset >= segment->size) {
      if (segment == spool_newest(s))
        return GC_OK;
      *at = (struct gc_record_place){segment->number + 1, 0};
      continue;
    }
    enum gc_code code = open_for_reading(s, at->segment, err);
    if (code == GC_ERR_NOT_FOUND) {
      skip_rest(s, segment, at);
      continue;
    }
    GC_TRY(code);
    GC_TRY(load_record(s, segment, *at, &state, ret, err));
    if (state == GC_RECORD_WHOLE)
      return GC_OK;
    GC_TRY(skip_damage(s, segment, at, err));
  }
}

/* Ends a read that was not committed. Its records are read again, except those
 * that were dropped meanwhile. */
static void give_up_read(struct gc_spool *s) {
  s->stats.dropped_lines += s->read_dropped_lines;
  s->read_dropped_lines = 0;
  s->read_end = s->cursor;
}

/* Moves the cursor over damage to the first record of a read. The damage counts
 * once, and not if it lies in records that were delivered. */
static void pass_damage(struct gc_spool *s, struct gc_record_place at,
                        uint64_t damaged_before) {
  if (gc_spool_is_rereading(s))
    s->stats.damaged_bytes = damaged_before;
  bool keeps_records = spool_is_before(s->position, s->cursor);
  s->cursor = at;
  if (!keeps_records)
    s->position = at;
  spool_follow_position(s);
}

/* True if a read that has begun with delivered records has reached their end:
 * they are not mixed with others. */
static bool ends_rereading(const struct gc_spool *s,
                           struct gc_record_place at) {
  return gc_spool_is_rereading(s) && !spool_is_before(at, s->delivered);
}

/* Finds the next record for a read, which repeats after a failure. */
static enum gc_code next_to_read(struct gc_spool *s, struct gc_record_place *at,
                                 struct gc_record *ret, struct gc_err *err) {
  s->passes_bad_sectors = s->read_failures >= FAILURES_MAX;
  enum gc_code code = spool_next_record(s, at, ret, err);
  s->passes_bad_sectors = false;
  return code;
}

enum gc_code gc_spool_read(struct gc_spool *s, uint64_t max_lines,
                           struct gc_buf *out, struct gc_record_place *ret_end,
                           struct gc_err *err) {
  GC_TRY(spool_need_open(s, err));
  give_up_read(s);
  struct gc_record_place at = s->cursor;
  uint64_t lines = 0;
  while (out->len == 0 || !ends_rereading(s, at)) {
    struct gc_record r;
    const struct gc_record_place before = at;
    uint64_t damaged = s->stats.damaged_bytes;
    enum gc_code code = next_to_read(s, &at, &r, err);
    bool is_first = out->len == 0;
    if (code != GC_OK && is_first) {
      s->read_failures++;
      return code;
    }
    s->read_failures = 0;
    if (is_first)
      pass_damage(s, at, damaged);
    else if (code != GC_OK || s->stats.damaged_bytes != damaged) {
      /* The next read begins with the damage: this one may be repeated. */
      s->stats.damaged_bytes = damaged;
      at = before;
      break;
    }
    bool fits = r.payload != NULL &&
                (is_first || lines + r.lines <= max_lines) &&
                gc_buf_add(out, r.payload, r.len) == GC_OK;
    if (!fits && r.payload != NULL && out->len == 0)
      return gc_fail(err, GC_ERR_MEMORY, "out of memory");
    if (!fits)
      break;
    lines += r.lines;
    at.offset += GC_RECORD_HEADER + r.len;
  }
  *ret_end = s->read_end = at;
  return GC_OK;
}

struct gc_record_place gc_spool_cursor(const struct gc_spool *s) {
  return s->cursor;
}

void gc_spool_take(struct gc_spool *s, struct gc_record_place end) {
  s->read_dropped_lines = 0;
  /* Past SpoolMax the segment of these records may be gone already. */
  if (!spool_is_before(s->cursor, end))
    return;
  s->cursor = end;
  spool_follow_position(s);
}

bool gc_spool_rewind(struct gc_spool *s) {
  bool moves = spool_is_before(s->position, s->cursor);
  s->cursor = s->position;
  return moves;
}

bool gc_spool_is_rereading(const struct gc_spool *s) {
  return spool_is_before(s->cursor, s->delivered);
}

enum gc_code gc_spool_commit(struct gc_spool *s, struct gc_record_place end,
                             struct gc_err *err) {
  GC_TRY(spool_need_open(s, err));
  gc_spool_take(s, end);
  if (!spool_is_before(s->position, end))
    return GC_OK;
  s->position = end;
  enum gc_code code = spool_save_position(s, err);
  /* The delivered segments are deleted even if the save failed, since a full
   * disk then gets room. With an older position a restart begins with the
   * oldest segment that is left. */
  spool_delete_delivered(s);
  return code;
}

/* Returns the bytes of the segments from `at` on. */
static uint64_t bytes_from(const struct gc_segments *list,
                           struct gc_record_place at) {
  uint64_t sum = gc_segments_bytes(list);
  for (size_t i = 0; i < list->count && list->at[i].number <= at.segment; i++) {
    uint64_t size = list->at[i].size;
    bool is_whole = list->at[i].number < at.segment || at.offset > size;
    sum -= is_whole ? size : at.offset;
  }
  return sum;
}

void gc_spool_stats(struct gc_spool *s, struct gc_spool_stats *ret) {
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place at = s->delivered;
  struct gc_record r = {0};
  uint64_t damaged = s->stats.damaged_bytes;
  s->stats.segments = (uint32_t)s->segments.count;
  s->stats.bytes = bytes_from(&s->segments, s->delivered);
  s->stats.oldest_ms = 0;
  if (gc_spool_is_open(s) && spool_next_record(s, &at, &r, &err) == GC_OK &&
      r.payload != NULL)
    s->stats.oldest_ms = r.time_ms;
  s->stats.damaged_bytes = damaged; /* counted when it is passed for good */
  *ret = s->stats;
}
