/* SPDX-License-Identifier: MIT */
#include "common/export/series.h"

#include <stdio.h>

#include "common/genesys/parts.h"
#include "tests/support/check.h"

static struct gc_export_identity identity_of(const char *instance,
                                             const char *type,
                                             const char *type_instance,
                                             const char *parts) {
  return (struct gc_export_identity){.host = "h",
                                     .plugin = "genesys",
                                     .plugin_instance = instance,
                                     .type = type,
                                     .type_instance = type_instance,
                                     .source = "value",
                                     .is_only_source = true,
                                     .parts = parts};
}

/* "family{name=value,…}" */
static const char *print_series(const struct gc_export_identity *id, char *out,
                                size_t size) {
  static struct gc_export_series s;
  if (!gc_export_series_make(id, &s))
    return "no series";
  size_t len = (size_t)snprintf(out, size, "%s{", s.family);
  for (size_t i = 0; i < s.label_count; i++)
    len += (size_t)snprintf(out + len, size - len, "%s%s=%s", i > 0 ? "," : "",
                            s.labels[i].name, s.labels[i].value);
  snprintf(out + len, size - len, "}");
  return out;
}

static void our_values_have_the_names_of_the_guides(void) {
  static const struct {
    const char *instance, *type, *type_instance, *parts, *want;
  } rows[] = {
      {"Sales", "queue_depth", "voice", "queue_id=q1\n",
       "genesys_queue_depth{queue_id=q1,queue_name=Sales,media_type=voice,"
       "host=h}"},
      {"Sales", "queue_depth", "all", "queue_id=q1\n" GC_PART_GUIDE "=1\n",
       "genesys_queue_depth{queue_id=q1,queue_name=Sales,media_type=all,"
       "host=h}"},
      {"Sales", "queue_wait_time_seconds_bucket", "voice-le-8", "queue_id=q1\n",
       "genesys_queue_wait_time_seconds{queue_id=q1,queue_name=Sales,"
       "media_type=voice,le=8.0,host=h}"},
      {"Sales", "queue_wait_time_seconds_bucket", "voice-le-0.5", NULL,
       "genesys_queue_wait_time_seconds{queue_name=Sales,media_type=voice,"
       "le=0.5,host=h}"},
      {"Sales", "queue_wait_time_seconds_bucket", "voice-le-+Inf", NULL,
       "genesys_queue_wait_time_seconds{queue_name=Sales,media_type=voice,"
       "le=+Inf,host=h}"},
      {"Sales", "queue_wait_time_seconds_sum", "voice", NULL,
       "genesys_queue_wait_time_seconds{queue_name=Sales,media_type=voice,"
       "host=h}"},
      {"Sales", "queue_sla_breach", "voice-20", NULL,
       "genesys_queue_sla_breach{queue_name=Sales,media_type=voice,"
       "sla_target_seconds=20,host=h}"},
      {"Sales", "state_changes", "voice-waiting-active", NULL,
       "genesys_state_changes{queue_name=Sales,media_type=voice,"
       "from_state=waiting,to_state=active,host=h}"},
      {"Sales", "state_changes_wrapup", "voice-active-wrapup-Call-back later",
       NULL,
       "genesys_state_changes{queue_name=Sales,media_type=voice,"
       "from_state=active,to_state=wrapup,wrap_up_code=Call-back later,"
       "host=h}"},
      {"Sales", "queue_agents", "on_queue", NULL,
       "genesys_queue_agents{queue_name=Sales,status=on_queue,host=h}"},
      {"Sales", "queue_longest_wait", "voice", NULL,
       "genesys_queue_longest_wait_seconds{queue_name=Sales,media_type=voice,"
       "host=h}"},
      {"IVR", "flow_metric", "Opt-Out", NULL,
       "genesys_flow_metric{flow_name=IVR,metric=Opt-Out,host=h}"},
      {"queues-all", "events", "malformed-frame", NULL,
       "genesys_events{block=queues-all,result=malformed-frame,host=h}"},
      {"account-prod", "api_requests", "queue_details-2xx", NULL,
       "genesys_api_requests{account=prod,function=queue_details,class=2xx,"
       "host=h}"},
      {"account-prod", "api_bytes", "", NULL,
       "genesys_api_bytes{account=prod,host=h}"},
      {"account-prod", "version", "1.0-2", NULL,
       "genesys_version{account=prod,version=1.0-2,host=h}"},
      {"account-prod", "state_up", "state_db", NULL,
       "genesys_state_up{account=prod,store=state_db,host=h}"},
      {"attributes-ivr", "state_up", "sqlite", NULL,
       "genesys_state_up{block=attributes-ivr,store=sqlite,host=h}"},
  };
  char out[1024];
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].want);
    struct gc_export_identity id = identity_of(
        rows[i].instance, rows[i].type, rows[i].type_instance, rows[i].parts);
    CHECK_STR(print_series(&id, out, sizeof(out)), rows[i].want);
  }
}

static void parts_divide_a_name_that_contains_hyphens(void) {
  static const struct {
    const char *instance, *parts, *want;
  } rows[] = {
      {"Sales",
       "metric=nOffered\nmedia_type=voice\nqueue_name=Sales\nqueue_id=q1\n"
       "direction=a-b\nteam_id=c\n",
       "genesys_queue_metric{queue_id=q1,queue_name=Sales,metric=nOffered,"
       "media_type=voice,direction=a-b,team_id=c,host=h}"},
      {"Sales",
       "metric=nOffered\nmedia_type=voice\nqueue_name=Sales\nqueue_id=q1\n"
       "direction=a\nteam_id=b-c\n",
       "genesys_queue_metric{queue_id=q1,queue_name=Sales,metric=nOffered,"
       "media_type=voice,direction=a,team_id=b-c,host=h}"},
      {"queues", "block=queues\nmetric=nOffered\ndirection=a-b\n",
       "genesys_queue_metric{block=queues,metric=nOffered,direction=a-b,"
       "host=h}"},
      {"Sales", NULL,
       "genesys_queue_metric{queue_name=Sales,metric=nOffered,"
       "group=voice-a-b-c,host=h}"},
      {"Sales", "queue_id=q1\n",
       "genesys_queue_metric{queue_id=q1,queue_name=Sales,metric=nOffered,"
       "group=voice-a-b-c,host=h}"},
  };
  char out[1024];
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].want);
    struct gc_export_identity id =
        identity_of(rows[i].instance, "queue_metric", "nOffered-voice-a-b-c",
                    rows[i].parts);
    CHECK_STR(print_series(&id, out, sizeof(out)), rows[i].want);
  }
}

static void a_name_that_fits_no_pattern_is_one_label(void) {
  static const struct {
    const char *type, *type_instance, *want;
  } rows[] = {
      {"queue_metric", "nOffered-voice",
       "genesys_queue_metric{queue_name=Q,metric=nOffered,media_type=voice,"
       "host=h}"},
      {"queue_metric", "nOffered",
       "genesys_queue_metric{queue_name=Q,metric=nOffered,host=h}"},
      {"state_changes", "voice-waiting",
       "genesys_state_changes{queue_name=Q,group=voice-waiting,host=h}"},
      {"state_changes", "voice--",
       "genesys_state_changes{queue_name=Q,group=voice--,host=h}"},
      {"queue_wait_time_seconds_bucket", "voice-lt-5",
       "genesys_queue_wait_time_seconds{queue_name=Q,group=voice-lt-5,host=h}"},
      {"stream_drift", "x", "genesys_stream_drift{block=Q,group=x,host=h}"},
      {"queue_depth", "", "genesys_queue_depth{queue_name=Q,host=h}"},
  };
  char out[1024];
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].want);
    struct gc_export_identity id =
        identity_of("Q", rows[i].type, rows[i].type_instance, NULL);
    CHECK_STR(print_series(&id, out, sizeof(out)), rows[i].want);
  }
}

static void several_sources_are_fields_of_one_measurement(void) {
  static struct gc_export_series s;
  struct gc_export_identity id =
      identity_of("Sales", "queue_longest_wait_window", "voice", NULL);
  id.source = "average";
  id.is_only_source = false;
  CHECK(gc_export_series_make(&id, &s));
  CHECK_STR(s.family, "genesys_queue_longest_wait_window_average_seconds");
  CHECK_STR(s.measurement, "genesys_queue_longest_wait_window_seconds");
  CHECK_STR(s.field, "average");
  id = identity_of("Sales", "queue_wait_time_seconds_count", "voice", NULL);
  CHECK(gc_export_series_make(&id, &s));
  CHECK_STR(s.measurement, "genesys_queue_wait_time_seconds");
  CHECK_STR(s.field, "count");
  CHECK_INT(s.kind, GC_EXPORT_HISTOGRAM);
}

static void other_plugins_follow_one_rule(void) {
  static const struct {
    struct gc_export_identity id;
    const char *want;
  } rows[] = {
      {{"h", "cpu", "0", "cpu", "idle", "value", true, true, NULL},
       "collectd_cpu{cpu=0,type=idle,host=h}"},
      {{"h", "load", "", "load", "", "shortterm", false, false, NULL},
       "collectd_load_shortterm{host=h}"},
      {{"h", "memory", "", "memory", "used", "value", true, false, NULL},
       "collectd_memory{memory=used,host=h}"},
      {{"h", "my-plug.in", "a", "gauge", "b", "value", true, false, NULL},
       "collectd_my_plug_in_gauge{my_plug_in=a,type=b,host=h}"},
      {{"h", "type", "a", "gauge", "b", "value", true, false, NULL},
       "collectd_type_gauge{type=a,type_=b,host=h}"},
      {{"h", "9p", "a", "gauge", "", "1st", false, false, NULL},
       "collectd_9p_gauge_1st{_p=a,host=h}"},
      {{"h", "__name__", "a", "gauge", "b", "value", true, false, NULL},
       "collectd___name___gauge{_name__=a,type=b,host=h}"},
      {{"h", "--9", "a", "gauge", "", "value", true, false, NULL},
       "collectd___9_gauge{_9=a,host=h}"},
      {{"h", "genesys", "Q", "queue_of_tomorrow", "x", "value", true, false,
        NULL},
       "collectd_genesys_queue_of_tomorrow{genesys=Q,type=x,host=h}"},
      {{"h\xff", "users", "", "users", "\n", "value", true, false, NULL},
       "collectd_users{users=_,host=h_}"},
  };
  char out[1024];
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].want);
    CHECK_STR(print_series(&rows[i].id, out, sizeof(out)), rows[i].want);
  }
}

int main(void) {
  RUN(our_values_have_the_names_of_the_guides);
  RUN(parts_divide_a_name_that_contains_hyphens);
  RUN(a_name_that_fits_no_pattern_is_one_label);
  RUN(several_sources_are_fields_of_one_measurement);
  RUN(other_plugins_follow_one_rule);
  return check_done();
}
