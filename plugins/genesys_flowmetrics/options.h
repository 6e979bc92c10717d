/* SPDX-License-Identifier: MIT */
/* The options of <Attributes "NAME"> and <Flows "NAME">, as rows. Configuration
 * phase, one thread. */
#ifndef GENESYS_FLOWMETRICS_OPTIONS_H
#define GENESYS_FLOWMETRICS_OPTIONS_H

#include "common/base/connect.h"
#include "common/daemon/plugin_base.h"
#include "common/net/redis/link.h"
#include "plugins/genesys_flowmetrics/events/attribute_name.h"
#include "plugins/genesys_flowmetrics/sources/sqs/sqs.h"
#include "plugins/genesys_flowmetrics/sources/webhook.h"

enum { ATTRIBUTES_NAME_MAX_BYTES = 127, ATTRIBUTES_WARNINGS_MAX = 8 };
enum attributes_from { FROM_SQS, FROM_WEBHOOK, FROM_NOTIFICATIONS };

struct attributes_options {
  char *account;
  int source; /* enum attributes_from */
  struct sqs_options sqs;
  struct webhook_options webhook;
  struct gc_connect connect; /* sqs, rediss */
  uint32_t connect_timeout_s;
  char *format, *retention;
  char *state_url, *state_user, *state_password_file;
  struct gc_strs flows, metrics;
  bool values;
  uint32_t max_series;
};

extern const struct gc_opt attributes_rows[];
extern const struct gc_opt flows_rows[]; /* struct flows_options */

/* The settings that attributes_check derives from the options. Do not copy the
 * struct: the form points into itself. */
struct attributes_config {
  struct attribute_form form;
  int64_t retention_ms;
  bool is_shared;              /* StateURL is set */
  struct redis_settings redis; /* if is_shared; borrows from the options */
  struct credentials_source credentials;           /* sqs */
  struct gc_err warnings[ATTRIBUTES_WARNINGS_MAX]; /* a line for each */
  size_t warning_count;
};

/* The begin of a block, which genesys-probe reads too. */
struct attributes_block {
  struct gc_block base;
  struct attributes_config config;
};

/* Checks the rules that a row cannot express. Removes AWS's secrets from the
 * environment. */
GC_MUST_CHECK enum gc_code attributes_check(struct attributes_options *o,
                                            struct attributes_config *ret,
                                            struct gc_err *err);
/* Checks the name of a block with a shared state, which keeps counts under it.
 */
GC_MUST_CHECK enum gc_code
attributes_check_name(const struct attributes_options *o, const char *name,
                      struct gc_err *err);
/* Checks that all blocks of a process keep their state in one place. `other`:
 * an earlier block, of this `name`. */
GC_MUST_CHECK enum gc_code
attributes_check_state(const struct attributes_options *o,
                       const struct attributes_options *other, const char *name,
                       struct gc_err *err);
void attributes_config_clear(struct attributes_config *c);

#endif
