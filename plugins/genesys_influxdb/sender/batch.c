/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/batch.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/assert.h"

static enum gc_code add_start(struct influx_batch *b, size_t offset) {
  if (b->lines + 1 >= b->room) {
    size_t room = b->room > 0 ? b->room * 2 : 1024;
    size_t *more = realloc(b->starts, room * sizeof(*more));
    if (more == NULL)
      return GC_ERR_MEMORY;
    b->starts = more;
    b->room = room;
  }
  b->starts[b->lines++] = offset;
  return GC_OK;
}

void influx_batch_restart(struct influx_batch *b) {
  b->parts[0] = (struct influx_part){0, b->lines};
  b->part_count = b->lines > 0 ? 1 : 0;
  b->took_some = false;
  b->put_off = 0;
  gc_buf_reset(&b->refused);
  b->refused_count = 0;
}

enum gc_code influx_batch_begin(struct influx_batch *b) {
  const char *text = gc_buf_string(&b->text);
  b->lines = 0;
  for (size_t at = 0; at < b->text.len;) {
    const char *end = memchr(text + at, '\n', b->text.len - at);
    GC_TRY(add_start(b, at));
    at = end != NULL ? (size_t)(end - text) + 1 : b->text.len;
  }
  if (b->lines > 0)
    b->starts[b->lines] = b->text.len;
  influx_batch_restart(b);
  return GC_OK;
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
  split_at(b, next_part(b)->from + lines / 2);
  return true;
}

/* Appends the lines of the part that have the conflict, or those that do not,
 * to b->arranged; adds their number to *count. */
static enum gc_code arrange_lines(struct influx_batch *b,
                                  struct influx_part part,
                                  const struct influx_conflict *c, bool with,
                                  size_t *count) {
  for (size_t i = part.from; i < part.to; i++) {
    const char *line = b->text.data + b->starts[i];
    size_t len = b->starts[i + 1] - b->starts[i];
    if (influx_conflict_has(c, line, len) != with)
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

size_t influx_batch_separate(struct influx_batch *b,
                             const struct influx_conflict *c) {
  struct influx_part part = *next_part(b);
  size_t with = 0, without = 0;
  if (b->text.data[b->starts[part.to] - 1] != '\n')
    return 0;
  b->arranged.max = b->text.max;
  gc_buf_reset(&b->arranged);
  if (arrange_lines(b, part, c, true, &with) != GC_OK ||
      arrange_lines(b, part, c, false, &without) != GC_OK)
    return 0;
  if (with > 0 && without > 0) {
    use_arranged(b, part);
    split_at(b, part.from + with);
  }
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

enum gc_code influx_batch_put_aside(struct influx_batch *b, const char *words) {
  const struct influx_part *part = next_part(b);
  size_t before = b->refused.len;
  enum gc_code code = GC_OK;
  b->refused.max = b->text.max * 2;
  for (size_t i = part->from; i < part->to && code == GC_OK; i++)
    code = add_refused(b, i, words);
  if (code != GC_OK) {
    if (b->refused.data != NULL)
      b->refused.data[b->refused.len = before] = '\0';
    return code;
  }
  b->refused_count += part->to - part->from;
  b->part_count--;
  return GC_OK;
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
