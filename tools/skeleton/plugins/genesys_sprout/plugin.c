/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_sprout". This file is wiring: options.c has the rows,
 * watch.c sends the requests, and decode.c and samples.c turn answers into
 * values. */
#include "plugin.h"
#include "collectd.h"

#include "common/daemon/plugin_base.h"
#include "common/net/account.h"
#include "plugins/genesys_sprout/options.h"
#include "plugins/genesys_sprout/watch.h"

static struct gc_plugin plugin;

/* One <Sprout> block. */
struct sprout_block {
  struct gc_block base;
  struct watch *work;
};

static enum gc_code start_block(struct gc_block *b, struct gc_err *err) {
  const struct sprout_options *o = b->options;
  struct sprout_block *block = (struct sprout_block *)b;
  GC_TRY(gc_block_use_account(b, o->account, err));
  struct watch_deps deps = {.loop = gc_account_parts(b->account)->loop,
                            .env = gc_account_parts(b->account)->env,
                            .api = gc_account_parts(b->account)->api};
  block->work = watch_new(&deps, o->every_s * 1000, gc_block_notice, b);
  return block->work != NULL ? GC_OK
                             : gc_fail(err, GC_ERR_MEMORY, "out of memory");
}

static void read_state(struct gc_block *b, uint32_t interval_ms,
                       const struct gc_samples *out) {
  watch_read(((struct sprout_block *)b)->work, b->instance, interval_ms, out);
}

static void clear_block(struct gc_block *b) {
  watch_free(((struct sprout_block *)b)->work);
}

static const struct gc_block_class sprout_class = {
    .prefix = "sprout",
    .rows = sprout_rows,
    .size = sizeof(struct sprout_block),
    .start = start_block,
    .read_state = read_state,
    .clear = clear_block};

static enum gc_code read_sprout(const char *name, void *options,
                                struct gc_err *err) {
  return gc_plugin_add(&plugin, &sprout_class, name, options, err);
}

static const struct gc_block_kind kinds[] = {
    {.key = "Sprout",
     .rows = sprout_rows,
     .size = sizeof(struct sprout_options),
     .help = "The number of queues that an account can see.",
     .named = true,
     .read = read_sprout},
    {.key = NULL},
};

static struct gc_plugin plugin = {.name = "genesys_sprout", .kinds = kinds};

GC_API void module_register(void);
void module_register(void) { gc_plugin_register(&plugin); }
