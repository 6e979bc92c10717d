/* SPDX-License-Identifier: MIT */
/* Makes the URL and the headers of a write request. Pure. */
#ifndef GENESYS_INFLUXDB_SENDER_TARGET_H
#define GENESYS_INFLUXDB_SENDER_TARGET_H

#include "common/base/buf.h"

enum influx_version { INFLUX_V1 = 1, INFLUX_V2 = 2 };

/* All members are borrowed. */
struct influx_target {
  const char *url; /* checked, without a slash at the end */
  enum influx_version version;
  const char *organization, *bucket; /* 2; organization may be NULL */
  const char *database, *user;       /* 1; user may be NULL */
};

/* Appends the whole URL: "…/api/v2/write?org=ops&bucket=genesys&precision=ns"
 * or "…/write?db=genesys" (nanoseconds are its default). */
GC_MUST_CHECK enum gc_code influx_target_url(const struct influx_target *t,
                                             struct gc_buf *out);

/* Appends the header "Authorization: …", which is secret: wipe it. Appends
 * nothing without a user (1), or with an empty `secret` (2). */
GC_MUST_CHECK enum gc_code
influx_target_authorization(const struct influx_target *t, const char *secret,
                            struct gc_buf *out);

#endif
