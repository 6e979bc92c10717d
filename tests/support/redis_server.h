/* SPDX-License-Identifier: MIT */
/* A redis-server for one test, on a socket in a temporary folder. */
#ifndef GC_TESTS_SUPPORT_REDIS_SERVER_H
#define GC_TESTS_SUPPORT_REDIS_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct redis_server {
  char folder[64], socket[96], url[128];
  pid_t pid;
  const char *more;  /* further lines of its configuration, or NULL */
  int64_t *later_ms; /* added to its wall clock (redis_server_set_clock) */
};

bool redis_is_installed(void);
/* Gives the server a clock that r->later_ms moves; call it before a start.
 * False when this build's clock_step.so cannot be loaded into it (sanitizers).
 */
bool redis_server_set_clock(struct redis_server *r);
/* Starts a server with `more` after appendonly yes and appendfsync always. An
 * existing folder is used again, and the server loads its data. */
void redis_server_start(struct redis_server *r, const char *more);
/* Kills the server as a crash would. The folder stays. */
void redis_server_kill(struct redis_server *r);
/* Ends the server and removes the folder. */
void redis_server_end(struct redis_server *r);
/* Sends one command, its words separated by blanks. Returns the answer as text
 * ("7", "OK"). */
const char *redis_server_ask(const struct redis_server *r, const char *words);

#endif
