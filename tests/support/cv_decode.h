/* SPDX-License-Identifier: MIT */
/* One decoder of conversations for the tests of decode.c: read_text() for a
 * whole message, read_party() for the members of one participant. main() makes
 * and frees `d`. */
#ifndef GC_TESTS_SUPPORT_CV_DECODE_H
#define GC_TESTS_SUPPORT_CV_DECODE_H

#include <stdio.h>

#include "plugins/genesys_realtime/conversations/event.h"
#include "tests/support/check.h"

#define TOPIC "\"topicName\":\"v2.routing.queues.q1.conversations\""
#define T10 INT64_C(1785578400000) /* 2026-08-01T10:00:00Z */

static struct cv_decoder *d;
static struct gc_err err;

static inline const struct cv_event *read_bytes(const char *json, size_t len) {
  const struct cv_event *e = NULL;
  CHECK_INT(cv_decoder_read(d, json, len, &e, &err), GC_OK);
  return e;
}

static inline const struct cv_event *read_text(const char *json) {
  return read_bytes(json, strlen(json));
}

/* The one participant with these members. */
static inline const struct cv_party *read_party(const char *members) {
  static const struct cv_party none;
  static char json[8192];
  snprintf(json, sizeof(json),
           "{" TOPIC ",\"eventBody\":{\"id\":\"c1\",\"participants\":[{\"id\":"
           "\"p1\",%s}]}}",
           members);
  const struct cv_event *e = read_text(json);
  CHECK(e != NULL && e->count == 1);
  return e != NULL && e->count == 1 ? &e->parties[0] : &none;
}

#endif
