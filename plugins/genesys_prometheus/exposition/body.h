/* SPDX-License-Identifier: MIT */
/* The body of an answer as it is written: collected in blocks, compressed on
 * the way if wanted, so that 50 MB of text never stand in memory. One thread.
 *
 *   struct body *b = body_new(true);
 *   body_add(b, "# EOF\n", 6);
 *   char *bytes = body_finish(b, &len);     NULL: out of memory */
#ifndef GENESYS_PROMETHEUS_EXPOSITION_BODY_H
#define GENESYS_PROMETHEUS_EXPOSITION_BODY_H

#include "common/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

struct body;

/* NULL: out of memory. */
struct body *body_new(bool is_gzip);
/* NULL is allowed. */
void body_free(struct body *b);
GC_DEFINE_AUTO(struct body, body_free)

/* Room for `len` bytes, at most BODY_PIECE_MAX, that body_took then adds. */
enum { BODY_PIECE_MAX = 32 * 1024 };
char *body_room(struct body *b, size_t len);
void body_took(struct body *b, size_t len);

void body_add(struct body *b, const void *bytes, size_t len);

/* The whole body, owned by the caller (free). NULL when memory ran out at any
 * time. */
char *body_finish(struct body *b, size_t *ret_len);

#endif
