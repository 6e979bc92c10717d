/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/resend.h"

#include <stdio.h>

void influx_resend_note_reply(struct influx_resend *r,
                              const struct gc_reply *reply, uint64_t began_ms,
                              uint64_t now_ms) {
  if (reply->failure != GC_FAILURE_NONE)
    influx_connection_failed(&r->connection);
  else if (influx_connection_answered(&r->connection, reply, began_ms, now_ms))
    r->reconnected = true;
}

bool influx_resend_acknowledge(struct influx_resend *r, struct gc_spool *spool,
                               struct gc_record_place end, uint64_t now_ms,
                               struct gc_err *err) {
  struct gc_record_place old;
  bool reconnected = r->reconnected;
  r->reconnected = false;
  gc_spool_take(spool, end);
  /* Rewind before any line expires, because the time at which the database
   * ended is unknown. */
  if (reconnected &&
      influx_resend_rewind(r, spool, "the connection was closed in between"))
    return false;
  if (r->is_owed || !influx_acks_add(&r->acks, end, now_ms, &old))
    return false;
  (void)!gc_spool_commit(spool, old, err);
  r->rewinds = 0;
  return true;
}

bool influx_resend_rewind(struct influx_resend *r, struct gc_spool *spool,
                          const char *words) {
  if (r->acks.keep_ms == 0)
    return false;
  influx_acks_reset(&r->acks);
  snprintf(r->words, sizeof(r->words), "%s", words);
  r->is_owed |= r->rewinds == INFLUX_REWINDS_MAX;
  if (r->is_owed || !gc_spool_rewind(spool))
    return false;
  r->rewinds++;
  return true;
}

bool influx_resend_when_idle(struct influx_resend *r, struct gc_spool *spool) {
  bool is_owed = r->is_owed;
  r->is_owed = false;
  r->rewinds = 0;
  return is_owed && gc_spool_rewind(spool);
}

bool influx_resend_describe(struct influx_resend *r,
                            const struct gc_spool *spool, struct gc_err *err) {
  uint64_t lines = r->lines - r->reported_lines;
  if (lines == 0 || gc_spool_is_rereading(spool))
    return false;
  r->reported_lines = r->lines;
  (void)gc_fail(err, GC_ERR_NETWORK,
                "%llu lines that the database had acknowledged were sent "
                "again, since it may have lost them: %s",
                (unsigned long long)lines, r->words);
  return true;
}
