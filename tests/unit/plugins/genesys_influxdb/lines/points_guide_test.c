/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/lines/points.c"

#include "common/genesys/parts.h"
#include "tests/support/check.h"

static const struct guide_row *row_with(const char *parts, const char *type,
                                        const char *source,
                                        const char *type_instance) {
  static struct gc_export_series s;
  struct gc_export_identity id = {.host = "h",
                                  .plugin = "genesys",
                                  .plugin_instance = "Sales",
                                  .type = type,
                                  .type_instance = type_instance,
                                  .source = source,
                                  .is_only_source =
                                      strcmp(source, "value") == 0,
                                  .parts = parts};
  return gc_export_series_make(&id, &s) ? find_guide_row(&s) : NULL;
}

/* The row of a value of the guide dialect. */
static const struct guide_row *row_of(const char *type, const char *source,
                                      const char *type_instance) {
  return row_with("queue_id=q1\n" GC_PART_GUIDE "=1\n", type, source,
                  type_instance);
}

static void figures_of_the_guides_have_their_names(void) {
  static const struct {
    const char *type, *source, *type_instance, *measurement, *field;
  } rows[] = {
      {"queue_interval_number", "value", "answered-all", "genesys_queue",
       "answered"},
      {"queue_interval_number", "value", "abandoned-all", "genesys_queue",
       "abandoned"},
      {"queue_interval_number", "value", "offered-all", "genesys_queue",
       "offered"},
      {"queue_interval_seconds", "value", "waitTime-all", "genesys_queue",
       "waitTime"},
      {"queue_depth_window", "average", "all", "queue_metrics", "queued_avg"},
      {"queue_depth_window", "min", "all", "queue_metrics", "queued_min"},
      {"queue_depth_window", "max", "all", "queue_metrics", "queued_max"},
      {"queue_waiting_window", "average", "all", "queue_metrics",
       "waiting_avg"},
      {"queue_agents_window", "average", "available", "queue_metrics",
       "agentAvailable_avg"},
      {"queue_agents_window", "average", "busy", "queue_metrics",
       "agentBusy_avg"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].field);
    const struct guide_row *row =
        row_of(rows[i].type, rows[i].source, rows[i].type_instance);
    CHECK(row != NULL);
    if (row == NULL)
      continue;
    CHECK_STR(row->measurement, rows[i].measurement);
    CHECK_STR(row->field, rows[i].field);
    CHECK_STR(row->tags[0].label, "queue_id");
  }
}

static void other_values_have_no_guide_name(void) {
  CHECK(row_of("queue_interval_number", "value", "nOffered-voice") == NULL);
  CHECK(row_of("queue_depth_window", "average", "voice") == NULL);
  CHECK(row_of("queue_waiting_window", "max", "all") == NULL);
  CHECK(row_of("queue_agents_window", "average", "member") == NULL);
  CHECK(row_of("queue_depth", "value", "all") == NULL);
}

/* A row would round the average; no other value would have it exactly. */
static void an_official_observation_has_no_row_of_the_dialect(void) {
  static const struct {
    const char *type, *source, *type_instance;
  } rows[] = {
      {"queue_agents_window", "average", "available"},
      {"queue_agents_window", "average", "busy"},
      {"queue_depth_window", "average", "all"},
      {"queue_waiting_window", "average", "all"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].type_instance);
    CHECK(row_with("queue_id=q1\n", rows[i].type, rows[i].source,
                   rows[i].type_instance) == NULL);
  }
  CHECK(row_with("queue_id=q1\n", "queue_interval_number", "value",
                 "answered-all") != NULL);
}

/* Two queries of one queue, of a minute and of half an hour, would write one
 * row at each half hour. */
static void a_query_with_a_prefix_has_no_row(void) {
  static const char *const metrics[] = {"answered", "abandoned", "offered"};
  char parts[200], name[100];
  for (size_t i = 0; i < GC_COUNT(metrics); i++) {
    CHECK_ROW(metrics[i]);
    snprintf(name, sizeof(name), "30m-%s-all", metrics[i]);
    snprintf(parts, sizeof(parts),
             "prefix=30m-\nmetric=%s\nmedia_type=all\nqueue_name=Sales\n"
             "queue_id=q1\n",
             metrics[i]);
    CHECK(row_with(parts, "queue_interval_number", "value", name) == NULL);
    CHECK(row_with(strchr(parts, '\n') + 1, "queue_interval_number", "value",
                   strchr(name, '-') + 1) != NULL);
  }
}

/* Writes `answered` of the queue q1, which is called `instance`. Returns how
 * many values had the row of another account so far. */
static uint64_t ambiguous_after(struct influx_points *p, const char *host,
                                const char *instance, const char **example) {
  struct gc_buf key = {.max = 1024};
  const char *const texts[] = {host, "genesys", instance,
                               "queue_interval_number", "answered-all"};
  for (size_t i = 0; i < GC_COUNT(texts); i++)
    CHECK_INT(gc_buf_add(&key, texts[i], strlen(texts[i]) + 1), GC_OK);
  struct influx_sample sample = {
      .key = key.data,
      .key_len = key.len,
      .parts = "metric=answered\nmedia_type=all\nqueue_id=q1\n",
      .count = 1,
      .sources = {{.name = "value", .kind = INFLUX_REAL}}};
  const struct influx_point *point = influx_points_of(p, &sample);
  CHECK(point != NULL);
  if (point != NULL)
    CHECK_STR(point->head, "genesys_queue,queueId=q1");
  gc_buf_clear(&key);
  return influx_points_ambiguous(p, example);
}

/* The row has no host: the database would show the values of both in turns. */
static void one_queue_id_of_two_accounts_is_counted_and_named(void) {
  static const struct gc_strs no_tags;
  struct influx_points *p = influx_points_new(&no_tags, 100);
  const char *example = "";
  CHECK_INT(ambiguous_after(p, "emea", "Sales", &example), 0);
  CHECK_INT(ambiguous_after(p, "emea", "Sales, renamed", &example), 0);
  CHECK_INT(ambiguous_after(p, "apac", "Sales", &example), 1);
  CHECK_STR(example, "genesys_queue,queueId=q1");
  CHECK_INT(ambiguous_after(p, "emea", "Sales", &example), 1);
  CHECK_INT(ambiguous_after(p, "apac", "Sales", &example), 2);
  influx_points_free(p);
}

/* A series without values is forgotten, and its names are free. */
static void series_age(void) {
  static const struct gc_strs no_tags;
  struct influx_points *p = influx_points_new(&no_tags, 100);
  const char *example = "";
  influx_points_age(p, 1000);
  CHECK_INT(ambiguous_after(p, "emea", "Sales", &example), 0);
  CHECK_INT(ambiguous_after(p, "apac", "Sales", &example), 1);
  influx_points_age(p, 1000 + INFLUX_AGE_MS);
  CHECK_INT(p->count, 2);
  (void)ambiguous_after(p, "emea", "Sales", &example);
  CHECK_INT(ambiguous_after(p, "apac", "Sales", &example), 2); /* one of both */
  influx_points_age(p, 1000 + 2 * INFLUX_AGE_MS);
  (void)ambiguous_after(p, "apac", "Sales", &example);
  influx_points_age(p, 1000 + 3 * INFLUX_AGE_MS - 1);
  CHECK_INT(p->count, 2);
  influx_points_age(p, 1000 + 3 * INFLUX_AGE_MS);
  CHECK_INT(p->count, 1);
  CHECK_INT(p->owners.count, 1);
  uint64_t before = influx_points_ambiguous(p, &example);
  CHECK_INT(ambiguous_after(p, "apac", "Sales", &example), before);
  influx_points_age(p, 1000 + 4 * INFLUX_AGE_MS);
  influx_points_age(p, 1000 + 5 * INFLUX_AGE_MS);
  CHECK_INT(p->count, 0);
  influx_points_free(p);
}

int main(void) {
  RUN(series_age);
  RUN(one_queue_id_of_two_accounts_is_counted_and_named);
  RUN(figures_of_the_guides_have_their_names);
  RUN(other_values_have_no_guide_name);
  RUN(an_official_observation_has_no_row_of_the_dialect);
  RUN(a_query_with_a_prefix_has_no_row);
  return check_done();
}
