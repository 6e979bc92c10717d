/* SPDX-License-Identifier: MIT */
/* <Attributes "NAME">: its options as rows. Configuration phase, one thread. */
#ifndef GENESYS_FLOWMETRICS_OPTIONS_H
#define GENESYS_FLOWMETRICS_OPTIONS_H

#include "common/base/connect.h"
#include "common/daemon/options.h"
#include "common/net/redis/link.h"
#include "plugins/genesys_flowmetrics/events/attribute_name.h"
#include "plugins/genesys_flowmetrics/sources/sqs/aws_credentials.h"

enum attributes_from { FROM_SQS, FROM_WEBHOOK, FROM_NOTIFICATIONS };

struct attributes_options {
  char *account;
  int source; /* enum attributes_from */
  /* sqs */
  char *queue_url, *region, *access_key_id, *secret_access_key_file;
  uint32_t consumers, visibility_s, connect_timeout_s;
  struct gc_connect connect;
  /* webhook */
  char *listen, *path, *tls_cert, *tls_key, *tls_client_ca;
  char *secret_file, *secret_header;
  uint32_t port, max_body_bytes, max_connections;
  /* all */
  char *format, *retention;
  char *state_url, *state_user, *state_password_file;
  bool values;
  uint32_t max_series;
};

extern const struct gc_opt attributes_rows[];

/* What follows from the options. The form points into itself: not to be
 * copied. */
struct attributes_config {
  struct attribute_form form;
  int64_t retention_ms;
  bool is_shared;                        /* StateURL is set: */
  struct redis_settings redis;           /* borrows from the options */
  struct credentials_source credentials; /* sqs */
};

/* Beyond what a row can say. Takes AWS's secrets out of the environment.
 * `ret_warning` (its code stays GC_OK without one): what is no error. */
GC_MUST_CHECK enum gc_code attributes_check(struct attributes_options *o,
                                            struct attributes_config *ret,
                                            struct gc_err *ret_warning,
                                            struct gc_err *err);
/* All blocks of a process keep their state in one place. `other`: an earlier
 * block, called `name`. */
GC_MUST_CHECK enum gc_code
attributes_check_state(const struct attributes_options *o,
                       const struct attributes_options *other, const char *name,
                       struct gc_err *err);
void attributes_config_clear(struct attributes_config *c);

#endif
