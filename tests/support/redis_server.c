/* SPDX-License-Identifier: MIT */
#include "tests/support/redis_server.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/folder.h"

bool redis_is_installed(void) {
  return system("redis-server --version >/dev/null 2>&1") == 0;
}

#define SHIM "tests/support/.libs/clock_step.so"

static void make_folder(struct redis_server *r) {
  if (r->folder[0] != '\0')
    return;
  snprintf(r->folder, sizeof(r->folder), "/tmp/gc-redis-XXXXXX");
  CHECK(mkdtemp(r->folder) != NULL);
}

bool redis_server_set_clock(struct redis_server *r) {
  char path[128];
  /* A sanitized build has no shim, or one that redis-server cannot load. */
  if (access(SHIM, R_OK) != 0 ||
      system("LD_PRELOAD=$PWD/" SHIM " redis-server --version "
             ">/dev/null 2>&1") != 0)
    return false;
  make_folder(r);
  snprintf(path, sizeof(path), "%s/step", r->folder);
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof(*r->later_ms)) != 0)
    abort();
  void *at = mmap(NULL, sizeof(*r->later_ms), PROT_READ | PROT_WRITE,
                  MAP_SHARED, fd, 0);
  close(fd);
  if (at == MAP_FAILED)
    abort();
  r->later_ms = at;
  return true;
}

static void set_clock(const char *folder) {
  char path[128], here[512], shim[640];
  snprintf(path, sizeof(path), "%s/step", folder);
  if (getcwd(here, sizeof(here)) == NULL)
    _exit(127);
  snprintf(shim, sizeof(shim), "%s/" SHIM, here);
  setenv("GC_CLOCK_STEP", path, 1);
  setenv("LD_PRELOAD", shim, 1);
}

static void run_server(const char *config, const char *log) {
  int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
  dup2(out, 1);
  dup2(out, 2);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execlp("redis-server", "redis-server", config, (char *)NULL);
  _exit(127);
}

static bool answers_ping(const struct redis_server *r) {
  redisContext *c = redisConnectUnix(r->socket);
  redisReply *reply = NULL;
  bool good = c != NULL && c->err == 0 &&
              (reply = redisCommand(c, "PING")) != NULL &&
              (reply->type != REDIS_REPLY_ERROR ||
               strncmp(reply->str, "LOADING", 7) != 0);
  if (reply != NULL)
    freeReplyObject(reply);
  if (c != NULL)
    redisFree(c);
  return good;
}

void redis_server_start(struct redis_server *r, const char *more) {
  char config[128], log[128];
  make_folder(r);
  snprintf(r->socket, sizeof(r->socket), "%s/s", r->folder);
  snprintf(r->url, sizeof(r->url), "unix://%s", r->socket);
  snprintf(config, sizeof(config), "%s/conf", r->folder);
  snprintf(log, sizeof(log), "%s/log", r->folder);
  FILE *f = fopen(config, "w");
  CHECK(f != NULL);
  fprintf(f,
          "port 0\nunixsocket %s\ndir %s\nsave \"\"\nappendonly yes\n"
          "appendfsync always\nauto-aof-rewrite-percentage 0\n%s\n",
          r->socket, r->folder, more != NULL ? more : "");
  fclose(f);
  r->more = more;
  r->pid = fork();
  if (r->pid == 0) {
    if (r->later_ms != NULL)
      set_clock(r->folder);
    run_server(config, log);
  }
  const struct timespec pause = {.tv_nsec = 5000000};
  int turns = DEADLINE_S * 200;
  while (turns-- > 0 && !answers_ping(r))
    nanosleep(&pause, NULL);
  CHECK(turns > 0);
}

void redis_server_kill(struct redis_server *r) {
  if (r->pid <= 0)
    return;
  kill(r->pid, SIGCONT);
  kill(r->pid, SIGKILL);
  waitpid(r->pid, NULL, 0);
  r->pid = 0;
}

void redis_server_end(struct redis_server *r) {
  redis_server_kill(r);
  if (r->later_ms != NULL)
    munmap(r->later_ms, sizeof(*r->later_ms));
  CHECK(folder_remove(r->folder));
  *r = (struct redis_server){.pid = 0};
}

const char *redis_server_ask(const struct redis_server *r, const char *words) {
  static char answer[512];
  redisContext *c = redisConnectUnix(r->socket);
  redisReply *reply =
      c != NULL && c->err == 0 ? redisCommand(c, words) : NULL; /* NOLINT */
  answer[0] = '\0';
  if (reply != NULL && reply->type == REDIS_REPLY_INTEGER)
    snprintf(answer, sizeof(answer), "%lld", reply->integer);
  else if (reply != NULL && reply->str != NULL)
    snprintf(answer, sizeof(answer), "%s", reply->str);
  if (reply != NULL)
    freeReplyObject(reply);
  if (c != NULL)
    redisFree(c);
  return answer;
}
