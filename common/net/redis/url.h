/* SPDX-License-Identifier: MIT */
/* StateURL: where several agents keep together what they counted. Pure, any
 * thread. */
#ifndef GC_NET_REDIS_URL_H
#define GC_NET_REDIS_URL_H

#include "common/base/err.h"

#include <stdint.h>

enum { STATE_URL_MAX = 512, STATE_HOST_SIZE = 256, STATE_DB_MAX = 65535 };

enum state_scheme { STATE_TCP, STATE_TLS, STATE_UNIX };

struct state_url {
  enum state_scheme scheme;
  char host[STATE_HOST_SIZE]; /* IPv6 without brackets; the path of a socket */
  uint16_t port;              /* 6379 unless given */
  uint32_t db;                /* 0 unless given */
  char shown[STATE_HOST_SIZE + 48]; /* all of it, for messages: no secret */
};

/* redis://HOST[:PORT][/DB], rediss:// likewise, unix:///PATH[?db=DB]. Refused
 * with words: user info (a secret in a place that is logged; such an address is
 * not shown), anything else behind the path, and what is no address. */
GC_MUST_CHECK enum gc_code
state_url_parse(const char *text, struct state_url *ret, struct gc_err *err);

#endif
