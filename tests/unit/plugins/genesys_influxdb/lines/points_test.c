/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/lines/points.h"

#include "common/base/hash.h"
#include "tests/support/check.h"

static const struct gc_strs no_tags;

/* Makes the points of a gauge of plugin `df` with these two texts and parts. */
static const struct influx_point *point_of(struct influx_points *p,
                                           const char *instance,
                                           const char *parts,
                                           const char *source) {
  static struct influx_sample sample;
  static struct gc_buf key = {.max = 1024};
  const char *const texts[] = {"h", "df", instance, "percent", ""};
  uint64_t hash = gc_hash(parts, strlen(parts));
  gc_buf_reset(&key);
  for (size_t i = 0; i < GC_COUNT(texts); i++)
    CHECK_INT(gc_buf_add(&key, texts[i], strlen(texts[i]) + 1), GC_OK);
  CHECK_INT(gc_buf_add(&key, &hash, sizeof(hash)), GC_OK);
  sample.key = key.data;
  sample.key_len = key.len;
  sample.parts = parts;
  sample.count = 1;
  sample.sources[0] =
      (struct influx_source){.name = source, .kind = INFLUX_REAL};
  return influx_points_of(p, &sample);
}

/* The values of one would overwrite those of the other. */
static void names_that_are_equal_once_written_are_counted(void) {
  static const struct {
    const char *instance;
    unsigned values; /* that have the names of another series */
  } rows[] = {{"/M\xfcller", 0}, {"/M\xf6ller", 1}, {"/M_ller", 2},
              {"/M\xfcller", 2}, {"/M\xf6ller", 3}, {"/other", 3},
              {"C:\\", 3},       {"C:_", 4},        {"Müller", 4}};
  struct influx_points *p = influx_points_new(&no_tags, 100);
  const char *example = NULL;
  CHECK_INT(influx_points_ambiguous(p, &example), 0);
  CHECK_STR(example, "");
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].instance);
    CHECK(point_of(p, rows[i].instance, "", "value") != NULL);
    CHECK_INT(influx_points_ambiguous(p, &example), rows[i].values);
    if (rows[i].values == 2)
      CHECK_STR(example,
                "collectd_df_percent,host=h,instance=/M_ller,plugin=df,"
                "type=percent");
  }
  influx_points_free(p);
}

/* Another way of one value to the writer, such as through the network plugin,
 * which carries no parts. */
static void one_identity_with_other_parts_is_not_counted(void) {
  struct influx_points *p = influx_points_new(&no_tags, 100);
  const char *example;
  CHECK(point_of(p, "/", "", "value") != NULL);
  CHECK(point_of(p, "/", "block=x\n", "value") != NULL);
  CHECK_INT(influx_points_ambiguous(p, &example), 0);
  influx_points_free(p);
}

/* A cache that is full begins again. */
static void many_series_are_found(void) {
  struct influx_points *p = influx_points_new(&no_tags, 3000);
  const char *example;
  char name[32];
  for (unsigned i = 0; i < 3001; i++) {
    snprintf(name, sizeof(name), "/%u\xff", i);
    CHECK(point_of(p, name, "", "value") != NULL);
  }
  CHECK_INT(influx_points_ambiguous(p, &example), 0);
  CHECK(point_of(p, "/3000_", "", "value") != NULL);
  CHECK_INT(influx_points_ambiguous(p, &example), 1);
  CHECK(point_of(p, "/0_", "", "value") != NULL);
  CHECK_INT(influx_points_ambiguous(p, &example), 1);
  influx_points_free(p);
}

int main(void) {
  RUN(names_that_are_equal_once_written_are_counted);
  RUN(one_identity_with_other_parts_is_not_counted);
  RUN(many_series_are_found);
  return check_done();
}
