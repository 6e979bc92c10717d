/* SPDX-License-Identifier: MIT */
/* The body of an answer while it is written: collected in blocks and compressed
 * if requested. With gzip 50 MB of text are never in memory as a whole. One
 * thread.
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

/* Makes an empty body. Returns NULL when out of memory. */
struct body *body_new(bool is_gzip);
/* Frees `b`, which may be NULL. */
void body_free(struct body *b);
GC_DEFINE_AUTO(struct body, body_free)

/* Returns room for `len` bytes, at most BODY_PIECE_MAX; body_took adds them. */
enum { BODY_PIECE_MAX = 32 * 1024 };
char *body_room(struct body *b, size_t len);
void body_took(struct body *b, size_t len);

void body_add(struct body *b, const void *bytes, size_t len);

/* Returns the whole body, which the caller frees; NULL when memory ran out at
 * any time. */
char *body_finish(struct body *b, size_t *ret_len);

#endif
