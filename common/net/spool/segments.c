/* SPDX-License-Identifier: MIT */
#include "common/net/spool/segments.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGITS = 16, PAGE = 4096, TRIED_PAGES = 16 };

void gc_segments_clear(struct gc_segments *list) {
  free(list->at);
  *list = (struct gc_segments){0};
}

enum gc_code gc_segments_add(struct gc_segments *list, uint64_t number,
                             uint64_t size) {
  if (list->count == list->room) {
    size_t room = list->room > 0 ? list->room * 2 : 16;
    struct gc_segment *more = realloc(list->at, room * sizeof(*more));
    if (more == NULL)
      return GC_ERR_MEMORY;
    list->at = more;
    list->room = room;
  }
  list->at[list->count++] = (struct gc_segment){number, size};
  return GC_OK;
}

void gc_segments_shift(struct gc_segments *list) {
  list->count--;
  memmove(list->at, list->at + 1, list->count * sizeof(*list->at));
}

const struct gc_segment *gc_segments_from(const struct gc_segments *list,
                                          uint64_t number) {
  size_t i = 0;
  while (i < list->count && list->at[i].number < number)
    i++;
  return i < list->count ? &list->at[i] : NULL;
}

uint64_t gc_segments_bytes(const struct gc_segments *list, uint64_t number,
                           uint64_t offset) {
  uint64_t sum = 0;
  for (size_t i = 0; i < list->count; i++) {
    uint64_t from = list->at[i].number < number    ? UINT64_MAX
                    : list->at[i].number == number ? offset
                                                   : 0;
    sum += list->at[i].size > from ? list->at[i].size - from : 0;
  }
  return sum;
}

void gc_segment_name(uint64_t number, char out[GC_SEGMENT_NAME_SIZE]) {
  snprintf(out, GC_SEGMENT_NAME_SIZE, "%016" PRIx64 ".seg", number);
}

static bool parse_name(const char *name, uint64_t *ret) {
  static const char digits[] = "0123456789abcdef";
  if (strlen(name) != DIGITS + 4 || strcmp(name + DIGITS, ".seg") != 0)
    return false;
  uint64_t number = 0;
  for (int i = 0; i < DIGITS; i++) {
    const char *digit = strchr(digits, name[i]);
    if (digit == NULL)
      return false;
    number = number << 4 | (uint64_t)(digit - digits);
  }
  *ret = number;
  return true;
}

static int compare_segments(const void *a, const void *b) {
  const struct gc_segment *x = a, *y = b;
  return (x->number > y->number) - (x->number < y->number);
}

static enum gc_code list_folder(DIR *folder, int fd, struct gc_segments *list,
                                struct gc_err *err) {
  struct stat st;
  for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
    uint64_t number;
    if (!parse_name(e->d_name, &number) ||
        fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(st.st_mode))
      continue;
    if (gc_segments_add(list, number, (uint64_t)st.st_size) != GC_OK)
      return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  }
  return GC_OK;
}

enum gc_code gc_segments_list(int folder_fd, struct gc_segments *list,
                              struct gc_err *err) {
  int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
  if (folder == NULL) {
    int why = errno;
    if (fd >= 0)
      close(fd);
    return gc_fail(err, GC_ERR_STATE, "%s", strerror(why));
  }
  enum gc_code code = list_folder(folder, folder_fd, list, err);
  closedir(folder);
  if (list->count > 0)
    qsort(list->at, list->count, sizeof(*list->at), compare_segments);
  return code;
}

enum gc_code gc_segment_read(int fd, uint64_t from, uint64_t size,
                             struct gc_buf *out, struct gc_err *err) {
  char bytes[64 * 1024];
  for (uint64_t done = 0; done < size;) {
    uint64_t left = size - done;
    size_t want = left < sizeof(bytes) ? (size_t)left : sizeof(bytes);
    ssize_t got = pread(fd, bytes, want, (off_t)(from + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return gc_fail(err, GC_ERR_STATE, "%s", strerror(errno));
    if (got == 0)
      return GC_OK;
    enum gc_code code = gc_buf_add(out, bytes, (size_t)got);
    if (code != GC_OK)
      return gc_fail(err, code, "%s", gc_code_words(code));
    done += (uint64_t)got;
  }
  return GC_OK;
}

/* Tries some pages of the segment on the disk, not in the page cache. A failing
 * disk may need seconds for each. */
static bool has_readable_page(int fd, uint64_t segment_size) {
  uint64_t pages = segment_size / PAGE + 1;
  uint64_t step = pages > TRIED_PAGES ? pages / TRIED_PAGES : 1;
  for (uint64_t page = 0; page < pages; page += step) {
    char byte;
    (void)posix_fadvise(fd, (off_t)(page * PAGE), PAGE, POSIX_FADV_DONTNEED);
    if (page * PAGE < segment_size &&
        pread(fd, &byte, 1, (off_t)(page * PAGE)) == 1)
      return true;
  }
  return false;
}

enum gc_code gc_segment_read_damaged(int fd, uint64_t segment_size,
                                     uint64_t from, uint64_t size,
                                     struct gc_buf *out, struct gc_err *err) {
  static const char zeros[PAGE];
  size_t before = out->len;
  enum gc_code code = gc_segment_read(fd, from, size, out, err);
  if (code != GC_ERR_STATE || !has_readable_page(fd, segment_size))
    return code;
  out->len = before;
  for (uint64_t at = from, end = from + size; at < end;) {
    uint64_t left = PAGE - at % PAGE;
    size_t want = (size_t)(left < end - at ? left : end - at);
    struct gc_err bad;
    size_t len = out->len;
    code = gc_segment_read(fd, at, want, out, &bad);
    if (code == GC_OK && out->len == len)
      return GC_OK; /* the end of the file */
    if (code == GC_ERR_STATE)
      code = gc_buf_add(out, zeros, want);
    if (code != GC_OK)
      return gc_fail(err, code, "%s", gc_code_words(code));
    at += want;
  }
  return GC_OK;
}

enum gc_code gc_segment_write(int fd, uint64_t at, const char *bytes,
                              size_t len, struct gc_err *err) {
  for (size_t done = 0; done < len;) {
    ssize_t put = pwrite(fd, bytes + done, len - done, (off_t)(at + done));
    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0)
      return gc_fail(err, GC_ERR_STATE, "%s",
                     strerror(put < 0 ? errno : ENOSPC));
    done += (size_t)put;
  }
  return GC_OK;
}
