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

void influx_batch_took(struct influx_batch *b) {
  b->took_some = true;
  b->put_off = 0;
  b->part_count--;
}

bool influx_batch_split(struct influx_batch *b) {
  struct influx_part *part = next_part(b);
  size_t lines = part->to - part->from;
  if (lines < 2)
    return false;
  GC_ASSERT(b->part_count < INFLUX_PARTS_MAX);
  struct influx_part first = {part->from, part->from + lines / 2};
  part->from = first.to;
  b->parts[b->part_count++] = first;
  return true;
}

bool influx_batch_put_off(struct influx_batch *b) {
  if (b->put_off + 1 >= b->part_count || b->put_off == INFLUX_PUT_OFF_MAX)
    return false;
  struct influx_part part = b->parts[b->part_count - 1];
  memmove(b->parts + 1, b->parts, (b->part_count - 1) * sizeof(part));
  b->parts[0] = part;
  b->put_off++;
  return true;
}

enum gc_code influx_batch_put_aside(struct influx_batch *b, const char *words) {
  const char *line = "";
  size_t len = 0, before = b->refused.len;
  (void)influx_batch_next(b, &line, &len);
  b->refused.max = b->text.max * 2;
  enum gc_code code = gc_buf_print(&b->refused, "# %s\n", words);
  if (code == GC_OK)
    code = gc_buf_add(&b->refused, line, len);
  if (code != GC_OK) {
    if (b->refused.data != NULL)
      b->refused.data[b->refused.len = before] = '\0';
    return code;
  }
  b->refused_count++;
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
  gc_buf_clear(&b->refused);
  free(b->starts);
  b->starts = NULL;
  b->lines = b->room = b->part_count = 0;
}
