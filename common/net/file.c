/* SPDX-License-Identifier: MIT */
#include "common/net/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK_BYTES = 4096, HASH_DIGITS = 8 };

static enum gc_code fail_file(const char *path, int why, struct gc_err *err) {
  return gc_fail(err, GC_ERR_STATE, "%.300s: %s", path, strerror(why));
}

static enum gc_code read_open(int fd, const char *path, struct gc_buf *out,
                              struct gc_err *err) {
  char chunk[CHUNK_BYTES];
  ssize_t len = 0;
  enum gc_code code = GC_OK;
  while (code == GC_OK && (len = read(fd, chunk, sizeof(chunk))) > 0)
    code = gc_buf_add(out, chunk, (size_t)len);
  int why = errno;
  explicit_bzero(chunk, sizeof(chunk));
  if (code != GC_OK)
    return gc_fail(err, code, "%.300s: %s", path, gc_code_words(code));
  return len < 0 ? fail_file(path, why, err) : GC_OK;
}

static enum gc_code read_one(const char *path, struct gc_buf *out,
                             struct gc_err *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return fail_file(path, errno, err);
  enum gc_code code = read_open(fd, path, out, err);
  close(fd);
  return code;
}

static bool is_hashed_name(const char *name) {
  size_t digits = strspn(name, "0123456789abcdef");
  const char *number = name + digits + 1;
  return digits == HASH_DIGITS && name[digits] == '.' && *number != '\0' &&
         number[strspn(number, "0123456789")] == '\0';
}

static enum gc_code read_folder(const char *path, struct gc_buf *out,
                                struct gc_err *err) {
  DIR *folder = opendir(path);
  if (folder == NULL)
    return fail_file(path, errno, err);
  enum gc_code code = GC_OK;
  const struct dirent *entry;
  while (code == GC_OK && (entry = readdir(folder)) != NULL) {
    char file[4096];
    int len = snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
    if (!is_hashed_name(entry->d_name) || (size_t)len >= sizeof(file))
      continue;
    code = read_one(file, out, err);
    if (code == GC_ERR_STATE) /* a link to nowhere: OpenSSL skips it, too */
      code = GC_OK;
    else if (code == GC_OK)
      code = gc_buf_add(out, "\n", 1);
  }
  closedir(folder);
  return code;
}

enum gc_code gc_file_read(const char *path, struct gc_buf *out,
                          struct gc_err *err) {
  struct stat st;
  if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
    return read_folder(path, out, err);
  return read_one(path, out, err);
}

/* ---- within a bound ---- */

/* One read of a file, or one stat. */
struct reading {
  char *path;
  uint32_t mode; /* of a stat; 0: it failed */
  struct gc_buf text;
  enum gc_code code;
  struct gc_err err;
};

static void run_reading(void *ctx) {
  struct reading *r = ctx;
  r->code = gc_file_read(r->path, &r->text, &r->err);
}

static void free_reading(void *ctx) {
  struct reading *r = ctx;
  gc_buf_wipe(&r->text);
  free(r->path);
  free(r);
}

static struct reading *new_reading(const char *path, size_t max) {
  struct reading *r = calloc(1, sizeof(*r));
  char *copy = strdup(path);
  if (r == NULL || copy == NULL) {
    free(r);
    free(copy);
    return NULL;
  }
  r->path = copy;
  r->text.max = max;
  return r;
}

enum gc_code gc_file_hangs(const char *what, struct gc_err *err) {
  return gc_fail(err, GC_ERR_TIMEOUT,
                 "%.300s: no answer of the file system; check its disk or "
                 "network folder",
                 what);
}

enum gc_code gc_file_read_bounded(struct gc_detached *b, const char *path,
                                  struct gc_buf *out, struct gc_err *err) {
  struct reading *r = new_reading(path, out->max);
  if (r == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "%.300s: out of memory", path);
  enum gc_code code = gc_detached_run(b, run_reading, free_reading, r);
  if (code == GC_ERR_TIMEOUT)
    return gc_file_hangs(path, err);
  if (code != GC_OK)
    return gc_fail(err, code, "%.300s: %s", path, gc_code_words(code));
  code = r->code;
  if (code == GC_OK) {
    *out = r->text;
    r->text = (struct gc_buf){.max = out->max};
  } else
    *err = r->err;
  free_reading(r);
  return code;
}

/* ---- one stat ---- */

static void read_mode(void *ctx) {
  struct reading *r = ctx;
  struct stat st;
  r->mode = stat(r->path, &st) == 0 ? st.st_mode : 0;
}

uint32_t gc_file_mode(const char *path, uint32_t wait_ms) {
  struct gc_detached *b = gc_detached_new("gc-file", wait_ms, NULL);
  struct reading *r = b != NULL ? new_reading(path, 0) : NULL;
  uint32_t mode = GC_FILE_HANGS;
  if (r != NULL && gc_detached_run(b, read_mode, free_reading, r) == GC_OK) {
    mode = r->mode;
    free_reading(r);
  }
  gc_detached_free(b);
  return mode;
}
