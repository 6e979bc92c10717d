/* SPDX-License-Identifier: MIT */
#include "common/daemon/health.h"

#include "collectd.h"
#include "plugin.h"
#include "utils/common/common.h"

#include "common/base/utf8.h"
#include "common/net/clock.h"

static struct gc_health_time current_time(void) {
  return (struct gc_health_time){gc_clock_now_ms(), gc_clock_wall_ms()};
}

struct gc_health *gc_daemon_health_add(enum gc_health_kind kind,
                                       const char *plugin, const char *name,
                                       const char *short_name) {
  struct gc_health_id id = {.kind = kind};
  struct gc_health_time t = current_time();
  gc_utf8_copy_printable(id.plugin, sizeof(id.plugin), plugin, '_');
  gc_utf8_copy_printable(id.name, sizeof(id.name), name, '_');
  gc_utf8_copy_printable(id.short_name, sizeof(id.short_name), short_name, '_');
  return gc_health_add(&id, &t);
}

void gc_daemon_health_note(struct gc_health *h, const char *cause,
                           const struct gc_err *err) {
  struct gc_health_time t = current_time();
  gc_health_note(h, cause, err, &t);
}

void gc_daemon_health_read(struct gc_health *h,
                           const struct gc_health_reading *r) {
  struct gc_health_time t = current_time();
  gc_health_read(h, r, &t);
}

void gc_daemon_health_fail(struct gc_health *h, const struct gc_err *err) {
  struct gc_health_time t = current_time();
  gc_health_fail(h, err, &t);
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
  struct gc_health_time t = current_time();
  while (gc_health_next_event(&event, &t))
    send_notification(&event);
}
