/* SPDX-License-Identifier: MIT */
/* A disk that hangs: preloaded, it holds each call for a file below a folder as
 * long as the named flag exists, up to 30 s.
 *   HANGING_BELOW=/state HANGING_WHEN=/tmp/hangs LD_PRELOAD=hanging_disk.so */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 20, HANG_MAX_MS = 30 * 1000 };

static bool is_below(const char *path) {
  const char *below = getenv("HANGING_BELOW");
  return below != NULL && path != NULL &&
         strncmp(path, below, strlen(below)) == 0;
}

static bool is_hanging(void) {
  const char *when = getenv("HANGING_WHEN");
  return when != NULL && syscall(SYS_faccessat, AT_FDCWD, when, F_OK) == 0;
}

static void hang_path(const char *path) {
  const struct timespec step = {.tv_nsec = STEP_MS * 1000000l};
  if (!is_below(path))
    return;
  for (int ms = 0; ms < HANG_MAX_MS && is_hanging(); ms += STEP_MS)
    nanosleep(&step, NULL);
}

static void hang_fd(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, path, sizeof(path) - 1);
  if (len < 0)
    return;
  path[len] = '\0';
  hang_path(path);
}

#define HELD(result, name, parameters, arguments, hang)                        \
  result name parameters {                                                     \
    result(*real) parameters = (result(*) parameters)dlsym(RTLD_NEXT, #name);  \
    hang;                                                                      \
    return real arguments;                                                     \
  }

HELD(ssize_t, read, (int fd, void *to, size_t len), (fd, to, len), hang_fd(fd))
HELD(ssize_t, pread64, (int fd, void *to, size_t len, off64_t at),
     (fd, to, len, at), hang_fd(fd))
HELD(ssize_t, pread, (int fd, void *to, size_t len, off_t at),
     (fd, to, len, at), hang_fd(fd))
HELD(ssize_t, write, (int fd, const void *from, size_t len), (fd, from, len),
     hang_fd(fd))
HELD(ssize_t, pwrite64, (int fd, const void *from, size_t len, off64_t at),
     (fd, from, len, at), hang_fd(fd))
HELD(ssize_t, pwrite, (int fd, const void *from, size_t len, off_t at),
     (fd, from, len, at), hang_fd(fd))
HELD(int, fsync, (int fd), (fd), hang_fd(fd))
HELD(int, fdatasync, (int fd), (fd), hang_fd(fd))
HELD(int, ftruncate64, (int fd, off64_t len), (fd, len), hang_fd(fd))
HELD(int, ftruncate, (int fd, off_t len), (fd, len), hang_fd(fd))
HELD(int, stat, (const char *path, struct stat *to), (path, to),
     hang_path(path))
HELD(int, lstat, (const char *path, struct stat *to), (path, to),
     hang_path(path))
HELD(int, stat64, (const char *path, struct stat64 *to), (path, to),
     hang_path(path))
HELD(int, lstat64, (const char *path, struct stat64 *to), (path, to),
     hang_path(path))
HELD(int, unlink, (const char *path), (path), hang_path(path))
HELD(int, rename, (const char *from, const char *to), (from, to),
     hang_path(from))
HELD(int, flock, (int fd, int how), (fd, how), hang_fd(fd))
HELD(DIR *, opendir, (const char *path), (path), hang_path(path))
HELD(int, access, (const char *path, int mode), (path, mode), hang_path(path))
HELD(int, mkdir, (const char *path, mode_t mode), (path, mode), hang_path(path))
HELD(FILE *, fopen, (const char *path, const char *mode), (path, mode),
     hang_path(path))
HELD(FILE *, fopen64, (const char *path, const char *mode), (path, mode),
     hang_path(path))

#define HELD_OPEN(name)                                                        \
  int name(const char *path, int flags, ...) {                                 \
    int (*real)(const char *, int, ...) =                                      \
        (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name);              \
    va_list args;                                                              \
    va_start(args, flags);                                                     \
    mode_t mode = (mode_t)va_arg(args, int);                                   \
    va_end(args);                                                              \
    hang_path(path);                                                           \
    return real(path, flags, mode);                                            \
  }
/* Locks of SQLite. */
#define HELD_FCNTL(name)                                                       \
  int name(int fd, int command, ...) {                                         \
    int (*real)(int, int, ...) =                                               \
        (int (*)(int, int, ...))dlsym(RTLD_NEXT, #name);                       \
    va_list args;                                                              \
    va_start(args, command);                                                   \
    void *arg = va_arg(args, void *);                                          \
    va_end(args);                                                              \
    if (command == F_SETLK || command == F_SETLKW || command == F_GETLK)       \
      hang_fd(fd);                                                             \
    return real(fd, command, arg);                                             \
  }
HELD_FCNTL(fcntl)
HELD_FCNTL(fcntl64)

HELD_OPEN(open)
HELD_OPEN(open64)
