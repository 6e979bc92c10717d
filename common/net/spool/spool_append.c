/* SPDX-License-Identifier: MIT */
#include "common/net/spool/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  SEGMENTS_MAX = 4096, /* files: restarts may leave small ones */
  NAMES_MAX = 1000,    /* tried for one segment */
};

/* Makes a segment and syncs its entry in the folder: otherwise a crash could
 * lose the whole file. */
static enum gc_code start_segment(struct gc_spool *s, struct gc_err *err) {
  uint64_t number = s->next_number;
  int fd = spool_open_segment(s, number, O_RDWR | O_CREAT | O_EXCL);
  /* A folder or a copied file may have the name. */
  for (int i = 0; fd < 0 && errno == EEXIST && i < NAMES_MAX; i++)
    fd = spool_open_segment(s, ++number, O_RDWR | O_CREAT | O_EXCL);
  if (fd < 0)
    return spool_fail_errno(s, "cannot make a segment", err);
  if (fsync(s->folder_fd) != 0 ||
      gc_segments_add(&s->segments, number, 0) != GC_OK) {
    char name[GC_SEGMENT_NAME_SIZE];
    int why = errno;
    gc_segment_name(number, name);
    (void)unlinkat(s->folder_fd, name, 0);
    close(fd);
    errno = why;
    return spool_fail_errno(s, "cannot make a segment", err);
  }
  spool_close_fd(&s->write_fd);
  s->write_fd = fd;
  s->next_number = number + 1;
  return GC_OK;
}

/* Counts the lines of the oldest segment, which is dropped, except those that
 * were delivered. Those of the newest read may still be delivered. */
static void count_dropped(struct gc_spool *s) {
  struct gc_segments all = s->segments;
  struct gc_record_place at = {all.at[0].number, 0};
  struct gc_record r;
  struct gc_err err;
  if (spool_is_before(at, s->delivered))
    at = s->delivered;
  if (at.segment != all.at[0].number)
    return;
  s->segments.count = 1; /* the walk ends with the oldest segment */
  while (spool_next_record(s, &at, &r, &err) == GC_OK && r.payload != NULL) {
    if (spool_is_before(at, s->read_end))
      s->read_dropped_lines += r.lines;
    else
      s->stats.dropped_lines += r.lines;
    at.offset += GC_RECORD_HEADER + r.len;
  }
  s->segments.count = all.count;
}

static void drop_past_max(struct gc_spool *s, uint64_t more) {
  while (s->segments.count > 1 && /* the newest is being written */
         (gc_segments_bytes(&s->segments) + more > s->max_bytes ||
          s->segments.count >= SEGMENTS_MAX)) {
    count_dropped(s);
    spool_delete_oldest(s);
  }
  if (s->segments.count > 0 && s->segments.at[0].number > s->position.segment)
    s->position = (struct gc_record_place){s->segments.at[0].number, 0};
  spool_follow_position(s);
}

/* Checks that the files still have a name: no restart would find the records of
 * a deleted file. */
static enum gc_code check_folder(struct gc_spool *s, struct gc_err *err) {
  struct stat st;
  bool is_gone =
      fstat(s->folder_fd, &st) != 0 || st.st_nlink == 0 ||
      (s->write_fd >= 0 && (fstat(s->write_fd, &st) != 0 || st.st_nlink == 0));
  if (!is_gone)
    return GC_OK;
  gc_spool_close(s);
  return gc_fail(err, GC_ERR_STATE,
                 "spool %s: its files were deleted; it is made again",
                 s->folder);
}

/* Ends the newest segment after a failed sync: it is unknown what the disk has,
 * since the kernel forgets the pages. Without records it is deleted, so that
 * repeated failures leave no files. */
static void give_up_newest(struct gc_spool *s) {
  const struct gc_segment *last = spool_newest(s);
  spool_close_fd(&s->write_fd);
  if (last->size > 0)
    return;
  spool_delete_file(s, last->number);
  s->segments.count--;
}

static enum gc_code write_record(struct gc_spool *s, struct gc_err *err) {
  struct gc_segment *last = spool_newest(s);
  struct gc_err why = {.code = GC_OK};
  bool is_whole = gc_segment_write(s->write_fd, last->size, s->record.data,
                                   s->record.len, &why) == GC_OK;
  if (is_whole && fdatasync(s->write_fd) == 0) {
    last->size += s->record.len;
    return GC_OK;
  }
  enum gc_code code =
      is_whole ? spool_fail_errno(s, "cannot save lines", err)
               : gc_fail(err, GC_ERR_STATE, "spool %s: cannot save lines: %s",
                         s->folder, why.text);
  (void)!ftruncate(s->write_fd, (off_t)last->size);
  if (is_whole)
    give_up_newest(s);
  return code;
}

enum gc_code gc_spool_append(struct gc_spool *s, const struct gc_record *r,
                             struct gc_err *err) {
  GC_TRY(spool_need_open(s, err));
  if (r->len > GC_RECORD_PAYLOAD_MAX)
    return gc_fail(err, GC_ERR_LIMIT, "spool %s: a record of %u bytes",
                   s->folder, (unsigned)r->len);
  GC_TRY(check_folder(s, err));
  size_t size = GC_RECORD_HEADER + r->len;
  const struct gc_segment *last = spool_newest(s);
  if (s->write_fd < 0 || last == NULL ||
      (last->size > 0 && last->size + size > s->segment_bytes))
    GC_TRY(start_segment(s, err));
  drop_past_max(s, size);

  last = spool_newest(s);
  unsigned char header[GC_RECORD_HEADER];
  struct gc_record_place place = {last->number, last->size};
  gc_record_header(r, place, header);
  gc_buf_reset(&s->record);
  if (gc_buf_add(&s->record, header, sizeof(header)) != GC_OK ||
      gc_buf_add(&s->record, r->payload, r->len) != GC_OK)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  return write_record(s, err);
}
