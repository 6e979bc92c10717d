/* SPDX-License-Identifier: MIT */
/* A full disk: preloaded, it makes writes below a folder fail with ENOSPC as
 * long as the named file exists. Needs no mount and no quota.
 *   FULL_DISK_BELOW=/state FULL_DISK_WHEN=/tmp/full LD_PRELOAD=full_disk.so */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static bool is_full(int fd) {
  const char *below = getenv("FULL_DISK_BELOW");
  const char *when = getenv("FULL_DISK_WHEN");
  if (below == NULL || when == NULL || access(when, F_OK) != 0)
    return false;
  char link[64], path[4096];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, path, sizeof(path) - 1);
  if (len < 0)
    return false;
  path[len] = '\0';
  return strncmp(path, below, strlen(below)) == 0;
}

#define REFUSE_OR(result, name, parameters, arguments)                         \
  result name parameters {                                                     \
    result(*real) parameters = (result(*) parameters)dlsym(RTLD_NEXT, #name);  \
    if (is_full(fd)) {                                                         \
      errno = ENOSPC;                                                          \
      return -1;                                                               \
    }                                                                          \
    return real arguments;                                                     \
  }

REFUSE_OR(ssize_t, write, (int fd, const void *bytes, size_t len),
          (fd, bytes, len))
REFUSE_OR(ssize_t, pwrite, (int fd, const void *bytes, size_t len, off_t at),
          (fd, bytes, len, at))
REFUSE_OR(ssize_t, pwrite64,
          (int fd, const void *bytes, size_t len, off64_t at),
          (fd, bytes, len, at))
REFUSE_OR(int, ftruncate, (int fd, off_t len), (fd, len))
REFUSE_OR(int, ftruncate64, (int fd, off64_t len), (fd, len))
