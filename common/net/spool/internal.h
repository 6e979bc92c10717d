/* SPDX-License-Identifier: MIT */
/* Shared by spool.c (open), spool_read.c (read, commit) and spool_append.c. */
#ifndef GC_NET_SPOOL_INTERNAL_H
#define GC_NET_SPOOL_INTERNAL_H

#include "common/net/spool/segments.h"
#include "common/net/spool/spool.h"
#include "common/net/store/lock_file.h"

enum { SPOOL_SEGMENT_MAX = 8 * 1024 * 1024 };

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
  /* position <= cursor <= delivered, except while records are read again:
   * cursor < delivered. */
  struct gc_record_place position;  /* of the oldest record that is kept */
  struct gc_record_place cursor;    /* of the next read */
  struct gc_record_place delivered; /* end of all records that were taken */
  struct gc_record_place read_end;  /* end of the newest read; before or at
                                       `cursor`: nothing is being delivered */
  uint64_t read_dropped_lines;      /* of that read, whose segments are gone */
  uint64_t position_number;         /* of the newest slot that was written */
  uint64_t next_number;             /* of the next segment */
  struct gc_buf record;             /* header and payload of one append */
  uint32_t read_failures;           /* successive ones of gc_spool_read */
  bool passes_bad_sectors;          /* in the present read */
  struct gc_spool_stats stats;
};

/* True if `a` lies before `b`. */
bool spool_is_before(struct gc_record_place a, struct gc_record_place b);
/* Moves `cursor` and `delivered` up to the position, which has moved. */
void spool_follow_position(struct gc_spool *s);
/* Closes a descriptor that is open and sets it to -1. */
void spool_close_fd(int *fd);
/* Puts the folder and the failed step before the text of `err`, which is not
 * NULL, and returns its code. */
enum gc_code spool_fail_at(const struct gc_spool *s, const char *step,
                           struct gc_err *err);
/* Fills `err` with the folder, the failed step and the text of errno; returns
 * GC_ERR_STATE. */
enum gc_code spool_fail_errno(const struct gc_spool *s, const char *step,
                              struct gc_err *err);
/* Returns GC_ERR_STATE while the spool is closed. */
enum gc_code spool_need_open(const struct gc_spool *s, struct gc_err *err);

/* Finds the next whole record from `*at` on, moves `*at` to its beginning and
 * counts the damage that it passes. `ret` borrows s->record; ret->payload is
 * NULL if there is no such record. GC_ERR_STATE: the disk cannot be read. */
GC_MUST_CHECK enum gc_code spool_next_record(struct gc_spool *s,
                                             struct gc_record_place *at,
                                             struct gc_record *ret,
                                             struct gc_err *err);

/* Returns a descriptor, or -1 and errno. */
int spool_open_segment(const struct gc_spool *s, uint64_t number, int flags);
/* Returns the segment that is written; NULL: there is none. */
struct gc_segment *spool_newest(struct gc_spool *s);
/* Deletes the file of a segment. A file that stays is deleted at the next open,
 * or read again. */
void spool_delete_file(struct gc_spool *s, uint64_t number);
/* Deletes the oldest segment. */
void spool_delete_oldest(struct gc_spool *s);
/* Deletes the segments before the read position. */
void spool_delete_delivered(struct gc_spool *s);
/* Writes and syncs the read position. */
GC_MUST_CHECK enum gc_code spool_save_position(struct gc_spool *s,
                                               struct gc_err *err);

#endif
