/* SPDX-License-Identifier: MIT */
/* The files of a spool's folder: names, the list, reading and writing. For the
 * spool only. */
#ifndef GC_NET_SPOOL_SEGMENTS_H
#define GC_NET_SPOOL_SEGMENTS_H

#include "common/base/buf.h"

#include <stdint.h>

enum { GC_SEGMENT_NAME_SIZE = 24 };

struct gc_segment {
  uint64_t number;
  uint64_t size; /* bytes that count; more may follow after a failed append */
};

/* Oldest first. */
struct gc_segments {
  struct gc_segment *at;
  size_t count, room;
};

void gc_segments_clear(struct gc_segments *list);
GC_MUST_CHECK enum gc_code gc_segments_add(struct gc_segments *list,
                                           uint64_t number, uint64_t size);
/* Removes the oldest from the list; not its file. */
void gc_segments_shift(struct gc_segments *list);
/* Returns the first segment from `number` on; NULL: none. */
const struct gc_segment *gc_segments_from(const struct gc_segments *list,
                                          uint64_t number);
/* Returns the bytes from `offset` of the segment `number` on. */
uint64_t gc_segments_bytes(const struct gc_segments *list, uint64_t number,
                           uint64_t offset);

/* Writes the name of a segment's file: "0000000000000007.seg". */
void gc_segment_name(uint64_t number, char out[GC_SEGMENT_NAME_SIZE]);

/* Lists the segments of an open folder and skips other files. An error has the
 * text of errno, without a path. */
GC_MUST_CHECK enum gc_code
gc_segments_list(int folder_fd, struct gc_segments *list, struct gc_err *err);
/* Appends the bytes of a file from `from` on to `out`, `size` at most. */
GC_MUST_CHECK enum gc_code gc_segment_read(int fd, uint64_t from, uint64_t size,
                                           struct gc_buf *out,
                                           struct gc_err *err);
/* Does gc_segment_read for a segment of `segment_size` bytes. Bytes on bad
 * sectors are 0, so that their records are damaged. GC_ERR_STATE: nothing of
 * the segment can be read, as while the disk is gone. */
GC_MUST_CHECK enum gc_code
gc_segment_read_damaged(int fd, uint64_t segment_size, uint64_t from,
                        uint64_t size, struct gc_buf *out, struct gc_err *err);
/* Writes all bytes at `at`. GC_ERR_STATE: a part of them may be there. */
GC_MUST_CHECK enum gc_code gc_segment_write(int fd, uint64_t at,
                                            const char *bytes, size_t len,
                                            struct gc_err *err);

#endif
