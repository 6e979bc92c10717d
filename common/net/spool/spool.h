/* SPDX-License-Identifier: MIT */
/* A write-ahead spool: lines that were accepted for a receiver and not yet
 * delivered, in append-only files. Not thread-safe: one thread owns it, and it
 * may block for as long as the disk does.
 *
 *   gc_spool_append   durable (fdatasync) when it returns GC_OK
 *   gc_spool_read     the oldest records
 *   gc_spool_commit   they are delivered: saves the position, deletes segments
 *
 * The folder is made with mode 0700 and owned by one process (`lock`). It holds
 *   0000000000000007.seg   records of spool/record, up to a segment's size
 *   position               the read position, twice, with CRCs
 * Records keep the order of the appends. A crash at any moment loses no record
 * that was appended, and repeats at most the records that were read and not
 * committed. When the spool is opened, a torn record at the end of the
 * last segment is cut. A damaged record in the middle is skipped alone, and so
 * are other bytes, as many as there are: a segment is read in pieces. Without a
 * readable position, reading begins with the oldest segment that is left:
 * those before it were delivered and deleted.
 *
 * Past `max_bytes` the oldest segment is deleted. A failed append keeps nothing
 * of its record; the caller keeps the record and tries again. So no restart is
 * needed after a full disk, or after a folder that was missing or not writable.
 * The newest segment is deleted, too, when all of it is delivered and it is
 * large, or the disk is full. */
#ifndef GC_NET_SPOOL_SPOOL_H
#define GC_NET_SPOOL_SPOOL_H

#include "common/base/buf.h"
#include "common/net/spool/record.h"

struct gc_spool_settings {
  const char *folder;     /* copied; its last part is created */
  uint64_t max_bytes;     /* SpoolMax; at least two segments */
  uint32_t segment_bytes; /* 0: max_bytes / 64, within 64 KB … 8 MB */
};

struct gc_spool;

/* Touches no file. NULL: out of memory, or the path is too long. */
GC_API struct gc_spool *gc_spool_new(const struct gc_spool_settings *settings,
                                     struct gc_err *err);
/* Closes the spool and frees it. NULL is allowed. */
GC_API void gc_spool_free(struct gc_spool *s);

/* Opens the folder; nothing happens when it is open. GC_ERR_STATE: it cannot
 * be made, read or written; GC_ERR_UNAVAILABLE: another process owns it. Call
 * it again later. */
GC_API GC_MUST_CHECK enum gc_code gc_spool_open(struct gc_spool *s,
                                                struct gc_err *err);
GC_API bool gc_spool_is_open(const struct gc_spool *s);
/* Closes the files and releases the folder; gc_spool_open continues. */
GC_API void gc_spool_close(struct gc_spool *s);

/* Appends one record. GC_ERR_STATE: the disk is full, the folder was deleted …
 * (a deleted folder also closes the spool); GC_ERR_LIMIT: longer than
 * GC_RECORD_PAYLOAD_MAX. */
GC_API GC_MUST_CHECK enum gc_code gc_spool_append(struct gc_spool *s,
                                                  const struct gc_record *r,
                                                  struct gc_err *err);

/* Appends the payloads of the oldest records to `out`, and sets `ret_end` to
 * the place behind them. The records are whole. Together they have at most
 * `max_lines` lines, but at least one record is read. They fit in out->max, and
 * no damage is between them. If nothing waits, `out` stays empty. */
GC_API GC_MUST_CHECK enum gc_code
gc_spool_read(struct gc_spool *s, uint64_t max_lines, struct gc_buf *out,
              struct gc_record_place *ret_end, struct gc_err *err);

/* Returns the place of the record that is read next. It moves by a commit, and
 * past max_bytes by an append. */
GC_API struct gc_record_place gc_spool_cursor(const struct gc_spool *s);

/* Notes that everything before `end` (of gc_spool_read) is delivered, and
 * deletes the segments before it. If the position cannot be saved
 * (GC_ERR_STATE), it stays in memory: only a restart would send records again,
 * those in the segment of `end`. */
GC_API GC_MUST_CHECK enum gc_code gc_spool_commit(struct gc_spool *s,
                                                  struct gc_record_place end,
                                                  struct gc_err *err);

struct gc_spool_stats {
  uint64_t bytes;         /* waiting, on disk */
  uint32_t segments;      /* files */
  int64_t oldest_ms;      /* when the oldest waiting record was written; 0: none
                             is waiting */
  uint64_t dropped_lines; /* since gc_spool_new: past max_bytes, of whole
                             records. Those of a read that is not committed
                             count with the next read: until then they may be
                             delivered. */
  uint64_t cut_bytes;     /* torn off the end, at an open */
  uint64_t damaged_bytes; /* that were skipped or dropped */
  uint64_t damaged_segment; /* that of the newest cut or damage; 0: none */
};
GC_API void gc_spool_stats(struct gc_spool *s, struct gc_spool_stats *ret);

#endif
