/* SPDX-License-Identifier: MIT */
#include "common/net/channels/id_store.h"

static void report_outcome(const struct gc_id_store *ids,
                           const struct gc_err *err) {
  if (err->code == GC_ERR_UNAVAILABLE) /* the store reports the reason */
    return;
  ids->env->notice(ids->env->ctx, "state", err);
}

enum gc_code gc_id_store_load(struct gc_id_store *ids, struct gc_err *err) {
  GC_AUTO(gc_buf_wipe) struct gc_buf text = {.max = GC_CHANNEL_TEXT_MAX};
  if (ids->is_loaded || ids->store == NULL)
    return GC_OK;
  err->code =
      gc_store_load_channel(ids->store, ids->account, ids->number, &text, err);
  if (err->code == GC_ERR_UNAVAILABLE && gc_store_is_held(ids->store))
    return err->code;
  /* The stream does not wait for a file that cannot be opened for another
   * reason. */
  ids->is_loaded = true;
  if (err->code != GC_OK)
    report_outcome(ids, err);
  else if (text.len > 0)
    (void)!gc_channel_id_read(text.data, &ids->id);
  return GC_OK;
}

void gc_id_store_save(const struct gc_id_store *ids) {
  GC_AUTO(gc_buf_wipe) struct gc_buf text = {.max = GC_CHANNEL_TEXT_MAX};
  struct gc_err err = {.code = GC_OK};
  if (ids->store == NULL)
    return;
  enum gc_code code = GC_OK;
  if (ids->id.id != NULL)
    code = gc_channel_id_write(&ids->id, &text);
  if (code == GC_OK)
    code = gc_store_save_channel(ids->store, ids->account, ids->number,
                                 gc_buf_string(&text), &err);
  err.code = code;
  report_outcome(ids, &err);
}
