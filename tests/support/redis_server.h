/* SPDX-License-Identifier: MIT */
/* A redis-server of the test's own, on a socket in a folder of its own. */
#ifndef GC_TESTS_SUPPORT_REDIS_SERVER_H
#define GC_TESTS_SUPPORT_REDIS_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

struct redis_server {
  char folder[64], socket[96], url[128];
  pid_t pid;
  const char *more; /* further lines of its configuration, or NULL */
};

bool redis_is_installed(void);
/* Starts one with `more`; appendonly yes and appendfsync always come first. A
 * folder that is there is used again: what it has kept is loaded. */
void redis_server_start(struct redis_server *r, const char *more);
/* At once, as a crash would. The folder stays. */
void redis_server_kill(struct redis_server *r);
/* Ends it and removes the folder. */
void redis_server_end(struct redis_server *r);
/* One command of words, divided by blanks; its answer as text ("7", "OK"). */
const char *redis_server_ask(const struct redis_server *r, const char *words);

#endif
