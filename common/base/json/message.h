/* SPDX-License-Identifier: MIT */
/* Reads whole messages, such as the events of a socket, many thousands a
 * second. json/scan reads the usual message; any other is read again by
 * json/stream, which also describes the error. Pure; one thread at a time.
 *
 *   GC_TRY(gc_json_messages_set(&d->messages, &reader, begin_event, d, err));
 *   …
 *   GC_TRY(gc_json_read_message(&d->messages, bytes, len, err)); */
#ifndef GC_BASE_JSON_MESSAGE_H
#define GC_BASE_JSON_MESSAGE_H

#include "common/base/json/scan.h"

struct gc_json_messages {
  struct gc_json_scan scan;
  struct gc_json_stream *stream;
  void (*begin)(void *ctx);
};

/* Sets up a reader of messages. `begin` is called before the events of a
 * message are reported. It can be called a second time for the same message,
 * and has to discard the events that the callbacks of `reader` have noted. The
 * reader must skip unknown keys and outlive `m`. */
GC_API GC_MUST_CHECK enum gc_code
gc_json_messages_set(struct gc_json_messages *m,
                     const struct gc_json_reader *reader,
                     void (*begin)(void *ctx), void *ctx, struct gc_err *err);
GC_API void gc_json_messages_clear(struct gc_json_messages *m);

/* Reads one whole message; the errors are those of gc_json_stream_next. */
GC_API GC_MUST_CHECK enum gc_code
gc_json_read_message(struct gc_json_messages *m, const char *bytes, size_t len,
                     struct gc_err *err);

#endif
