/* SPDX-License-Identifier: MIT */
/* Tries whether the user of a Redis may run commands, without running them: the
 * server checks the rights when it queues a command of a transaction, and drops
 * a transaction whose connection is closed (Redis documentation, "MULTI").
 * One thread. */
#ifndef GC_NET_REDIS_RIGHTS_H
#define GC_NET_REDIS_RIGHTS_H

#include "common/net/redis/link.h"

/* The rights that one use of a Redis needs. */
struct redis_rights {
  /* Commands with their arguments, a space between two words; the word "KEY"
   * stands for `key`. NULL ends the list. */
  const char *const *commands;
  const char *key; /* matches the pattern of keys that the user needs */
};

/* Queues the commands on the link, which the caller then closes.
 * GC_ERR_PERMISSION: the user may not run one of them, which `err` names; else
 * the codes of redis_request. False in *ret_tried: the user may not run MULTI,
 * so the rights remain unknown. */
GC_MUST_CHECK enum gc_code redis_try_rights(struct redis_link *link,
                                            const struct redis_rights *rights,
                                            bool *ret_tried,
                                            struct gc_err *err);

#endif
