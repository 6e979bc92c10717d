/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"

static void add_start(struct influx_batch *b, size_t offset) {
  if (b->lines + 1 >= b->room) {
    b->room = b->room > 0 ? b->room * 2 : 1024;
    b->starts = gc_resize(b->starts, b->room, sizeof(*b->starts));
  }
  b->starts[b->lines++] = offset;
}

void influx_batch_restart(struct influx_batch *b) {
  b->parts[0] = (struct influx_part){0, b->lines};
  b->part_count = b->lines > 0 ? 1 : 0;
  b->took_some = false;
  b->put_off = b->splits = 0;
  gc_buf_reset(&b->refused);
  b->refused_count = 0;
}

void influx_batch_begin(struct influx_batch *b) {
  const char *text = gc_buf_string(&b->text);
  b->lines = 0;
  for (size_t at = 0; at < b->text.len;) {
    const char *end = memchr(text + at, '\n', b->text.len - at);
    add_start(b, at);
    at = end != NULL ? (size_t)(end - text) + 1 : b->text.len;
  }
  if (b->lines > 0)
    b->starts[b->lines] = b->text.len;
  influx_batch_restart(b);
}

static struct influx_part *next_part(struct influx_batch *b) {
  return b->part_count > 0 ? &b->parts[b->part_count - 1] : NULL;
}

bool influx_batch_next(const struct influx_batch *b, const char **ret_bytes,
                       size_t *ret_len) {
  if (b->part_count == 0)
    return false;
  const struct influx_part *part = &b->parts[b->part_count - 1];
  *ret_bytes = b->text.data + b->starts[part->from];
  *ret_len = b->starts[part->to] - b->starts[part->from];
  return true;
}

size_t influx_batch_part_lines(const struct influx_batch *b) {
  const struct influx_part *part = &b->parts[b->part_count - 1];
  return part->to - part->from;
}

size_t influx_batch_rest(const struct influx_batch *b, struct gc_buf *out) {
  size_t lines = 0;
  for (size_t i = b->part_count; i-- > 0;) {
    const struct influx_part *part = &b->parts[i];
    size_t from = b->starts[part->from], to = b->starts[part->to];
    if (gc_buf_add(out, b->text.data + from, to - from) != GC_OK)
      return 0;
    lines += part->to - part->from;
  }
  return lines;
}

void influx_batch_took(struct influx_batch *b) {
  b->took_some = true;
  b->put_off = 0;
  b->part_count--;
}

/* Makes two parts of the next one, which end and begin with the line `at`. The
 * smaller one is next, so that the parts to send are few. */
static void split_at(struct influx_batch *b, size_t at) {
  struct influx_part *part = next_part(b);
  struct influx_part head = {part->from, at}, tail = {at, part->to};
  bool is_head_next = at - part->from <= part->to - at;
  GC_ASSERT(b->part_count < INFLUX_PARTS_MAX);
  *part = is_head_next ? tail : head;
  b->parts[b->part_count++] = is_head_next ? head : tail;
}

bool influx_batch_split(struct influx_batch *b) {
  size_t lines = influx_batch_part_lines(b);
  if (lines < 2)
    return false;
  b->splits++;
  split_at(b, next_part(b)->from + lines / 2);
  return true;
}

/* Appends the lines of the part that `pick` picks, or the others, to
 * b->arranged; adds their number to *count. */
static enum gc_code arrange_lines(struct influx_batch *b,
                                  struct influx_part part,
                                  const struct influx_pick *pick, bool with,
                                  size_t *count) {
  for (size_t i = part.from; i < part.to; i++) {
    const char *line = b->text.data + b->starts[i];
    size_t len = b->starts[i + 1] - b->starts[i];
    if (pick->has(pick->ctx, i - part.from + 1, line, len) != with)
      continue;
    GC_TRY(gc_buf_add(&b->arranged, line, len));
    ++*count;
  }
  return GC_OK;
}

/* Replaces the lines of a part by b->arranged. */
static void use_arranged(struct influx_batch *b, struct influx_part part) {
  char *at = b->text.data + b->starts[part.from];
  memcpy(at, b->arranged.data, b->arranged.len);
  for (size_t i = part.from + 1; i < part.to; i++) {
    at = strchr(at, '\n') + 1;
    b->starts[i] = (size_t)(at - b->text.data);
  }
}

/* Brings the lines that are picked to the front of the next part. Returns their
 * number; 0 also when out of memory. */
static size_t bring_to_front(struct influx_batch *b,
                             const struct influx_pick *pick) {
  struct influx_part part = *next_part(b);
  size_t with = 0, without = 0;
  if (b->text.data[b->starts[part.to] - 1] != '\n')
    return 0;
  b->arranged.max = b->text.max;
  gc_buf_reset(&b->arranged);
  if (arrange_lines(b, part, pick, true, &with) != GC_OK ||
      arrange_lines(b, part, pick, false, &without) != GC_OK)
    return 0;
  if (with > 0 && without > 0)
    use_arranged(b, part);
  return with;
}

size_t influx_batch_separate(struct influx_batch *b,
                             const struct influx_pick *pick) {
  struct influx_part part = *next_part(b);
  size_t with = bring_to_front(b, pick);
  if (with > 0 && with < part.to - part.from)
    split_at(b, part.from + with);
  return with;
}

/* Makes a part of the lines, unless there are none. */
static void push_part(struct influx_batch *b, size_t from, size_t to) {
  GC_ASSERT(b->part_count < INFLUX_PARTS_MAX);
  if (from < to)
    b->parts[b->part_count++] = (struct influx_part){from, to};
}

/* Makes one of the lines that were not put off the next part. */
static void choose_line(struct influx_batch *b, uint32_t random32) {
  size_t lines = 0, at = b->put_off;
  for (size_t i = b->put_off; i < b->part_count; i++)
    lines += b->parts[i].to - b->parts[i].from;
  if (lines == 0)
    return;
  size_t line = random32 % lines;
  for (; line >= b->parts[at].to - b->parts[at].from; at++)
    line -= b->parts[at].to - b->parts[at].from;
  struct influx_part part = b->parts[at];
  line += part.from;
  b->parts[at] = *next_part(b);
  b->part_count--;
  push_part(b, line + 1, part.to);
  push_part(b, part.from, line);
  push_part(b, line, line + 1);
}

bool influx_batch_put_off(struct influx_batch *b, uint32_t random32) {
  if (b->put_off + 1 >= b->part_count || b->put_off == INFLUX_PUT_OFF_MAX ||
      b->part_count + 2 + INFLUX_LEVELS_MAX > INFLUX_PARTS_MAX)
    return false;
  struct influx_part part = b->parts[b->part_count - 1];
  memmove(b->parts + 1, b->parts, (b->part_count - 1) * sizeof(part));
  b->parts[0] = part;
  b->put_off++;
  choose_line(b, random32);
  return true;
}

static enum gc_code add_refused(struct influx_batch *b, size_t line,
                                const char *words) {
  GC_TRY(gc_buf_print(&b->refused, "# %s\n", words));
  return gc_buf_add(&b->refused, b->text.data + b->starts[line],
                    b->starts[line + 1] - b->starts[line]);
}

/* Appends the lines to those that were refused, each below the words unless
 * `head` stands above all of them. */
static enum gc_code add_lines(struct influx_batch *b, struct influx_part part,
                              const char *words, bool has_head) {
  size_t before = b->refused.len;
  enum gc_code code = GC_OK;
  b->refused.max = b->text.max * 2;
  if (has_head)
    code = gc_buf_print(&b->refused, "# %s\n", words);
  for (size_t i = part.from; i < part.to && code == GC_OK; i++)
    code = has_head ? gc_buf_add(&b->refused, b->text.data + b->starts[i],
                                 b->starts[i + 1] - b->starts[i])
                    : add_refused(b, i, words);
  if (code != GC_OK && b->refused.data != NULL)
    b->refused.data[b->refused.len = before] = '\0';
  return code;
}

enum gc_code influx_batch_put_aside(struct influx_batch *b, const char *words) {
  struct influx_part part = *next_part(b);
  GC_TRY(add_lines(b, part, words, false));
  b->refused_count += part.to - part.from;
  b->part_count--;
  return GC_OK;
}

size_t influx_batch_put_aside_some(struct influx_batch *b,
                                   const struct influx_pick *pick,
                                   const char *words) {
  struct influx_part *part = next_part(b);
  size_t with = bring_to_front(b, pick);
  struct influx_part picked = {part->from, part->from + with};
  if (with == 0 || add_lines(b, picked, words, false) != GC_OK)
    return 0;
  b->refused_count += with;
  part->from += with;
  b->part_count -= part->from == part->to;
  return with;
}

enum gc_code influx_batch_put_aside_among(struct influx_batch *b,
                                          uint64_t dropped, const char *words) {
  char head[512];
  struct influx_part part = *next_part(b);
  size_t lines = part.to - part.from,
         count = dropped < lines ? (size_t)dropped : lines;
  snprintf(head, sizeof(head), "%zu of the next %zu lines: %s", count, lines,
           words);
  GC_TRY(add_lines(b, part, head, true));
  b->refused_count += count;
  b->part_count--;
  return GC_OK;
}

/* ---- the oldest lines ---- */

/* Reads the time at the end of a line. */
static bool read_time(const char *line, size_t len, int64_t *ret) {
  char text[24];
  size_t end = len > 0 && line[len - 1] == '\n' ? len - 1 : len, at = end;
  while (at > 0 && line[at - 1] != ' ')
    at--;
  if (at == 0 || end == at || end - at >= sizeof(text))
    return false;
  memcpy(text, line + at, end - at);
  text[end - at] = '\0';
  char *rest;
  *ret = strtoll(text, &rest, 10);
  return *rest == '\0';
}

static int compare_times(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

bool influx_batch_oldest(const struct influx_batch *b, size_t count,
                         int64_t *ret_until) {
  const struct influx_part *part = &b->parts[b->part_count - 1];
  size_t lines = part->to - part->from, i = 0;
  if (count == 0 || count >= lines)
    return false;
  int64_t *times = calloc(lines, sizeof(*times));
  while (times != NULL && i < lines &&
         read_time(b->text.data + b->starts[part->from + i],
                   b->starts[part->from + i + 1] - b->starts[part->from + i],
                   &times[i]))
    i++;
  bool is_known = times != NULL && i == lines;
  if (is_known) {
    qsort(times, lines, sizeof(*times), compare_times);
    is_known = times[count - 1] < times[count];
    *ret_until = times[count - 1];
  }
  free(times);
  return is_known;
}

bool influx_line_is_until(const void *until, size_t number, const char *line,
                          size_t len) {
  int64_t at;
  (void)number;
  return read_time(line, len, &at) && at <= *(const int64_t *)until;
}

void influx_batch_reset(struct influx_batch *b) {
  gc_buf_reset(&b->text);
  b->lines = 0;
  influx_batch_restart(b);
}

void influx_batch_clear(struct influx_batch *b) {
  gc_buf_clear(&b->text);
  gc_buf_clear(&b->arranged);
  gc_buf_clear(&b->refused);
  free(b->starts);
  b->starts = NULL;
  b->lines = b->room = b->part_count = 0;
}
