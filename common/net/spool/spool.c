/* SPDX-License-Identifier: MIT */
#include "common/net/spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/net/spool/segments.h"
#include "common/net/store/lock_file.h"

enum {
  SEGMENT_MIN = 64 * 1024,
  SEGMENT_MAX = 8 * 1024 * 1024,
  SEGMENTS_MAX = 4096, /* files: restarts may leave small ones */
  NAMES_MAX = 1000,    /* tried for one segment */
  PIECE = 64 * 1024,   /* of a segment, while a record is looked for */
  FAILURES_MAX = 8,    /* with the sender's pauses, about a minute */
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
  struct gc_record_place position; /* of the next read */
  struct gc_record_place read_end; /* end of the newest read; before or at
                                      `position`: nothing is being delivered */
  uint64_t read_dropped_lines;     /* of that read, whose segments are gone */
  uint64_t position_number;        /* of the newest slot that was written */
  uint64_t next_number;            /* of the next segment */
  struct gc_buf record;            /* header and payload of one record */
  uint32_t read_failures;          /* successive ones of gc_spool_read */
  bool passes_bad_sectors;         /* in the present read */
  struct gc_spool_stats stats;
};

static bool is_before(struct gc_record_place a, struct gc_record_place b) {
  return a.segment < b.segment ||
         (a.segment == b.segment && a.offset < b.offset);
}

static void close_fd(int *fd) {
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
}

/* Puts the folder and the failed step in front of the text of `err`. */
static enum gc_code fail_at(const struct gc_spool *s, const char *step,
                            struct gc_err *err) {
  enum gc_code code = err->code;
  return gc_fail_in(err, code, "spool %s: %s: ", s->folder, step);
}

static enum gc_code fail_errno(const struct gc_spool *s, const char *step,
                               struct gc_err *err) {
  return gc_fail(err, GC_ERR_STATE, "spool %s: %s: %s", s->folder, step,
                 strerror(errno));
}

static enum gc_code need_open(const struct gc_spool *s, struct gc_err *err) {
  return gc_spool_is_open(s)
             ? GC_OK
             : gc_fail(err, GC_ERR_STATE, "spool %s: not open", s->folder);
}

/* ---- segments ---- */

/* Returns a descriptor, or -1 and errno. */
static int open_segment(const struct gc_spool *s, uint64_t number, int flags) {
  char name[GC_SEGMENT_NAME_SIZE];
  gc_segment_name(number, name);
  return openat(s->folder_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* A file that stays is deleted at the next open, or read again. */
static void delete_file(struct gc_spool *s, uint64_t number) {
  char name[GC_SEGMENT_NAME_SIZE];
  gc_segment_name(number, name);
  if (s->read_number == number)
    close_fd(&s->read_fd);
  (void)unlinkat(s->folder_fd, name, 0);
}

static void delete_oldest(struct gc_spool *s) {
  delete_file(s, s->segments.at[0].number);
  gc_segments_shift(&s->segments);
}

/* Returns the segment that is written; NULL: there is none. */
static struct gc_segment *newest(struct gc_spool *s) {
  return s->segments.count > 0 ? &s->segments.at[s->segments.count - 1] : NULL;
}

/* Deletes the segments of which all is delivered; the newest one, too, if it
 * has `least` bytes. Returns true if the disk got room. */
static bool delete_delivered(struct gc_spool *s, uint64_t least) {
  bool has_room = false;
  while (s->segments.count > 0) {
    const struct gc_segment *first = &s->segments.at[0];
    bool is_past = first->number < s->position.segment;
    bool is_at_end = first->number == s->position.segment && first->size > 0 &&
                     s->position.offset >= first->size &&
                     (first != newest(s) || first->size >= least);
    if (!is_past && !is_at_end)
      break;
    if (first == newest(s))
      close_fd(&s->write_fd);
    delete_oldest(s);
    has_room = true;
  }
  return has_room;
}

/* GC_ERR_NOT_FOUND, without a text: another program has deleted the file. */
static enum gc_code open_for_reading(struct gc_spool *s, uint64_t number,
                                     struct gc_err *err) {
  if (s->read_fd >= 0 && s->read_number == number)
    return GC_OK;
  close_fd(&s->read_fd);
  s->read_fd = open_segment(s, number, O_RDONLY);
  s->read_number = number;
  if (s->read_fd >= 0)
    return GC_OK;
  return errno == ENOENT ? GC_ERR_NOT_FOUND
                         : fail_errno(s, "cannot open a segment", err);
}

/* ---- the next record ---- */

/* Reads bytes of a segment. Bad sectors are passed over only after
 * FAILURES_MAX reads that failed, because the whole disk may be gone for a
 * while, and the records that are in memory could still be read. */
static enum gc_code read_bytes(struct gc_spool *s,
                               const struct gc_segment *segment, uint64_t from,
                               uint64_t size, struct gc_buf *out,
                               struct gc_err *err) {
  enum gc_code code = s->passes_bad_sectors
                          ? gc_segment_read_damaged(s->read_fd, segment->size,
                                                    from, size, out, err)
                          : gc_segment_read(s->read_fd, from, size, out, err);
  return code == GC_OK ? code : fail_at(s, "cannot read a segment", err);
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
  GC_TRY(read_bytes(s, segment, at.offset, want, &s->record, err));
  *ret_state =
      gc_record_read(gc_buf_string(&s->record), s->record.len, at, ret);
  if (*ret_state != GC_RECORD_SHORT || ret->len == 0 ||
      ret->len > left - GC_RECORD_HEADER)
    return GC_OK;
  GC_TRY(read_bytes(s, segment, at.offset + GC_RECORD_HEADER, ret->len,
                    &s->record, err));
  *ret_state = gc_record_read(s->record.data, s->record.len, at, ret);
  return GC_OK;
}

/* Moves `at` to `to`, over damage. */
static void pass_over(struct gc_spool *s, struct gc_record_place *at,
                      uint64_t to) {
  s->stats.damaged_bytes += to - at->offset;
  s->stats.damaged_segment = at->segment;
  at->offset = to;
}

/* Finds the next whole record behind damage at `at`, or the end of the segment.
 * Reads one piece after the other, since a file system that was repaired may
 * leave a segment of any length. */
static enum gc_code skip_damage(struct gc_spool *s,
                                const struct gc_segment *segment,
                                struct gc_record_place *at,
                                struct gc_record *ret, struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf piece = {.max = PIECE};
  struct gc_record_place next = {at->segment, at->offset + 1};
  while (next.offset < segment->size) {
    enum gc_record_state state = GC_RECORD_DAMAGED;
    uint64_t left = segment->size - next.offset;
    gc_buf_reset(&piece);
    GC_TRY(read_bytes(s, segment, next.offset, left < PIECE ? left : PIECE,
                      &piece, err));
    size_t hit = gc_record_find(gc_buf_string(&piece), piece.len);
    if (hit == piece.len) {
      /* The last bytes may be the first of a record. */
      next.offset += piece.len > GC_RECORD_HEADER ? piece.len - GC_RECORD_HEADER
                                                  : segment->size;
      continue;
    }
    next.offset += hit;
    GC_TRY(load_record(s, segment, next, &state, ret, err));
    if (state == GC_RECORD_WHOLE)
      break;
    next.offset++;
  }
  pass_over(s, at, next.offset < segment->size ? next.offset : segment->size);
  return GC_OK;
}

/* Finds the next whole record from `*at` on, moves `*at` to its beginning and
 * counts the damage that it passes. `ret` borrows s->record; ret->payload is
 * NULL if there is no such record. GC_ERR_STATE: the disk cannot be read. */
static enum gc_code next_record(struct gc_spool *s, struct gc_record_place *at,
                                struct gc_record *ret, struct gc_err *err) {
  enum gc_record_state state = GC_RECORD_DAMAGED;
  for (;;) {
    const struct gc_segment *segment =
        gc_segments_from(&s->segments, at->segment);
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
    enum gc_code code = open_for_reading(s, at->segment, err);
    if (code == GC_ERR_NOT_FOUND) {
      pass_over(s, at, segment->size);
      continue;
    }
    GC_TRY(code);
    GC_TRY(load_record(s, segment, *at, &state, ret, err));
    if (state == GC_RECORD_WHOLE)
      return GC_OK;
    GC_TRY(skip_damage(s, segment, at, ret, err));
  }
}

/* ---- open and close ---- */

static uint32_t segment_size(const struct gc_spool_settings *o) {
  uint64_t size = o->segment_bytes != 0 ? o->segment_bytes : o->max_bytes / 64;
  if (o->segment_bytes == 0 && size < SEGMENT_MIN)
    size = SEGMENT_MIN;
  return (uint32_t)(size < SEGMENT_MAX ? size : SEGMENT_MAX);
}

struct gc_spool *gc_spool_new(const struct gc_spool_settings *o,
                              struct gc_err *err) {
  struct gc_spool *s = gc_zalloc(1, sizeof(*s));
  if (strlen(o->folder) >= sizeof(s->folder)) {
    free(s);
    gc_fail(err, GC_ERR_STATE, OPTION ": the path is too long");
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
  if (gc_segment_read(s->position_fd, 0, GC_POSITION_BYTES, &bytes, err) !=
      GC_OK)
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

/* Cuts what lies behind the last whole record of the newest segment: a record
 * that a crash has torn, or what a repair of the file system has left. With a
 * bad sector the segment stays as it is, and the next append begins another. */
static enum gc_code cut_tail(struct gc_spool *s, struct gc_err *err) {
  struct gc_segment *last = newest(s);
  uint64_t damaged = s->stats.damaged_bytes;
  struct gc_record r = {.payload = ""};
  struct gc_err why;
  struct gc_record_place at = {last->number, 0};
  if (s->position.segment == last->number && s->position.offset <= last->size)
    at = s->position;
  s->write_fd = open_segment(s, last->number, O_RDWR);
  if (s->write_fd < 0)
    return fail_errno(s, "cannot open a segment", err);
  uint64_t end = at.offset;
  enum gc_code code = GC_OK;
  while ((code = next_record(s, &at, &r, &why)) == GC_OK && r.payload != NULL)
    end = at.offset += GC_RECORD_HEADER + r.len;
  s->stats.damaged_bytes = damaged; /* counted when it is read */
  if (code != GC_OK) {
    close_fd(&s->write_fd);
    return GC_OK;
  }
  if (end == last->size)
    return GC_OK;
  s->stats.cut_bytes += last->size - end;
  s->stats.damaged_segment = last->number;
  if (ftruncate(s->write_fd, (off_t)end) != 0)
    return fail_errno(s, "cannot cut a torn record", err);
  last->size = end;
  return GC_OK;
}

/* Makes the next append begin a new segment if it would lie before the read
 * position: it would never be read there. */
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
  (void)delete_delivered(s, SEGMENT_MIN);
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

/* Makes a segment and syncs its entry in the folder: otherwise a crash could
 * lose the whole file. */
static enum gc_code start_segment(struct gc_spool *s, struct gc_err *err) {
  uint64_t number = s->next_number;
  int fd = open_segment(s, number, O_RDWR | O_CREAT | O_EXCL);
  /* A folder or a copied file may have the name. */
  for (int i = 0; fd < 0 && errno == EEXIST && i < NAMES_MAX; i++)
    fd = open_segment(s, ++number, O_RDWR | O_CREAT | O_EXCL);
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

/* Counts the lines of the oldest segment, which is dropped, except those that
 * were delivered. Those of the newest read may still be delivered. */
static void count_dropped(struct gc_spool *s) {
  struct gc_segments all = s->segments;
  struct gc_record_place at = {all.at[0].number, 0};
  struct gc_record r;
  struct gc_err err;
  if (is_before(at, s->position))
    at = s->position;
  if (at.segment != all.at[0].number)
    return;
  s->segments.count = 1; /* the walk ends with the oldest segment */
  while (next_record(s, &at, &r, &err) == GC_OK && r.payload != NULL) {
    if (is_before(at, s->read_end))
      s->read_dropped_lines += r.lines;
    else
      s->stats.dropped_lines += r.lines;
    at.offset += GC_RECORD_HEADER + r.len;
  }
  s->segments.count = all.count;
}

static void drop_past_max(struct gc_spool *s, uint64_t more) {
  while (s->segments.count > 1 && /* the newest is being written */
         (gc_segments_bytes(&s->segments, 0, 0) + more > s->max_bytes ||
          s->segments.count >= SEGMENTS_MAX)) {
    count_dropped(s);
    delete_oldest(s);
  }
  if (s->segments.count > 0 && s->segments.at[0].number > s->position.segment)
    s->position = (struct gc_record_place){s->segments.at[0].number, 0};
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
  const struct gc_segment *last = newest(s);
  close_fd(&s->write_fd);
  if (last->size > 0)
    return;
  delete_file(s, last->number);
  s->segments.count--;
}

static enum gc_code write_record(struct gc_spool *s, struct gc_err *err) {
  struct gc_segment *last = newest(s);
  struct gc_err why = {.code = GC_OK};
  bool is_whole = gc_segment_write(s->write_fd, last->size, s->record.data,
                                   s->record.len, &why) == GC_OK;
  if (is_whole && fdatasync(s->write_fd) == 0) {
    last->size += s->record.len;
    return GC_OK;
  }
  enum gc_code code =
      is_whole ? fail_errno(s, "cannot save lines", err)
               : gc_fail(err, GC_ERR_STATE, "spool %s: cannot save lines: %s",
                         s->folder, why.text);
  (void)!ftruncate(s->write_fd, (off_t)last->size);
  if (is_whole)
    give_up_newest(s);
  return code;
}

static enum gc_code append_once(struct gc_spool *s, const struct gc_record *r,
                                struct gc_err *err) {
  GC_TRY(need_open(s, err));
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

enum gc_code gc_spool_append(struct gc_spool *s, const struct gc_record *r,
                             struct gc_err *err) {
  enum gc_code code = append_once(s, r, err);
  /* What is delivered makes room on a full disk. */
  if (code == GC_ERR_STATE && gc_spool_is_open(s) && delete_delivered(s, 1))
    code = append_once(s, r, err);
  return code;
}

/* ---- read ---- */

/* Ends a read that was not committed. Its records are read again, except those
 * that were dropped meanwhile. */
static void give_up_read(struct gc_spool *s) {
  s->stats.dropped_lines += s->read_dropped_lines;
  s->read_dropped_lines = 0;
  s->read_end = s->position;
}

/* Finds the next record for a read, which repeats after a failure. */
static enum gc_code next_to_read(struct gc_spool *s, struct gc_record_place *at,
                                 struct gc_record *ret, struct gc_err *err) {
  s->passes_bad_sectors = s->read_failures >= FAILURES_MAX;
  enum gc_code code = next_record(s, at, ret, err);
  s->passes_bad_sectors = false;
  return code;
}

enum gc_code gc_spool_read(struct gc_spool *s, uint64_t max_lines,
                           struct gc_buf *out, struct gc_record_place *ret_end,
                           struct gc_err *err) {
  GC_TRY(need_open(s, err));
  give_up_read(s);
  struct gc_record_place at = s->position;
  uint64_t lines = 0;
  for (;;) {
    struct gc_record r;
    const struct gc_record_place before = at;
    uint64_t damaged = s->stats.damaged_bytes;
    enum gc_code code = next_to_read(s, &at, &r, err);
    bool is_first = out->len == 0;
    if (code != GC_OK && is_first) {
      s->read_failures++;
      return code;
    }
    s->read_failures = 0;
    if (is_first)
      s->position = at; /* the damage before it is passed for good */
    else if (code != GC_OK || s->stats.damaged_bytes != damaged) {
      /* The next read begins with the damage: this one may be repeated. */
      s->stats.damaged_bytes = damaged;
      at = before;
      break;
    }
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
  *ret_end = s->read_end = at;
  return GC_OK;
}

struct gc_record_place gc_spool_cursor(const struct gc_spool *s) {
  return s->position;
}

static enum gc_code save_position(struct gc_spool *s, struct gc_err *err) {
  char slot[GC_POSITION_SLOT];
  uint64_t number = s->position_number + 1;
  gc_position_write(number, s->position, slot);
  uint64_t at = number % 2 * GC_POSITION_SLOT;
  if (gc_segment_write(s->position_fd, at, slot, sizeof(slot), err) != GC_OK)
    return fail_at(s, "cannot save the read position", err);
  if (fdatasync(s->position_fd) != 0)
    return fail_errno(s, "cannot save the read position", err);
  s->position_number = number;
  return GC_OK;
}

enum gc_code gc_spool_commit(struct gc_spool *s, struct gc_record_place end,
                             struct gc_err *err) {
  GC_TRY(need_open(s, err));
  s->read_dropped_lines = 0;
  /* Past SpoolMax the segment of these records may be gone already. */
  if (!is_before(s->position, end))
    return GC_OK;
  s->position = end;
  enum gc_code code = save_position(s, err);
  /* The delivered segments are deleted even if the save failed, since a full
   * disk then gets room. With an older position a restart begins with the
   * oldest segment that is left. */
  (void)delete_delivered(s, SEGMENT_MIN);
  return code;
}

void gc_spool_stats(struct gc_spool *s, struct gc_spool_stats *ret) {
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place at = s->position;
  struct gc_record r = {0};
  uint64_t damaged = s->stats.damaged_bytes;
  s->stats.segments = (uint32_t)s->segments.count;
  s->stats.bytes =
      gc_segments_bytes(&s->segments, s->position.segment, s->position.offset);
  s->stats.oldest_ms = 0;
  if (gc_spool_is_open(s) && next_record(s, &at, &r, &err) == GC_OK &&
      r.payload != NULL)
    s->stats.oldest_ms = r.time_ms;
  s->stats.damaged_bytes = damaged; /* counted when it is passed for good */
  *ret = s->stats;
}
