/* SPDX-License-Identifier: MIT */
#include "common/daemon/log.h"
#include "common/daemon/plugin_base.h"

#include <stdio.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/health.h"
#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

/* A plugin of <Thing> blocks that note their calls. */
struct thing_options {
  char *account; /* never looked up */
  char *failing; /* the callback that fails */
  uint32_t series_max;
};

struct thing {
  struct gc_block base;
  int reads, last_reads;
};

static const struct gc_opt thing_rows[] = {
    GC_OPT_STR(struct thing_options, account, "Account", NULL, 0, "Account.",
               "prod"),
    GC_OPT_STR(struct thing_options, failing, "Failing", NULL, 0, "What fails.",
               "account"),
    GC_OPT_INT(struct thing_options, series_max, "MaxSeries", "7", 1, 9,
               "series", "Series.", "8"),
    GC_OPT_END};

static struct gc_plugin plugin;
static int cleared, last_reads;

static bool must_fail(const struct gc_block *b, const char *by) {
  const struct thing_options *o = b->options;
  return o->failing != NULL && strcmp(o->failing, by) == 0;
}

static enum gc_code check_block(struct gc_block *b, struct gc_err *warning,
                                struct gc_err *err) {
  if (must_fail(b, "warning"))
    gc_fail(warning, GC_ERR_CONFIG, "the check warns");
  if (must_fail(b, "check"))
    return gc_fail(err, GC_ERR_CONFIG, "the check fails");
  return GC_OK;
}

static bool account_is_defined;

static enum gc_code check_account(const struct gc_block *b,
                                  struct gc_err *err) {
  return must_fail(b, "defined") && account_is_defined
             ? gc_fail(err, GC_ERR_CONFIG, "the account does not fit")
             : GC_OK;
}

static enum gc_code start_block(struct gc_block *b, struct gc_err *err) {
  if (must_fail(b, "account"))
    return gc_block_use_account(b, "none", err);
  gc_block_plan(b, GC_ENDPOINT_QUEUES, 2);
  gc_block_plan(b, GC_ENDPOINT_QUEUE_OBSERVATIONS, 6);
  gc_block_plan(b, GC_ENDPOINT_QUEUES, 0); /* no more */
  return GC_OK;
}

static void read_new(struct gc_block *b) { ((struct thing *)b)->reads++; }
static void read_last(struct gc_block *b) {
  last_reads += ((struct thing *)b)->reads;
}

static void read_state(struct gc_block *b, uint32_t interval_ms,
                       const struct gc_samples *out) {
  const struct gc_sample sample = {.metric = GC_METRIC_SOURCE_UP,
                                   .instance = b->instance,
                                   .qualifier = "x",
                                   .interval_ms = interval_ms,
                                   .values = {{.gauge = 1}}};
  out->put(out->ctx, &sample);
}

static void clear_block(struct gc_block *b) {
  (void)b;
  cleared++;
}

static const struct gc_block_class things = {.prefix = "things",
                                             .rows = thing_rows,
                                             .size = sizeof(struct thing),
                                             .check = check_block,
                                             .check_account = check_account,
                                             .start = start_block,
                                             .read_new = read_new,
                                             .read_state = read_state,
                                             .read_last = read_last,
                                             .clear = clear_block};

static enum gc_code read_thing(const char *name, void *options,
                               struct gc_err *err) {
  return gc_plugin_add(&plugin, &things, name, options, err);
}

static const struct gc_block_kind kinds[] = {
    {.key = "Thing",
     .rows = thing_rows,
     .size = sizeof(struct thing_options),
     .help = "",
     .named = true,
     .read = read_thing},
    {.key = NULL},
};

static int configure_plugin(const char *text) {
  fake_reset();
  gc_config_seen_clear(&plugin.seen);
  gc_log_free(plugin.log);
  plugin = (struct gc_plugin){.name = "genesys_things", .kinds = kinds};
  cleared = last_reads = 0;
  gc_plugin_register(&plugin);
  return fake_config(text);
}

static void each_block_is_started_read_and_ended(void) {
  CHECK_INT(configure_plugin(
                "<Plugin genesys_things>\n<Thing \"a\">\n</Thing>\n"
                "<Thing \"b\">\nFailing \"none\"\n</Thing>\n</Plugin>\n"),
            0);
  CHECK_INT(fake_init(), 0);
  /* A tenth of the second is left for the writer. */
  int64_t every_ms = fake_read_interval_ms("genesys_things/things-a");
  CHECK(every_ms > 0 && every_ms <= 900);
  CHECK_INT(fake_read_interval_ms("genesys_things/things-b/state"), 0);
  CHECK_INT(fake_read("genesys_things/things-a"), 0);
  CHECK_INT(fake_read("genesys_things/things-b"), 0);
  CHECK_INT(fake_read("genesys_things/things-b"), 0);
  CHECK_INT(fake_read("genesys_things/things-b/state"), 0);
  CHECK_REAL(fake_gauge("genesys-things-b/source_up-x"), 1);
  CHECK_REAL(fake_gauge("genesys-things-b/series_max"), 7);
  CHECK_INT(fake_value_count(), 2);
  fake_shutdown();
  CHECK_INT(last_reads, 3);
  CHECK_INT(cleared, 2);
}

static void a_block_that_cannot_start_costs_only_itself(void) {
  CHECK_INT(configure_plugin(
                "<Plugin genesys_things>\n<Thing \"a\">\nFailing \"account\"\n"
                "</Thing>\n<Thing \"b\">\nFailing \"none\"\n</Thing>\n"
                "</Plugin>\n"),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_log_has("ERROR genesys_things: <Thing \"a\">: "));
  CHECK(!fake_has("read", "genesys_things/things-a"));
  CHECK(!fake_has("read", "genesys_things/things-a/state"));
  CHECK(fake_has("read", "genesys_things/things-b"));
  fake_shutdown();
  CHECK_INT(cleared, 2);
}

static void a_check_beyond_the_rows_fails_or_warns(void) {
  CHECK(configure_plugin(
            "<Plugin genesys_things>\n<Thing \"a\">\nFailing \"check\"\n"
            "</Thing>\n</Plugin>\n") != 0);
  CHECK(fake_log_has("ERROR genesys_things: <Thing \"a\">: the check fails"));
  CHECK_INT(cleared, 1);
  CHECK(plugin.blocks == NULL);
  CHECK_INT(configure_plugin(
                "<Plugin genesys_things>\n<Thing \"a\">\nFailing \"warning\"\n"
                "</Thing>\n</Plugin>\n"),
            0);
  CHECK(fake_log_has("WARNING genesys_things: <Thing \"a\">: the check warns"));
  fake_shutdown();
}

/* The account follows the block in the file, or comes before it. */
static void a_block_is_checked_against_its_account(void) {
  static const char text[] =
      "<Plugin genesys_things>\n<Thing \"a\">\nFailing \"defined\"\n</Thing>\n"
      "<Thing \"b\">\n</Thing>\n</Plugin>\n";
  account_is_defined = false;
  CHECK_INT(configure_plugin(text), 0);
  gc_plugins_check();
  CHECK_INT(fake_log_count(), 0);
  account_is_defined = true;
  gc_plugins_check(); /* as genesys-probe does */
  CHECK_INT(fake_log_count(), 1);
  CHECK_STR(fake_log(0),
            "ERROR genesys_things: <Thing \"a\">: the account does not fit");
  CHECK_INT(fake_init(), 0);
  CHECK_INT(fake_log_count(), 2);
  CHECK(!fake_has("read", "genesys_things/things-a"));
  CHECK(fake_has("read", "genesys_things/things-b"));
  fake_shutdown();
  CHECK(configure_plugin(text) != 0);
  CHECK_HAS(fake_log(fake_log_count() - 1), "the account does not fit");
  fake_shutdown();
}

static void two_names_that_become_one_are_refused(void) {
  CHECK(configure_plugin("<Plugin genesys_things>\n<Thing \"a/b\">\n</Thing>\n"
                         "<Thing \"a_b\">\n</Thing>\n</Plugin>\n") != 0);
  CHECK(fake_log_has("ERROR genesys_things: <Thing \"a_b\">: its name is too "
                     "similar to that of <Thing \"a/b\">: both become "
                     "\"things-a_b\""));
  fake_shutdown();
}

static void a_block_reports_its_own_errors_only(void) {
  struct gc_err err;
  CHECK_INT(configure_plugin(
                "<Plugin genesys_things>\n<Thing \"a\">\nFailing \"none\"\n"
                "</Thing>\n</Plugin>\n"),
            0);
  gc_fail(&err, GC_ERR_AUTH, "the token is refused");
  gc_block_notice(plugin.blocks, "queue", &err);
  CHECK(fake_log_has(
      "ERROR genesys_things: things-a, queue: the token is refused"));
  fake_log_clear();
  plugin.blocks->account = (struct gc_account *)&err; /* any pointer */
  gc_block_notice(plugin.blocks, "observations", &err);
  CHECK_INT(fake_log_count(), 0);
  gc_fail(&err, GC_ERR_PARSE, "no JSON");
  gc_block_notice(plugin.blocks, "observations", &err);
  CHECK(
      fake_log_has("WARNING genesys_things: things-a, observations: no JSON"));
  gc_fail(&err, GC_ERR_THROTTLED, "wait");
  gc_block_notice_own(plugin.blocks, "stream", &err); /* its own socket */
  CHECK(fake_log_has("WARNING genesys_things: things-a, stream: wait"));
  plugin.blocks->account = NULL;
  fake_shutdown();
}

/* Returns the health of the one block there is. */
static struct gc_health_entity health_now(void) {
  const struct gc_health_time now = {gc_clock_now_ms(), gc_clock_wall_ms()};
  struct gc_health_entity entity = {.state = GC_HEALTH_STATE_COUNT};
  struct gc_health_snapshot s;
  gc_health_snapshot_take(&s, &now);
  CHECK_INT(s.count, 1);
  if (s.count > 0)
    entity = s.at[0];
  gc_health_snapshot_clear(&s);
  return entity;
}

static void a_block_publishes_its_health(void) {
  struct gc_err err;
  CHECK_INT(
      configure_plugin("<Plugin genesys_things>\n<Thing \"a\">\n</Thing>\n"
                       "</Plugin>\n"),
      0);
  CHECK_INT(fake_init(), 0);
  CHECK_INT(health_now().state, GC_HEALTH_STARTING);
  CHECK_STR(health_now().id.name, "things-a");
  CHECK_STR(health_now().id.short_name, "a");
  CHECK_INT(fake_read("genesys_things/things-a/health"), 0);
  CHECK_INT(health_now().state, GC_HEALTH_UP);
  CHECK_INT(fake_value_count(), 0); /* that read dispatches nothing */
  gc_fail(&err, GC_ERR_LIMIT, "too many");
  gc_block_notice(plugin.blocks, "series", &err);
  CHECK_INT(health_now().state, GC_HEALTH_LIMIT);
  fake_shutdown();
  const struct gc_health_time now = {gc_clock_now_ms(), gc_clock_wall_ms()};
  struct gc_health_snapshot s;
  gc_health_snapshot_take(&s, &now);
  CHECK_INT(s.count, 0);
  gc_health_snapshot_clear(&s);
}

/* A thread that runs before the blocks start may report about them. */
static void a_block_has_its_health_before_the_start(void) {
  struct gc_err err;
  CHECK_INT(
      configure_plugin("<Plugin genesys_things>\n<Thing \"a\">\n</Thing>\n"
                       "</Plugin>\n"),
      0);
  CHECK_INT(health_now().state, GC_HEALTH_STARTING);
  gc_fail(&err, GC_ERR_STATE, "moved aside");
  gc_health_note(plugin.blocks->health, "state", &err);
  CHECK_INT(fake_init(), 0);
  CHECK_INT(health_now().state, GC_HEALTH_STATE);
  fake_shutdown();
}

static void a_block_that_cannot_start_is_down(void) {
  CHECK_INT(configure_plugin("<Plugin genesys_things>\n<Thing \"a\">\n"
                             "Failing \"account\"\n</Thing>\n</Plugin>\n"),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK_INT(health_now().state, GC_HEALTH_DOWN);
  fake_shutdown();
}

static char listed[256];

static void list_plan(void *ctx, const struct gc_block *b,
                      enum gc_endpoint_id endpoint, double per_minute) {
  size_t len = strlen(ctx);
  snprintf((char *)ctx + len, 100 - len, "%s %s %g\n", b->instance,
           gc_endpoint(endpoint)->function, per_minute);
}

static void the_plan_of_an_account_has_its_running_blocks(void) {
  char text[100] = "";
  CHECK_INT(
      configure_plugin("<Plugin genesys_things>\n"
                       "<Thing \"a\">\nAccount \"prod\"\n</Thing>\n"
                       "<Thing \"b\">\nAccount \"prod\"\nFailing \"account\"\n"
                       "</Thing>\n<Thing \"c\">\nAccount \"other\"\n</Thing>\n"
                       "<Thing \"d\">\n</Thing>\n</Plugin>\n"),
      0);
  CHECK_INT(fake_init(), 0);
  gc_account_plan("prod", list_plan, text);
  CHECK_STR(text, "things-a queue_observations 6\n");
  fake_shutdown();
}

static void list_block(void *ctx, struct gc_block *b) {
  size_t len = strlen(listed);
  const char *account = gc_block_account(b);
  (void)ctx;
  snprintf(listed + len, sizeof(listed) - len, "%s <%s %s> %s; ",
           b->plugin->name, gc_block_kind_name(b), b->name,
           account != NULL ? account : "none");
}

static void a_probe_sees_the_blocks_in_the_order_of_the_file(void) {
  CHECK_INT(
      configure_plugin("<Plugin genesys_things>\n<Thing \"b\">\n"
                       "Account \"prod\"\n</Thing>\n<Thing \"a\">\n</Thing>\n"
                       "</Plugin>\n"),
      0);
  gc_plugin_register(&plugin); /* again: it is listed once */
  listed[0] = '\0';
  gc_plugins_each(list_block, NULL);
  CHECK_STR(listed, "genesys_things <Thing b> prod; "
                    "genesys_things <Thing a> none; ");
  fake_shutdown();
  listed[0] = '\0';
  gc_plugins_each(list_block, NULL);
  CHECK_STR(listed, "");
}

int main(void) {
  RUN(each_block_is_started_read_and_ended);
  RUN(a_block_that_cannot_start_costs_only_itself);
  RUN(a_check_beyond_the_rows_fails_or_warns);
  RUN(a_block_is_checked_against_its_account);
  RUN(two_names_that_become_one_are_refused);
  RUN(a_block_reports_its_own_errors_only);
  RUN(a_block_publishes_its_health);
  RUN(a_block_has_its_health_before_the_start);
  RUN(a_block_that_cannot_start_is_down);
  RUN(a_probe_sees_the_blocks_in_the_order_of_the_file);
  RUN(the_plan_of_an_account_has_its_running_blocks);
  gc_config_seen_clear(&plugin.seen);
  gc_log_free(plugin.log);
  fake_reset();
  return check_done();
}
