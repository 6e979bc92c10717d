/* SPDX-License-Identifier: MIT */
/* <Node "NAME">: its options as rows. Configuration phase, one thread. */
#ifndef GENESYS_INFLUXDB_OPTIONS_H
#define GENESYS_INFLUXDB_OPTIONS_H

#include "common/base/url.h"
#include "common/daemon/options.h"
#include "plugins/genesys_influxdb/node.h"

struct node_options {
  char *url;
  uint32_t version;
  char *organization, *bucket, *token_file;
  char *database, *user, *password, *password_file;
  uint32_t batch_size, flush_interval_s;
  char *spool_dir;
  uint32_t spool_max;
  struct gc_strs tags, plugins;
  uint32_t timeout_s, connect_timeout_s;
  struct gc_connect connect;
  char checked_url[GC_URL_SIZE];
};

extern const struct gc_opt node_rows[];

/* Checks the rules that rows cannot express. Each warning goes to `warn`. */
GC_MUST_CHECK enum gc_code
node_check(struct node_options *o,
           void (*warn)(void *ctx, const struct gc_err *warning), void *ctx,
           struct gc_err *err);

/* Fills the settings of a node from checked options, which it borrows; folder,
 * thread, notice and ctx are the caller's. */
void node_settings(const struct node_options *o,
                   struct influx_node_settings *ret);

#endif
