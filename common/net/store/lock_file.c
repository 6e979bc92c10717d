/* SPDX-License-Identifier: MIT */
#include "common/net/store/lock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_ATTEMPTS = 3 };

/* Writes this process's name into the lock. */
static void name_holder(int fd) {
  char host[128] = "", text[200];
  (void)gethostname(host, sizeof(host) - 1);
  int len =
      snprintf(text, sizeof(text), "pid %ld on %s\n", (long)getpid(), host);
  if (ftruncate(fd, 0) == 0 && len > 0)
    (void)!write(fd, text, (size_t)len);
}

static void read_holder(int fd, char out[128]) {
  ssize_t len = pread(fd, out, 127, 0);
  size_t end = 0;
  while (len > 0 && end < (size_t)len && out[end] >= ' ' && out[end] <= '~')
    end++;
  out[end] = '\0';
  if (end == 0)
    snprintf(out, 128, "another process");
}

/* True when the file at the path is the one that is locked: the previous
 * holder deletes it when it closes. */
static bool is_at(int fd, const char *path) {
  struct stat open_file, there;
  return fstat(fd, &open_file) == 0 && stat(path, &there) == 0 &&
         open_file.st_dev == there.st_dev && open_file.st_ino == there.st_ino;
}

/* Opens and locks the file; returns an errno, 0 when it is locked. `ret_fd`
 * stays open for EWOULDBLOCK, so that the holder can be read. */
static int try_lock(const char *path, int *ret_fd) {
  int fd = -1, error = EWOULDBLOCK;
  for (int i = 0; i < LOCK_ATTEMPTS; i++) {
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    error = fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 ? errno : 0;
    if (error != 0 || is_at(fd, path))
      break;
    close(fd);
    error = EWOULDBLOCK;
    fd = -1;
  }
  *ret_fd = fd;
  return error;
}

enum gc_code gc_folder_make(const char *option, const char *folder,
                            struct gc_err *err) {
  struct stat st;
  if (mkdir(folder, 0700) == 0 || errno == EEXIST) {
    if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
      return GC_OK;
    errno = ENOTDIR;
  }
  return gc_fail(err, GC_ERR_STATE,
                 "%s %s: %s; make it and give it to collectd's user", option,
                 folder, strerror(errno));
}

void gc_folder_check(const char *option, const char *folder,
                     struct gc_err *ret_warning) {
  struct stat st;
  if (stat(folder, &st) != 0)
    return;
  if (st.st_uid != geteuid() && st.st_uid != 0)
    (void)gc_fail(ret_warning, GC_ERR_STATE,
                  "%s %s belongs to user %u, who may replace the files in it; "
                  "give it to collectd's user",
                  option, folder, (unsigned)st.st_uid);
  else if (st.st_mode & (S_IWGRP | S_IWOTH))
    (void)gc_fail(ret_warning, GC_ERR_STATE,
                  "%s %s may be written by other users (mode %04o), who may "
                  "replace the files in it; chmod 0700 it",
                  option, folder, (unsigned)st.st_mode & 07777);
}

enum gc_code gc_lock_file_take(struct gc_lock_file *l, const char *folder,
                               const char *name, const char *subject,
                               const char *option, struct gc_err *err) {
  if (l->fd > 0)
    return GC_OK;
  int fd;
  snprintf(l->path, sizeof(l->path), "%s/%s", folder, name);
  int error = try_lock(l->path, &fd);
  if (error == 0) {
    name_holder(fd);
    l->fd = fd;
    return GC_OK;
  }
  char holder[128] = "another process";
  if (fd >= 0) {
    read_holder(fd, holder);
    close(fd);
  }
  if (error == EWOULDBLOCK)
    return gc_fail(err, GC_ERR_UNAVAILABLE,
                   "%s is in use by %s; give each collectd its own %s", subject,
                   holder, option);
  return gc_fail(err, GC_ERR_STATE, "%s: %s; give it to collectd's user",
                 l->path, strerror(error));
}

void gc_lock_file_release(struct gc_lock_file *l) {
  if (l->fd <= 0)
    return;
  if (is_at(l->fd, l->path))
    unlink(l->path);
  close(l->fd);
  l->fd = 0;
}
