/* SPDX-License-Identifier: MIT */
#include "probe/network/names.h"

struct name_wait {
  struct gc_names_listener listener;
  struct gc_account *account;
  struct gc_entities *entities;
  struct probe_wait wait;
};

static void on_names(void *ctx, struct gc_entities *entities) {
  struct name_wait *n = ctx;
  if (n->entities == NULL)
    n->entities = gc_entities_get(entities);
  probe_wait_end(&n->wait);
}

static void begin_listening(void *ctx) {
  struct name_wait *n = ctx;
  gc_names_listen(gc_account_names(n->account), &n->listener);
}

static void end_listening(void *ctx) {
  struct name_wait *n = ctx;
  gc_names_unlisten(gc_account_names(n->account), &n->listener);
}

struct gc_entities *probe_names_read(const struct probe_reporter *r,
                                     struct gc_account *a,
                                     enum gc_name_kind kind) {
  struct name_wait n = {
      .listener = {.kind = kind, .changed = on_names, .ctx = &n}, .account = a};
  (void)probe_wait_run(&n.wait, gc_account_loop(a), begin_listening,
                       end_listening, &n,
                       probe_left_ms(r, PROBE_STEP_LIMIT_MS));
  return n.entities;
}
