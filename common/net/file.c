/* SPDX-License-Identifier: MIT */
#include "common/net/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/alloc.h"

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

static enum gc_code read_one(const char *path, int flags, struct gc_buf *out,
                             struct gc_err *err) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
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
    code = read_one(file, 0, out, err);
    if (code == GC_ERR_STATE) /* a link to nowhere: OpenSSL skips it, too */
      code = GC_OK;
    else if (code == GC_OK)
      code = gc_buf_add(out, "\n", 1);
  }
  closedir(folder);
  return code;
}

/* ---- one look ---- */

struct look {
  char *path;
  int flags;
  struct gc_file file;
  enum gc_code code;
  struct gc_err err;
};

static void run_look(void *ctx) {
  struct look *l = ctx;
  struct gc_file *f = &l->file;
  if (stat(l->path, &f->st) != 0)
    f->st = (struct stat){0};
  if (f->text.max == 0)
    return;
  l->code = f->holds_certificates && S_ISDIR(f->st.st_mode)
                ? read_folder(l->path, &f->text, &l->err)
                : read_one(l->path, l->flags, &f->text, &l->err);
}

static void free_look(void *ctx) {
  struct look *l = ctx;
  gc_buf_wipe(&l->file.text);
  free(l->path);
  free(l);
}

enum gc_code gc_file_look(struct gc_detached *d, const char *path,
                          struct gc_file *file, struct gc_err *err) {
  struct look *l = gc_zalloc(1, sizeof(*l));
  enum gc_code code = GC_OK;
  l->path = gc_strdup(path);
  l->file = *file;
  l->flags = d == NULL ? O_NONBLOCK : 0; /* for pipes without a writer */
  if (d == NULL)
    run_look(l);
  else
    code = gc_detached_run(d, run_look, free_look, l);
  if (code == GC_ERR_TIMEOUT)
    return gc_fail(err, code,
                   "%.300s: no answer of the file system; check its disk or "
                   "network folder",
                   path);
  if (code != GC_OK)
    return gc_fail(err, code, "%.300s: %s", path, gc_code_words(code));
  code = l->code;
  *file = l->file;
  if (code != GC_OK) {
    gc_buf_wipe(&file->text);
    *err = l->err;
  }
  l->file.text.data = NULL;
  free_look(l);
  return code;
}

uint32_t gc_file_mode(const char *path, uint32_t wait_ms) {
  struct gc_detached *d = gc_detached_new("gc-file", wait_ms);
  struct gc_file file = {.text.max = 0};
  struct gc_err err;
  enum gc_code code = gc_file_look(d, path, &file, &err);
  gc_detached_free(d);
  return code == GC_OK ? file.st.st_mode : GC_FILE_HANGS;
}
