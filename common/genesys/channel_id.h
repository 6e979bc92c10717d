/* SPDX-License-Identifier: MIT */
/* The identity of a notification channel: its id, the address of its socket,
 * and their stored form. The address is a secret: it is all that a program
 * needs to read the channel (the handshake needs no token). Pure. */
#ifndef GC_GENESYS_CHANNEL_ID_H
#define GC_GENESYS_CHANNEL_ID_H

#include "common/base/buf.h"

#include <stdint.h>

enum {
  GC_CHANNEL_ID_MAX = 200,
  GC_CHANNEL_URI_MAX = 2000,
  GC_CHANNEL_TEXT_MAX = GC_CHANNEL_ID_MAX + 1 + GC_CHANNEL_URI_MAX + 16,
};

struct gc_channel_id {
  char *id;  /* letters, digits, `.`, `_`, `~`, `-`: it needs no escaping in a
                path */
  char *uri; /* printable ASCII without spaces */
  uint32_t life_ms; /* counted from a subscription; 0: unknown */
};

/* Reads the answer to the creation: {"connectUri","id","expires"}.
 * `ret_expires_ms`: end of the channel, epoch; 0 when absent. The text of
 * GC_ERR_PARSE shows nothing of the input. */
GC_API GC_MUST_CHECK enum gc_code
gc_channel_id_parse(const char *body, size_t len, struct gc_channel_id *ret_id,
                    int64_t *ret_expires_ms, struct gc_err *err);

/* Writes and reads "ID URI LIFE_MS" for the state store. A text of an earlier
 * version has no LIFE_MS; life_ms is then 0. */
GC_API GC_MUST_CHECK enum gc_code
gc_channel_id_write(const struct gc_channel_id *id, struct gc_buf *out);
GC_API GC_MUST_CHECK enum gc_code
gc_channel_id_read(const char *text, struct gc_channel_id *ret_id);

/* Overwrites the texts and frees them. */
GC_API void gc_channel_id_clear(struct gc_channel_id *id);

#endif
