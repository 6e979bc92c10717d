/* SPDX-License-Identifier: MIT */
#include "common/net/spool/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/net/spool/position.h"

enum { SEGMENT_MIN = 64 * 1024 };

#define OPTION "SpoolDir"

bool spool_is_before(struct gc_record_place a, struct gc_record_place b) {
  return a.segment < b.segment ||
         (a.segment == b.segment && a.offset < b.offset);
}

void spool_follow_position(struct gc_spool *s) {
  if (spool_is_before(s->cursor, s->position))
    s->cursor = s->position;
  if (spool_is_before(s->delivered, s->cursor))
    s->delivered = s->cursor;
}

void spool_close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

/* Puts the folder and the failed step in front of the text of `err`. */
enum gc_code spool_fail_at(const struct gc_spool *s, const char *step,
                           struct gc_err *err) {
  enum gc_code code = err->code;
  return gc_fail_in(err, code, "spool %s: %s: ", s->folder, step);
}

enum gc_code spool_fail_errno(const struct gc_spool *s, const char *step,
                              struct gc_err *err) {
  return gc_fail(err, GC_ERR_STATE, "spool %s: %s: %s", s->folder, step,
                 strerror(errno));
}

static uint32_t segment_size(const struct gc_spool_settings *o) {
  uint64_t size = o->segment_bytes != 0 ? o->segment_bytes : o->max_bytes / 64;
  if (o->segment_bytes == 0 && size < SEGMENT_MIN)
    size = SEGMENT_MIN;
  return (uint32_t)(size < SPOOL_SEGMENT_MAX ? size : SPOOL_SEGMENT_MAX);
}

struct gc_spool *gc_spool_new(const struct gc_spool_settings *o,
                              struct gc_err *err) {
  struct gc_spool *s = calloc(1, sizeof(*s));
  if (s == NULL || strlen(o->folder) >= sizeof(s->folder)) {
    free(s);
    gc_fail(err, GC_ERR_STATE, OPTION ": %s",
            s == NULL ? "out of memory" : "the path is too long");
    return NULL;
  }
  snprintf(s->folder, sizeof(s->folder), "%s", o->folder);
  s->segment_bytes = segment_size(o);
  uint64_t least = 2 * (uint64_t)s->segment_bytes;
  s->max_bytes = o->max_bytes > least ? o->max_bytes : least;
  s->folder_fd = s->position_fd = s->write_fd = s->read_fd = -1;
  s->record.max = GC_RECORD_HEADER + GC_RECORD_PAYLOAD_MAX;
  return s;
}

void gc_spool_close(struct gc_spool *s) {
  spool_close_fd(&s->write_fd);
  spool_close_fd(&s->read_fd);
  spool_close_fd(&s->position_fd);
  spool_close_fd(&s->folder_fd);
  gc_lock_file_release(&s->lock);
  gc_segments_clear(&s->segments);
  s->read_dropped_lines = 0; /* the reader keeps its batch */
}

void gc_spool_free(struct gc_spool *s) {
  if (s == NULL)
    return;
  gc_spool_close(s);
  gc_buf_clear(&s->record);
  free(s);
}

bool gc_spool_is_open(const struct gc_spool *s) { return s->folder_fd >= 0; }

int spool_open_segment(const struct gc_spool *s, uint64_t number, int flags) {
  char name[GC_SEGMENT_NAME_SIZE];
  gc_segment_name(number, name);
  return openat(s->folder_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void spool_delete_file(struct gc_spool *s, uint64_t number) {
  char name[GC_SEGMENT_NAME_SIZE];
  gc_segment_name(number, name);
  if (s->read_number == number)
    spool_close_fd(&s->read_fd);
  (void)unlinkat(s->folder_fd, name, 0);
}

void spool_delete_oldest(struct gc_spool *s) {
  spool_delete_file(s, s->segments.at[0].number);
  gc_segments_shift(&s->segments);
}

struct gc_segment *spool_newest(struct gc_spool *s) {
  return s->segments.count > 0 ? &s->segments.at[s->segments.count - 1] : NULL;
}

void spool_delete_delivered(struct gc_spool *s) {
  while (s->segments.count > 0 &&
         s->segments.at[0].number < s->position.segment)
    spool_delete_oldest(s);
}

enum gc_code spool_save_position(struct gc_spool *s, struct gc_err *err) {
  char slot[GC_POSITION_SLOT];
  uint64_t number = s->position_number + 1;
  gc_position_write(number, s->position, slot);
  uint64_t at = number % 2 * GC_POSITION_SLOT;
  if (gc_segment_write(s->position_fd, at, slot, sizeof(slot), err) != GC_OK)
    return spool_fail_at(s, "cannot save the read position", err);
  if (fdatasync(s->position_fd) != 0)
    return spool_fail_errno(s, "cannot save the read position", err);
  s->position_number = number;
  return GC_OK;
}

/* ---- open ---- */

static enum gc_code open_files(struct gc_spool *s, struct gc_err *err) {
  char subject[GC_LOCK_PATH_SIZE];
  GC_TRY(gc_folder_make(OPTION, s->folder, err));
  snprintf(subject, sizeof(subject), "spool %s", s->folder);
  GC_TRY(gc_lock_file_take(&s->lock, s->folder, "lock", subject, OPTION, err));
  s->folder_fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (s->folder_fd < 0)
    return spool_fail_errno(s, "cannot open it", err);
  s->position_fd = openat(s->folder_fd, "position",
                          O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (s->position_fd < 0)
    return spool_fail_errno(s, "cannot open the read position", err);
  if (gc_segments_list(s->folder_fd, &s->segments, err) != GC_OK)
    return spool_fail_at(s, "cannot list it", err);
  return GC_OK;
}

static enum gc_code load_position(struct gc_spool *s, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf bytes = {.max = GC_POSITION_BYTES};
  if (gc_segment_read(s->position_fd, 0, GC_POSITION_BYTES, &bytes, err) !=
      GC_OK)
    return spool_fail_at(s, "cannot read the read position", err);
  struct gc_record_place place = {0};
  uint64_t number = 0;
  bool known =
      bytes.len > 0 && gc_position_read(bytes.data, bytes.len, &place, &number);
  if (!known && s->segments.count > 0)
    place.segment = s->segments.at[0].number;
  s->position = s->cursor = s->delivered = place;
  s->position_number = number;
  return GC_OK;
}

/* Cuts a record that a crash has torn off the end of the newest segment. With a
 * bad sector the segment stays as it is, and the next append begins another. */
static enum gc_code cut_tail(struct gc_spool *s, struct gc_err *err) {
  struct gc_segment *last = spool_newest(s);
  GC_AUTO(gc_buf_clear)
  struct gc_buf bytes = {.max = SPOOL_SEGMENT_MAX + GC_RECORD_PAYLOAD_MAX +
                                GC_RECORD_HEADER};
  int fd = spool_open_segment(s, last->number, O_RDWR);
  if (fd < 0)
    return spool_fail_errno(s, "cannot open a segment", err);
  s->write_fd = fd;
  if (gc_segment_read(fd, 0, last->size, &bytes, err) != GC_OK) {
    spool_close_fd(&s->write_fd);
    return GC_OK;
  }
  struct gc_segment_scan scan =
      gc_segment_scan(gc_buf_string(&bytes), bytes.len, last->number);
  s->stats.cut_bytes += last->size - scan.end;
  if (scan.end < last->size && ftruncate(fd, (off_t)scan.end) != 0)
    return spool_fail_errno(s, "cannot cut a torn record", err);
  last->size = scan.end;
  return GC_OK;
}

/* Makes the next append begin a new segment if it would lie before the read
 * position: it would never be read there. */
static void place_writer(struct gc_spool *s) {
  const struct gc_segment *last = spool_newest(s);
  s->next_number = s->position.segment + 1;
  if (last != NULL && last->number >= s->next_number)
    s->next_number = last->number + 1;
  bool is_behind = last != NULL && s->position.segment == last->number &&
                   s->position.offset > last->size;
  if (is_behind || (last != NULL && last->number < s->position.segment))
    spool_close_fd(&s->write_fd);
}

static enum gc_code open_spool(struct gc_spool *s, struct gc_err *err) {
  GC_TRY(open_files(s, err));
  GC_TRY(load_position(s, err));
  spool_delete_delivered(s);
  if (s->segments.count > 0)
    GC_TRY(cut_tail(s, err));
  place_writer(s);
  return GC_OK;
}

enum gc_code gc_spool_open(struct gc_spool *s, struct gc_err *err) {
  struct gc_err why = {.code = GC_OK};
  if (gc_spool_is_open(s))
    return GC_OK;
  enum gc_code code = open_spool(s, &why);
  if (code == GC_OK)
    return GC_OK;
  gc_spool_close(s);
  return gc_fail(err, code, "%s", why.text);
}

enum gc_code spool_need_open(const struct gc_spool *s, struct gc_err *err) {
  return gc_spool_is_open(s)
             ? GC_OK
             : gc_fail(err, GC_ERR_STATE, "spool %s: not open", s->folder);
}
