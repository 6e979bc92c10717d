/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/timestamp.h"

enum { PATH_SIZE = 4200 };

static bool write_all(int fd, const char *bytes, size_t len) {
  for (size_t done = 0; done < len;) {
    ssize_t put = write(fd, bytes + done, len - done);
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return false;
    done += (size_t)put;
  }
  return true;
}

static void rotate_file(const char *path, int *fd) {
  char old[PATH_SIZE + 4];
  struct stat st;
  if (*fd < 0 || fstat(*fd, &st) != 0 || st.st_size < INFLUX_QUARANTINE_MAX)
    return;
  snprintf(old, sizeof(old), "%s.1", path);
  close(*fd);
  *fd = -1;
  if (rename(path, old) == 0)
    *fd = open(path,
               O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
               0600);
}

enum gc_code influx_quarantine(const char *folder, const char *text, size_t len,
                               int64_t now_ms, struct gc_err *err) {
  char path[PATH_SIZE], time[GC_TIMESTAMP_SIZE], head[64];
  snprintf(path, sizeof(path), "%s/refused.lines", folder);
  int fd =
      open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  rotate_file(path, &fd);
  int head_len =
      snprintf(head, sizeof(head), "# %s\n", gc_timestamp_print(time, now_ms));
  bool is_good = fd >= 0 && write_all(fd, head, (size_t)head_len) &&
                 write_all(fd, text, len) && fdatasync(fd) == 0;
  int why = errno;
  if (fd >= 0)
    close(fd);
  if (is_good)
    return GC_OK;
  return gc_fail(err, GC_ERR_STATE, "%s", strerror(why));
}
