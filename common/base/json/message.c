/* SPDX-License-Identifier: MIT */
#include "common/base/json/message.h"

enum gc_code gc_json_messages_set(struct gc_json_messages *m,
                                  const struct gc_json_reader *reader,
                                  void (*begin)(void *ctx), void *ctx,
                                  struct gc_err *err) {
  m->begin = begin;
  GC_TRY(gc_json_scan_set(&m->scan, reader, ctx, err));
  m->stream = gc_json_stream_new(reader, ctx, err);
  return m->stream != NULL ? GC_OK : GC_ERR_MEMORY;
}

void gc_json_messages_clear(struct gc_json_messages *m) {
  if (m == NULL)
    return;
  gc_json_stream_free(m->stream);
  m->stream = NULL;
  gc_json_scan_clear(&m->scan);
}

enum gc_code gc_json_read_message(struct gc_json_messages *m, const char *bytes,
                                  size_t len, struct gc_err *err) {
  m->begin(m->scan.ctx);
  if (gc_json_scan(&m->scan, bytes, len))
    return GC_OK;
  m->begin(m->scan.ctx);
  return gc_json_stream_next(m->stream, bytes, len, err);
}
