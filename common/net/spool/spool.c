/* SPDX-License-Identifier: MIT */
#include "common/net/spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/spool/position.h"
#include "common/net/spool/segments.h"
#include "common/net/store/lock_file.h"

enum {
  SEGMENT_MIN = 64 * 1024,
  SEGMENT_MAX = 8 * 1024 * 1024,
  SEGMENTS_MAX = 4096, /* files: restarts may leave small ones */
};

#define OPTION "SpoolDir"

struct gc_spool {
  char folder[GC_LOCK_PATH_SIZE - 64];
  uint64_t max_bytes;
  uint32_t segment_bytes;

  struct gc_lock_file lock;
  int folder_fd, position_fd; /* -1: closed */
  int write_fd;               /* of the newest segment; -1: make a new one */
  int read_fd;                /* of read_number; -1: closed */
  uint64_t read_number;
  struct gc_segments segments;
  struct gc_record_place position; /* of the oldest record that waits */
  uint64_t position_number;        /* of the newest slot that was written */
  uint64_t next_number;            /* of the next segment */
  struct gc_buf record;            /* header and payload of one append */
  struct gc_spool_stats stats;
};

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

/* Puts the folder and the failed step in front of the text of `err`. */
static enum gc_code fail_at(const struct gc_spool *s, const char *step,
                            struct gc_err *err) {
  enum gc_code code = err->code;
  return gc_fail_in(err, code, "spool %s: %s", s->folder, step);
}

static enum gc_code fail_errno(const struct gc_spool *s, const char *step,
                               struct gc_err *err) {
  return gc_fail(err, GC_ERR_STATE, "spool %s: %s: %s", s->folder, step,
                 strerror(errno));
}

static uint32_t segment_size(const struct gc_spool_settings *o) {
  uint64_t size = o->segment_bytes != 0 ? o->segment_bytes : o->max_bytes / 64;
  if (o->segment_bytes == 0 && size < SEGMENT_MIN)
    size = SEGMENT_MIN;
  return (uint32_t)(size < SEGMENT_MAX ? size : SEGMENT_MAX);
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
  close_fd(&s->write_fd);
  close_fd(&s->read_fd);
  close_fd(&s->position_fd);
  close_fd(&s->folder_fd);
  gc_lock_file_release(&s->lock);
  gc_segments_clear(&s->segments);
}

void gc_spool_free(struct gc_spool *s) {
  if (s == NULL)
    return;
  gc_spool_close(s);
  gc_buf_clear(&s->record);
  free(s);
}

bool gc_spool_is_open(const struct gc_spool *s) { return s->folder_fd >= 0; }

/* ---- files ---- */

static int open_segment(const struct gc_spool *s, uint64_t number, int flags) {
  char name[GC_SEGMENT_NAME_SIZE];
  gc_segment_name(number, name);
  return openat(s->folder_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static void delete_oldest(struct gc_spool *s) {
  char name[GC_SEGMENT_NAME_SIZE];
  uint64_t number = s->segments.at[0].number;
  gc_segment_name(number, name);
  if (s->read_number == number)
    close_fd(&s->read_fd);
  /* A file that stays is deleted at the next open. */
  (void)unlinkat(s->folder_fd, name, 0);
  gc_segments_shift(&s->segments);
}

static struct gc_segment *newest(struct gc_spool *s) {
  return s->segments.count > 0 ? &s->segments.at[s->segments.count - 1] : NULL;
}

static void delete_delivered(struct gc_spool *s) {
  while (s->segments.count > 0 &&
         s->segments.at[0].number < s->position.segment)
    delete_oldest(s);
}

static enum gc_code save_position(struct gc_spool *s, struct gc_err *err) {
  char slot[GC_POSITION_SLOT];
  uint64_t number = s->position_number + 1;
  gc_position_write(number, s->position, slot);
  uint64_t at = number % 2 * GC_POSITION_SLOT;
  if (gc_file_write(s->position_fd, at, slot, sizeof(slot), err) != GC_OK)
    return fail_at(s, "cannot save the read position", err);
  if (fdatasync(s->position_fd) != 0)
    return fail_errno(s, "cannot save the read position", err);
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
    return fail_errno(s, "cannot open it", err);
  s->position_fd = openat(s->folder_fd, "position",
                          O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (s->position_fd < 0)
    return fail_errno(s, "cannot open the read position", err);
  if (gc_segments_list(s->folder_fd, &s->segments, err) != GC_OK)
    return fail_at(s, "cannot list it", err);
  return GC_OK;
}

static enum gc_code load_position(struct gc_spool *s, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf bytes = {.max = GC_POSITION_BYTES};
  if (gc_file_read(s->position_fd, 0, GC_POSITION_BYTES, &bytes, err) != GC_OK)
    return fail_at(s, "cannot read the read position", err);
  struct gc_record_place place = {0};
  uint64_t number = 0;
  bool known =
      bytes.len > 0 && gc_position_read(bytes.data, bytes.len, &place, &number);
  if (!known && s->segments.count > 0)
    place.segment = s->segments.at[0].number;
  s->position = place;
  s->position_number = number;
  return GC_OK;
}

/* Cuts what a crash tore off the end of the newest segment. */
static enum gc_code cut_tail(struct gc_spool *s, struct gc_err *err) {
  struct gc_segment *last = newest(s);
  GC_AUTO(gc_buf_clear)
  struct gc_buf bytes = {.max = SEGMENT_MAX + GC_RECORD_PAYLOAD_MAX +
                                GC_RECORD_HEADER};
  int fd = open_segment(s, last->number, O_RDWR);
  if (fd < 0)
    return fail_errno(s, "cannot open a segment", err);
  s->write_fd = fd;
  if (gc_file_read(fd, 0, last->size, &bytes, err) != GC_OK)
    return fail_at(s, "cannot read a segment", err);
  struct gc_segment_scan scan =
      gc_segment_scan(gc_buf_string(&bytes), bytes.len, last->number);
  s->stats.cut_bytes += last->size - scan.end;
  if (scan.end < last->size && ftruncate(fd, (off_t)scan.end) != 0)
    return fail_errno(s, "cannot cut a torn record", err);
  last->size = scan.end;
  return GC_OK;
}

/* Nothing may be appended before the read position: it would never be read. */
static void place_writer(struct gc_spool *s) {
  const struct gc_segment *last = newest(s);
  s->next_number = s->position.segment + 1;
  if (last != NULL && last->number >= s->next_number)
    s->next_number = last->number + 1;
  bool is_behind = last != NULL && s->position.segment == last->number &&
                   s->position.offset > last->size;
  if (is_behind || (last != NULL && last->number < s->position.segment))
    close_fd(&s->write_fd);
}

static enum gc_code open_spool(struct gc_spool *s, struct gc_err *err) {
  GC_TRY(open_files(s, err));
  GC_TRY(load_position(s, err));
  delete_delivered(s);
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

/* ---- append ---- */

/* The folder's entry is synced, or a crash could lose the whole file. */
static enum gc_code start_segment(struct gc_spool *s, struct gc_err *err) {
  uint64_t number = s->next_number;
  int fd = open_segment(s, number, O_RDWR | O_CREAT | O_EXCL);
  if (fd < 0)
    return fail_errno(s, "cannot make a segment", err);
  if (fsync(s->folder_fd) != 0 ||
      gc_segments_add(&s->segments, number, 0) != GC_OK) {
    char name[GC_SEGMENT_NAME_SIZE];
    int why = errno;
    gc_segment_name(number, name);
    (void)unlinkat(s->folder_fd, name, 0);
    close(fd);
    errno = why;
    return fail_errno(s, "cannot make a segment", err);
  }
  close_fd(&s->write_fd);
  s->write_fd = fd;
  s->next_number = number + 1;
  return GC_OK;
}

/* Lines of a segment that are not delivered, by the headers alone. */
static uint64_t count_waiting(const struct gc_spool *s,
                              const struct gc_segment *segment) {
  uint64_t lines = 0;
  uint64_t at = s->position.segment == segment->number ? s->position.offset : 0;
  int fd = open_segment(s, segment->number, O_RDONLY);
  while (fd >= 0 && at < segment->size) {
    char header[GC_RECORD_HEADER];
    struct gc_record r;
    struct gc_record_place place = {segment->number, at};
    if (pread(fd, header, sizeof(header), (off_t)at) != sizeof(header) ||
        gc_record_read(header, sizeof(header), place, &r) == GC_RECORD_DAMAGED)
      break;
    lines += r.lines;
    at += GC_RECORD_HEADER + r.len;
  }
  close_fd(&fd);
  return lines;
}

/* The newest segment stays: it is being written. */
static void drop_past_max(struct gc_spool *s, uint64_t more) {
  while (s->segments.count > 1 &&
         (gc_segments_bytes(&s->segments) + more > s->max_bytes ||
          s->segments.count >= SEGMENTS_MAX)) {
    s->stats.dropped_lines += count_waiting(s, &s->segments.at[0]);
    delete_oldest(s);
  }
  if (s->segments.count > 0 && s->segments.at[0].number > s->position.segment)
    s->position = (struct gc_record_place){s->segments.at[0].number, 0};
}

/* A file that was deleted under us takes records that no restart would find. */
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

static enum gc_code write_record(struct gc_spool *s, struct gc_err *err) {
  struct gc_segment *last = newest(s);
  struct gc_err why = {.code = GC_OK};
  bool is_whole = gc_file_write(s->write_fd, last->size, s->record.data,
                                s->record.len, &why) == GC_OK;
  if (is_whole && fdatasync(s->write_fd) == 0) {
    last->size += s->record.len;
    return GC_OK;
  }
  enum gc_code code =
      is_whole ? fail_errno(s, "cannot save lines", err)
               : gc_fail(err, GC_ERR_STATE, "spool %s: cannot save lines: %s",
                         s->folder, why.text);
  /* After a failed sync nobody knows what the disk has (the kernel forgets the
   * pages): cut, and never write here again. What cannot be cut is overwritten
   * by nothing and read by nothing, but by the next open. */
  (void)!ftruncate(s->write_fd, (off_t)last->size);
  if (is_whole)
    close_fd(&s->write_fd);
  return code;
}

enum gc_code gc_spool_append(struct gc_spool *s, const struct gc_record *r,
                             struct gc_err *err) {
  if (!gc_spool_is_open(s))
    return gc_fail(err, GC_ERR_STATE, "spool %s: not open", s->folder);
  if (r->len > GC_RECORD_PAYLOAD_MAX)
    return gc_fail(err, GC_ERR_LIMIT, "spool %s: a record of %u bytes",
                   s->folder, (unsigned)r->len);
  GC_TRY(check_folder(s, err));
  size_t size = GC_RECORD_HEADER + r->len;
  const struct gc_segment *last = newest(s);
  if (s->write_fd < 0 || last == NULL ||
      (last->size > 0 && last->size + size > s->segment_bytes))
    GC_TRY(start_segment(s, err));
  drop_past_max(s, size);

  last = newest(s);
  unsigned char header[GC_RECORD_HEADER];
  struct gc_record_place place = {last->number, last->size};
  gc_record_header(r, place, header);
  gc_buf_reset(&s->record);
  if (gc_buf_add(&s->record, header, sizeof(header)) != GC_OK ||
      gc_buf_add(&s->record, r->payload, r->len) != GC_OK)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  return write_record(s, err);
}

/* ---- read ---- */

static enum gc_code open_for_reading(struct gc_spool *s, uint64_t number,
                                     struct gc_err *err) {
  if (s->read_fd >= 0 && s->read_number == number)
    return GC_OK;
  close_fd(&s->read_fd);
  s->read_fd = open_segment(s, number, O_RDONLY);
  s->read_number = number;
  return s->read_fd >= 0 ? GC_OK : fail_errno(s, "cannot open a segment", err);
}

/* The first segment whose number is not before that of `at`; NULL: none. */
static const struct gc_segment *segment_at(const struct gc_spool *s,
                                           uint64_t number) {
  size_t i = 0;
  while (i < s->segments.count && s->segments.at[i].number < number)
    i++;
  return i < s->segments.count ? &s->segments.at[i] : NULL;
}

/* The next whole record behind damage at `at`, or the end of the segment. */
static enum gc_code skip_damage(struct gc_spool *s,
                                const struct gc_segment *segment,
                                struct gc_record_place *at,
                                struct gc_err *err) {
  GC_AUTO(gc_buf_clear)
  struct gc_buf bytes = {.max = SEGMENT_MAX + GC_RECORD_PAYLOAD_MAX +
                                GC_RECORD_HEADER};
  if (gc_file_read(s->read_fd, 0, segment->size, &bytes, err) != GC_OK)
    return fail_at(s, "cannot read a segment", err);
  uint64_t next =
      at->offset < bytes.len
          ? gc_record_find(bytes.data, bytes.len, at->segment, at->offset)
          : segment->size;
  if (next >= bytes.len)
    next = segment->size;
  s->stats.damaged_bytes += next - at->offset;
  at->offset = next;
  return GC_OK;
}

/* Reads the record at `at` into s->record. `ret` borrows it. */
static enum gc_code load_record(struct gc_spool *s,
                                const struct gc_segment *segment,
                                struct gc_record_place at,
                                enum gc_record_state *ret_state,
                                struct gc_record *ret, struct gc_err *err) {
  uint64_t left = segment->size - at.offset;
  uint64_t want = left < GC_RECORD_HEADER ? left : GC_RECORD_HEADER;
  gc_buf_reset(&s->record);
  if (gc_file_read(s->read_fd, at.offset, want, &s->record, err) != GC_OK)
    return fail_at(s, "cannot read a segment", err);
  *ret_state =
      gc_record_read(gc_buf_string(&s->record), s->record.len, at, ret);
  if (*ret_state != GC_RECORD_SHORT || ret->len == 0 ||
      ret->len > left - GC_RECORD_HEADER)
    return GC_OK;
  if (gc_file_read(s->read_fd, at.offset + GC_RECORD_HEADER, ret->len,
                   &s->record, err) != GC_OK)
    return fail_at(s, "cannot read a segment", err);
  *ret_state = gc_record_read(s->record.data, s->record.len, at, ret);
  return GC_OK;
}

/* The next whole record from *at on, which moves to its beginning;
 * `ret->payload` NULL: there is none. */
static enum gc_code next_record(struct gc_spool *s, struct gc_record_place *at,
                                struct gc_record *ret, struct gc_err *err) {
  enum gc_record_state state;
  for (;;) {
    const struct gc_segment *segment = segment_at(s, at->segment);
    *ret = (struct gc_record){0};
    if (segment == NULL)
      return GC_OK;
    if (segment->number > at->segment)
      *at = (struct gc_record_place){segment->number, 0};
    if (at->offset >= segment->size) {
      if (segment == newest(s))
        return GC_OK;
      *at = (struct gc_record_place){segment->number + 1, 0};
      continue;
    }
    GC_TRY(open_for_reading(s, at->segment, err));
    GC_TRY(load_record(s, segment, *at, &state, ret, err));
    if (state == GC_RECORD_WHOLE)
      return GC_OK;
    GC_TRY(skip_damage(s, segment, at, err));
  }
}

enum gc_code gc_spool_read(struct gc_spool *s, uint64_t max_lines,
                           struct gc_buf *out, struct gc_record_place *ret_end,
                           struct gc_err *err) {
  if (!gc_spool_is_open(s))
    return gc_fail(err, GC_ERR_STATE, "spool %s: not open", s->folder);
  struct gc_record_place at = s->position;
  uint64_t lines = 0;
  for (;;) {
    struct gc_record r;
    GC_TRY(next_record(s, &at, &r, err));
    bool is_first = out->len == 0;
    if (is_first)
      s->position = at; /* damage before it is counted once */
    bool fits = r.payload != NULL &&
                (is_first || lines + r.lines <= max_lines) &&
                gc_buf_add(out, r.payload, r.len) == GC_OK;
    if (!fits && r.payload != NULL && out->len == 0)
      return gc_fail(err, GC_ERR_MEMORY, "out of memory");
    if (!fits)
      break;
    lines += r.lines;
    at.offset += GC_RECORD_HEADER + r.len;
  }
  *ret_end = at;
  return GC_OK;
}

static bool is_before(struct gc_record_place a, struct gc_record_place b) {
  return a.segment < b.segment ||
         (a.segment == b.segment && a.offset < b.offset);
}

enum gc_code gc_spool_commit(struct gc_spool *s, struct gc_record_place end,
                             struct gc_err *err) {
  if (!gc_spool_is_open(s))
    return gc_fail(err, GC_ERR_STATE, "spool %s: not open", s->folder);
  /* Past SpoolMax the segment of these records may be gone already. */
  if (!is_before(s->position, end))
    return GC_OK;
  s->position = end;
  /* Saved first: a segment is not deleted before the position behind it is. */
  GC_TRY(save_position(s, err));
  delete_delivered(s);
  return GC_OK;
}

void gc_spool_stats(struct gc_spool *s, struct gc_spool_stats *ret) {
  struct gc_record_place at = s->position;
  struct gc_record r = {0};
  uint64_t damaged = s->stats.damaged_bytes;
  s->stats.segments = (uint32_t)s->segments.count;
  s->stats.bytes = gc_segments_bytes(&s->segments);
  if (s->segments.count > 0 && s->segments.at[0].number == s->position.segment)
    s->stats.bytes -= s->position.offset < s->stats.bytes ? s->position.offset
                                                          : s->stats.bytes;
  s->stats.oldest_ms = 0;
  if (gc_spool_is_open(s) && next_record(s, &at, &r, NULL) == GC_OK &&
      r.payload != NULL)
    s->stats.oldest_ms = r.time_ms;
  s->stats.damaged_bytes = damaged; /* counted when it is passed for good */
  *ret = s->stats;
}
