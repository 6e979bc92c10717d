/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/inbox.h"

#include <string.h>

/* One sample: this head, the key, the parts with their NUL, and for each source
 * its kind, value and name with a NUL. The bytes are not aligned, so they are
 * copied. */
struct head {
  uint32_t size; /* of the whole sample */
  uint32_t key_len, parts_size;
  uint32_t count;
  int64_t time_ns;
};

struct source_head {
  union influx_value value;
  uint32_t kind, name_size;
};

void influx_inbox_init(struct influx_inbox *in) {
  *in = (struct influx_inbox){.bytes = {.max = INFLUX_INBOX_MAX}};
  pthread_mutex_init(&in->lock, NULL);
}

void influx_inbox_clear(struct influx_inbox *in) {
  gc_buf_clear(&in->bytes);
  pthread_mutex_destroy(&in->lock);
}

static enum gc_code write_sample(struct gc_buf *out,
                                 const struct influx_sample *s) {
  size_t begin = out->len;
  struct head head = {.key_len = (uint32_t)s->key_len,
                      .parts_size = (uint32_t)strlen(s->parts) + 1,
                      .count = s->count,
                      .time_ns = s->time_ns};
  GC_TRY(gc_buf_add(out, &head, sizeof(head)));
  GC_TRY(gc_buf_add(out, s->key, head.key_len));
  GC_TRY(gc_buf_add(out, s->parts, head.parts_size));
  for (unsigned i = 0; i < s->count; i++) {
    struct source_head source = {.value = s->sources[i].value,
                                 .kind = s->sources[i].kind,
                                 .name_size =
                                     (uint32_t)strlen(s->sources[i].name) + 1};
    GC_TRY(gc_buf_add(out, &source, sizeof(source)));
    GC_TRY(gc_buf_add(out, s->sources[i].name, source.name_size));
  }
  head.size = (uint32_t)(out->len - begin);
  memcpy(out->data + begin, &head, sizeof(head));
  return GC_OK;
}

bool influx_inbox_put(struct influx_inbox *in,
                      const struct influx_sample *sample) {
  pthread_mutex_lock(&in->lock);
  size_t before = in->bytes.len;
  bool is_in = write_sample(&in->bytes, sample) == GC_OK;
  if (is_in)
    in->received++;
  else {
    in->lost++;
    if (in->bytes.data != NULL)
      in->bytes.data[in->bytes.len = before] = '\0';
  }
  pthread_mutex_unlock(&in->lock);
  return is_in && before == 0;
}

void influx_inbox_take(struct influx_inbox *in, struct gc_buf *out) {
  out->max = INFLUX_INBOX_MAX;
  pthread_mutex_lock(&in->lock);
  struct gc_buf full = in->bytes;
  in->bytes = *out;
  pthread_mutex_unlock(&in->lock);
  *out = full;
}

bool influx_inbox_next(const struct gc_buf *taken, size_t *at,
                       struct influx_sample *ret) {
  struct head head;
  if (*at >= taken->len)
    return false;
  const char *bytes = taken->data + *at;
  memcpy(&head, bytes, sizeof(head));
  ret->key = bytes + sizeof(head);
  ret->key_len = head.key_len;
  ret->parts = ret->key + head.key_len;
  ret->time_ns = head.time_ns;
  ret->count = head.count;
  const char *next = ret->parts + head.parts_size;
  for (unsigned i = 0; i < head.count; i++) {
    struct source_head source;
    memcpy(&source, next, sizeof(source));
    ret->sources[i] =
        (struct influx_source){.name = next + sizeof(source),
                               .kind = (enum influx_number)source.kind,
                               .value = source.value};
    next += sizeof(source) + source.name_size;
  }
  *at += head.size;
  return true;
}
