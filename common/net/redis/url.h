/* SPDX-License-Identifier: MIT */
/* Parses StateURL and LeaseURL, the addresses of the Redis that several agents
 * share. Pure; any thread. */
#ifndef GC_NET_REDIS_URL_H
#define GC_NET_REDIS_URL_H

#include "common/base/err.h"

#include <stdint.h>

enum { REDIS_URL_MAX = 512, REDIS_HOST_SIZE = 256, REDIS_DB_MAX = 65535 };

enum redis_scheme { REDIS_TCP, REDIS_TLS, REDIS_UNIX };

struct redis_url {
  enum redis_scheme scheme;
  char host[REDIS_HOST_SIZE]; /* IPv6 without brackets; or a socket's path */
  uint16_t port;              /* 6379 unless given */
  uint32_t db;                /* 0 unless given */
  char shown[REDIS_HOST_SIZE + 48]; /* the whole URL, for messages */
};

/* Parses redis://HOST[:PORT][/DB], the same with rediss://, or
 * unix:///PATH[?db=DB]. GC_ERR_CONFIG for anything else, and for a user or a
 * password in the URL: URLs are logged. The text of that error does not contain
 * the URL. */
GC_MUST_CHECK enum gc_code
redis_url_parse(const char *text, struct redis_url *ret, struct gc_err *err);
/* Does the same for the options WHATURL, WHATUser and WHATPasswordFile, which
 * the errors name; `what` is "Lease". */
GC_MUST_CHECK enum gc_code redis_url_parse_as(const char *what,
                                              const char *text,
                                              struct redis_url *ret,
                                              struct gc_err *err);

#endif
