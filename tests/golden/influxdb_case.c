/* SPDX-License-Identifier: MIT */
/* Runs one golden case of lines for InfluxDB. Sections:
 *
 *   tags     KEY VALUE lines, as the option Tag
 *   values   ISO-TIME HOST/PLUGIN/INSTANCE/TYPE/TYPE_INSTANCE SOURCE=VALUE…
 *            [PART=VALUE…]; 3i is a counter, other numbers are gauges, nan
 *            is NaN; a source has a "." behind its name: value.=3
 *   expect   the lines
 *
 * All values arrive at once. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/decimal.h"
#include "common/genesys/parts.h"
#include "plugins/genesys_influxdb/lines/join.h"
#include "tests/support/case_words.h"

struct run {
  struct case_file file;
  struct influx_points *points;
  struct influx_join *join;
};

static void read_source(struct run *run, struct influx_sample *sample,
                        char *name, char *value) {
  struct influx_source *s = &sample->sources[sample->count++];
  size_t len = strlen(value);
  bool is_int = len > 1 && value[len - 1] == 'i';
  *s = (struct influx_source){.name = name, .kind = INFLUX_REAL};
  s->value.real = NAN;
  if (is_int)
    s->kind = INFLUX_INT;
  if (is_int ? !gc_decimal_int(value, len - 1, &s->value.integer)
             : strcmp(value, "nan") != 0 &&
                   !gc_decimal_real(value, len, &s->value.real))
    case_give_up(&run->file, value);
}

static void read_words(struct run *run, struct influx_sample *sample,
                       char *words, char parts[GC_PARTS_SIZE]) {
  while (*words != '\0') {
    char *next = case_cut_word(words);
    char *value = strchr(words, '=');
    if (value == NULL)
      case_give_up(&run->file, words);
    *value = '\0';
    if (value[-1] == '.') {
      value[-1] = '\0';
      read_source(run, sample, words, value + 1);
    } else if (!gc_parts_add(parts, GC_PARTS_SIZE, words, value + 1))
      case_give_up(&run->file, words);
    words = next;
  }
}

static void add_line(struct run *run, char *line) {
  char parts[GC_PARTS_SIZE] = "";
  struct influx_sample sample = {.parts = parts};
  char *key = case_cut_word(line);
  char *words = case_cut_word(key);
  sample.time_ns = case_time(&run->file, line) * 1000000;
  sample.key = key;
  sample.key_len = strlen(key) + 1;
  read_words(run, &sample, words, parts);
  for (; *key != '\0'; key++)
    if (*key == '/')
      *key = '\0';
  const struct influx_point *points = influx_points_of(run->points, &sample);
  if (points == NULL || influx_join_add(run->join, &sample, points, 0) != GC_OK)
    case_give_up(&run->file, "a value");
}

int main(int argc, char **argv) {
  struct run run = {.points = NULL};
  struct case_list tags = {.count = 0};
  if (argc != 2 || !case_read(&run.file, argv[1]))
    return 99;
  char *tag_text = case_text(&run.file, "tags");
  char *at = tag_text;
  for (char *line; (line = case_next_line(&at)) != NULL;) {
    char *value = case_cut_word(line);
    case_list_add(&tags, line);
    case_list_add(&tags, value);
  }
  struct gc_strs options = {tags.at, tags.count};
  run.points = influx_points_new(&options, 1000);
  run.join = influx_join_new();
  char *values = case_text(&run.file, "values");
  at = values;
  for (char *line; (line = case_next_line(&at)) != NULL;)
    add_line(&run, line);

  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1 << 20};
  (void)influx_join_take(run.join, UINT64_MAX, SIZE_MAX, &out);
  at = out.data;
  for (char *line; at != NULL && (line = case_next_line(&at)) != NULL;)
    case_say(&run.file, "%s", line);
  int failed = case_end(&run.file);
  influx_join_free(run.join);
  influx_points_free(run.points);
  free(values);
  free(tag_text);
  case_clear(&run.file);
  return failed;
}
