/* SPDX-License-Identifier: MIT */
/* The plugin "genesys_flowmetrics": what flows count themselves. Wiring only:
 * options.c reads the configuration, attributes.c runs a source, ledger.c
 * counts, samples.c makes values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/complain.h"
#include "common/daemon/emit.h"
#include "common/daemon/tap.h"
#include "common/net/account.h"
#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/attributes.h"

static const char name[] = "genesys_flowmetrics";

enum { LOOK_EVERY_S = 1, LAST_MS = 1000 };

/* One <Attributes> block. */
struct block {
  char *name;
  struct attributes_options options;
  struct attributes_config config;
  struct attributes *work;
  char host[DATA_MAX_NAME_LEN]; /* of its values; "": collectd's */
  struct block *next;
};

static struct block *all;
static struct ledger *ledger; /* of all blocks */
static struct gc_tap_ticket *ticket;
static uint32_t interval_ms;
static struct gc_complaints *complaints;
static struct gc_config_seen seen;

static void block_free(struct block *b) {
  attributes_free(b->work);
  attributes_config_clear(&b->config);
  gc_options_clear(attributes_rows, &b->options);
  free(b->name);
  free(b);
}

static enum gc_code check(struct block *b, const char *block,
                          struct gc_err *err) {
  struct gc_err warning = {.code = GC_OK};
  b->name = strdup(block);
  if (b->name == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  GC_TRY(attributes_check(&b->options, &b->config, &warning, err));
  if (warning.code != GC_OK)
    gc_say(complaints, GC_SAY_WARNING, "<Attributes \"%s\">: %s", block,
           warning.text);
  return GC_OK;
}

static enum gc_code read_block(const char *block, void *settings,
                               struct gc_err *err) {
  struct block *b = calloc(1, sizeof(*b));
  if (b == NULL) {
    gc_options_clear(attributes_rows, settings);
    free(settings);
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  }
  b->options = *(struct attributes_options *)settings;
  free(settings);
  enum gc_code code = check(b, block, err);
  if (code != GC_OK) {
    block_free(b);
    return code;
  }
  b->next = all;
  all = b;
  return GC_OK;
}

static const struct gc_block_kind blocks[] = {
    {.key = "Attributes",
     .rows = attributes_rows,
     .size = sizeof(struct attributes_options),
     .help = "One source of events with participant attributes.",
     .named = true,
     .read = read_block},
    {.key = NULL},
};

static int on_config(oconfig_item_t *ci) {
  const struct gc_config config = {
      .plugin = name, .blocks = blocks, .seen = &seen};
  struct gc_err err;
  if (gc_config_read(&config, ci, &err) == GC_OK)
    return 0;
  ERROR("%s", err.text);
  return -1;
}

/* On the threads of sources. */
static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  const struct block *b = ctx;
  char where[DATA_MAX_NAME_LEN + 64];
  snprintf(where, sizeof(where), "attributes-%s, %s", b->name, cause);
  gc_complain(complaints, where, err);
}

/* On the ledger's. */
static void on_ledger_notice(void *ctx, const char *cause,
                             const struct gc_err *err) {
  (void)ctx;
  gc_complain(complaints, cause, err);
}

static bool put_tapped(void *ctx, const char *scope,
                       const struct gc_sample *sample) {
  (void)ctx;
  return gc_tap_emit(ticket, scope, sample) == GC_OK;
}

static int on_look(user_data_t *ud) {
  (void)ud;
  samples_flow(ledger, gc_clock_now_ms(), interval_ms, false, put_tapped, NULL);
  for (struct block *b = all; b != NULL; b = b->next)
    if (b->work != NULL)
      attributes_look(b->work);
  return 0;
}

static int on_read_state(user_data_t *ud) {
  struct block *b = ud->data;
  struct gc_samples out = gc_emit_samples(b->host);
  attributes_state(b->work, (uint32_t)CDTIME_T_TO_MS(plugin_get_interval()),
                   &out);
  return 0;
}

/* The read callback's free_func: values that leave now still reach the
 * writers. What was counted until here goes out. */
static void on_last_look(void *unused) {
  (void)unused;
  for (struct block *b = all; b != NULL; b = b->next)
    attributes_stop(b->work);
  ledger_stop(ledger);
  samples_flow(ledger, gc_clock_now_ms(), interval_ms, true, put_tapped, NULL);
  (void)gc_tap_wait(ticket, LAST_MS);
}

static const char *state_dir(void) {
  static char path[4096];
  const char *dir = gc_accounts_state_dir();
  const char *base = global_option_get("BaseDir");
  if (dir != NULL)
    return dir;
  snprintf(path, sizeof(path), "%s/genesys", base != NULL ? base : ".");
  return path;
}

static enum gc_code start_ledger(struct gc_err *err) {
  struct ledger_settings settings = {.folder = state_dir(),
                                     .wall_ms = gc_clock_wall_ms,
                                     .notice = on_ledger_notice};
  for (const struct block *b = all; b != NULL; b = b->next)
    if (b->config.retention_ms > settings.retention_ms)
      settings.retention_ms = b->config.retention_ms;
  ticket = gc_tap_ticket_new();
  ledger = ticket != NULL
               ? ledger_new(&settings, err)
               : (gc_fail(err, GC_ERR_MEMORY, "out of memory"), NULL);
  if (ledger == NULL)
    return err->code;
  return ledger_start(ledger, err);
}

struct lookup {
  const char *account;
  char *host;
  bool found;
};

static void find_host(void *ctx, const char *account, const char *host) {
  struct lookup *l = ctx;
  if (strcmp(account, l->account) != 0)
    return;
  l->found = true;
  if (host != NULL)
    snprintf(l->host, DATA_MAX_NAME_LEN, "%s", host);
}

static enum gc_code start(struct block *b, struct gc_err *err) {
  const char *account = b->options.account;
  struct lookup lookup = {account, b->host, account == NULL};
  if (account != NULL)
    gc_accounts_each(find_host, &lookup);
  if (!lookup.found)
    return gc_fail(err, GC_ERR_CONFIG, "no <Account \"%.60s\"> is defined",
                   account);
  const struct attributes_settings settings = {.name = b->name,
                                               .scope = b->host,
                                               .ledger = ledger,
                                               .notice = on_notice,
                                               .ctx = b};
  b->work = attributes_start(&b->options, &b->config, &settings, err);
  return b->work != NULL ? GC_OK : err->code;
}

static void register_state(struct block *b) {
  char callback[DATA_MAX_NAME_LEN * 2];
  user_data_t ud = {.data = b};
  snprintf(callback, sizeof(callback), "%s/attributes-%s/state", name, b->name);
  plugin_register_complex_read(name, callback, on_read_state, 0, &ud);
}

static void start_all(void) {
  user_data_t ud = {.data = &all, .free_func = on_last_look};
  for (struct block *b = all; b != NULL; b = b->next) {
    struct gc_err err = {.code = GC_OK};
    if (start(b, &err) == GC_OK)
      register_state(b);
    else
      gc_say(complaints, GC_SAY_ERROR, "<Attributes \"%s\">: %s", b->name,
             err.text);
  }
  plugin_register_complex_read(name, "genesys_flowmetrics/look", on_look,
                               TIME_T_TO_CDTIME_T(LOOK_EVERY_S), &ud);
}

static int on_init(void) {
  struct gc_err err = {.code = GC_OK};
  if (ledger != NULL || all == NULL)
    return 0;
  interval_ms = (uint32_t)CDTIME_T_TO_MS(plugin_get_interval());
  if (gc_tap_register(&err) != GC_OK)
    gc_say(complaints, GC_SAY_WARNING, "%s", err.text);
  if (start_ledger(&err) == GC_OK)
    start_all();
  else
    gc_say(complaints, GC_SAY_ERROR, "%s", err.text);
  return 0;
}

static int on_shutdown(void) {
  ledger_stop(ledger);
  while (all != NULL) {
    struct block *b = all;
    all = b->next;
    block_free(b);
  }
  ledger_free(gc_steal(ledger));
  gc_tap_ticket_free(gc_steal(ticket));
  return 0;
}

GC_API void module_register(void);
void module_register(void) {
  struct gc_err err;
  complaints = gc_complaints_new(name);
  if (complaints == NULL || gc_emit_register(&err) != GC_OK) {
    ERROR("%s: %s", name, complaints == NULL ? "out of memory" : err.text);
    return;
  }
  plugin_register_complex_config(name, on_config);
  plugin_register_init(name, on_init);
  plugin_register_shutdown(name, on_shutdown);
}
