/* SPDX-License-Identifier: MIT */
#include "common/daemon/health.h"

#include "collectd.h"
#include "plugin.h"
#include "utils/common/common.h"

#include "common/net/clock.h"

struct gc_health_time gc_daemon_health_time(void) {
  return (struct gc_health_time){gc_clock_now_ms(), gc_clock_wall_ms()};
}

static void send_notification(const struct gc_health_event *event) {
  static const int severities[] = {
      [GC_HEALTH_OKAY] = NOTIF_OKAY,
      [GC_HEALTH_WARNING] = NOTIF_WARNING,
      [GC_HEALTH_FAILURE] = NOTIF_FAILURE,
  };
  const struct gc_health_id *id = &event->id;
  notification_t n = {.severity =
                          severities[gc_health_row(event->state)->severity],
                      .time = MS_TO_CDTIME_T(event->since.wall_ms)};
  char message[GC_HEALTH_MESSAGE_SIZE];
  gc_health_event_message(event, message);
  sstrncpy(n.message, message, sizeof(n.message));
  sstrncpy(n.host, id->host[0] != '\0' ? id->host : hostname_g, sizeof(n.host));
  sstrncpy(n.plugin, "genesys", sizeof(n.plugin));
  sstrncpy(n.plugin_instance, id->name, sizeof(n.plugin_instance));
  sstrncpy(n.type, "health", sizeof(n.type));
  (void)plugin_dispatch_notification(&n);
}

void gc_daemon_health_notify(void) {
  struct gc_health_event event;
  while (gc_health_next_event(&event))
    send_notification(&event);
}
