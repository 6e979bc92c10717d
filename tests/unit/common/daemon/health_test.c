/* SPDX-License-Identifier: MIT */
#include "common/daemon/health.h"

#include "collectd.h"
#include "plugin.h"

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

enum { AGO_MS = 10 * 1000 };

static notification_t got;
static int count;
static size_t seen; /* entities that the callback could read */

/* Asks the registry, as a notification's callback may: the registry must hold
 * no lock. */
static int on_notification(const notification_t *n,
                           __attribute__((unused)) user_data_t *ud) {
  const struct gc_health_time now = {gc_clock_now_ms(), gc_clock_wall_ms()};
  struct gc_health_snapshot s;
  got = *n;
  count++;
  gc_health_snapshot_take(&s, &now);
  seen = s.count;
  gc_health_snapshot_clear(&s);
  return 0;
}

static struct gc_health_time some_time_ago(void) {
  return (struct gc_health_time){gc_clock_now_ms() - AGO_MS,
                                 gc_clock_wall_ms() - AGO_MS};
}

/* Makes a block that has been down for AGO_MS. */
static struct gc_health *block_down(enum gc_code code, const char *host) {
  struct gc_health_reading r = {.source_count = 1,
                                .sources = {{"observations", false}}};
  struct gc_err err = {.code = code, .text = "why"};
  gc_health_set_clock(some_time_ago);
  struct gc_health *h = gc_health_add(GC_HEALTH_BLOCK, "", "queues-all", "all");
  gc_health_set_account(h, NULL, host);
  gc_health_note(h, "observations", &err);
  gc_health_read(h, &r);
  gc_health_set_clock(gc_daemon_health_time);
  return h;
}

static void begin_daemon(void) {
  fake_reset();
  plugin_register_notification("test", on_notification, NULL);
  count = 0;
}

static void a_change_is_sent_with_severity_and_identity(void) {
  begin_daemon();
  struct gc_health *h = block_down(GC_ERR_PERMISSION, "genesys-prod");
  gc_daemon_health_notify();
  gc_daemon_health_notify();
  CHECK_INT(count, 1);
  CHECK_INT(got.severity, NOTIF_FAILURE);
  CHECK_STR(got.host, "genesys-prod");
  CHECK_STR(got.plugin, "genesys");
  CHECK_STR(got.plugin_instance, "queues-all");
  CHECK_STR(got.type, "health");
  CHECK_STR(got.type_instance, "");
  CHECK_STR(got.message,
            "queues-all: permission_missing (was starting): observations: why");
  CHECK(CDTIME_T_TO_MS(got.time) <= (uint64_t)gc_clock_wall_ms() - AGO_MS);
  gc_health_remove(h);
}

static void no_lock_is_held_while_a_notification_is_sent(void) {
  begin_daemon();
  struct gc_health *h = block_down(GC_ERR_NETWORK, NULL);
  gc_daemon_health_notify();
  CHECK_INT(seen, 1);
  CHECK_STR(got.host, hostname_g);
  gc_health_remove(h);
}

int main(void) {
  RUN(a_change_is_sent_with_severity_and_identity);
  RUN(no_lock_is_held_while_a_notification_is_sent);
  fake_reset();
  return check_done();
}
