/* SPDX-License-Identifier: MIT */
/* The rows accept each option line of the manuals and of
 * examples/collectd.conf.d: each value is read by its own row. */
#include "probe/describe.h"
#include "probe/option_pages.h"

#include <ctype.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "tests/support/fake_daemon.h"

#include "tests/support/check.h"
#include "tests/support/conf_text.h"

enum { SETTINGS_MAX = 65536, CONF_LINE_MAX = 400 };

static const struct gc_opt *clear_rows;

static enum gc_code take_settings(const char *name, void *settings,
                                  struct gc_err *err) {
  (void)name, (void)err;
  gc_options_clear(clear_rows, settings);
  free(settings);
  return GC_OK;
}

/* Reads a block that has only this line. */
static enum gc_code read_line(const struct gc_opt *row, const char *line,
                              struct gc_err *err) {
  struct gc_opt alone[] = {*row, GC_OPT_END};
  const struct gc_block_kind blocks[] = {
      {.key = "B", .rows = alone, .size = SETTINGS_MAX, .read = take_settings},
      {.key = NULL}};
  struct gc_config_seen seen = {.begun = false};
  const struct gc_config config = {
      .plugin = "x", .blocks = blocks, .seen = &seen};
  char text[CONF_LINE_MAX + 64];
  clear_rows = alone;
  snprintf(text, sizeof(text), "<Plugin x>\n<B>\n%s\n</B>\n</Plugin>\n", line);
  oconfig_item_t *root = conf_parse(text);
  enum gc_code code =
      root != NULL ? gc_config_read(&config, &root->children[0], err)
                   : gc_fail(err, GC_ERR_CONFIG, "not collectd's syntax");
  conf_free(root);
  gc_config_seen_clear(&seen);
  return code;
}

/* Reads `value` as the option of the row. */
static void try_value(const struct gc_opt *row, const char *value) {
  struct gc_opt with = *row;
  GC_AUTO(gc_buf_clear) struct gc_buf line = {.max = CONF_LINE_MAX};
  struct gc_err err = {.text = ""};
  with.example = value;
  with.preset = NULL;
  CHECK_INT(probe_option_example(&with, &line), GC_OK);
  enum gc_code code = read_line(&with, gc_buf_string(&line), &err);
  CHECK_THAT(code == GC_OK, "%s: %s", gc_buf_string(&line), err.text);
}

static void each_row_has_an_example_and_a_default_that_it_takes(void) {
  for (size_t i = 0; i < option_page_count; i++)
    for (const struct gc_opt *row = option_pages[i].rows; row->key != NULL;
         row++) {
      CHECK_ROW(row->key);
      CHECK(row->example != NULL && row->example[0] != '\0');
      try_value(row, row->example);
      if (row->preset != NULL)
        try_value(row, row->preset);
    }
}

static const struct gc_opt *table_of(const char *plugin, const char *block) {
  for (size_t i = 0; i < option_page_count; i++)
    if (strcmp(option_pages[i].plugin, plugin) == 0 &&
        strcmp(option_pages[i].block, block) == 0)
      return option_pages[i].rows;
  return NULL;
}

static const struct gc_opt *row_of(const struct gc_opt *row, const char *key) {
  for (; row != NULL && row->key != NULL; row++)
    if (strcmp(row->key, key) == 0)
      return row;
  return NULL;
}

/* True for a line that begins with Key "text", Key 7 or Key true; false for the
 * prose of a comment. */
static bool is_option(const char *line, char key[64]) {
  char value[8];
  if (!isupper((unsigned char)line[0]) ||
      sscanf(line, "%63[A-Za-z] %7s", key, value) != 2)
    return false;
  return value[0] == '"' || isdigit((unsigned char)value[0]) ||
         strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
}

struct place {
  const char *plugin;
  char block[64];
  unsigned read;
};

/* Reads one line of an example, with or without a "#" in front. */
static void try_line(struct place *at, const char *line) {
  char word[64];
  line += strspn(line, " \t#");
  if (strncmp(line, "</", 2) == 0) {
    snprintf(at->block, sizeof(at->block), "-");
    return;
  }
  if (sscanf(line, "<%63[A-Za-z]", word) == 1) {
    if (strcmp(word, "Plugin") != 0)
      snprintf(at->block, sizeof(at->block), "%s", word);
    return;
  }
  if (!is_option(line, word))
    return;
  const struct gc_opt *row = row_of(table_of(at->plugin, at->block), word);
  CHECK_THAT(row != NULL, "<%s> of %s has no option: %s", at->block, at->plugin,
             line);
  struct gc_err err = {.text = ""};
  at->read++;
  if (row != NULL && read_line(row, line, &err) != GC_OK)
    CHECK_THAT(false, "%s: %s", line, err.text);
}

static void try_file(const char *plugin) {
  const char *top = getenv("top_srcdir");
  char path[512], line[CONF_LINE_MAX];
  struct place at = {.plugin = plugin, .block = "-"};
  snprintf(path, sizeof(path), "%s/examples/collectd.conf.d/%s.conf",
           top != NULL ? top : ".", plugin);
  CHECK_ROW(path);
  FILE *f = fopen(path, "r");
  CHECK_THAT(f != NULL, "cannot be read");
  while (f != NULL && fgets(line, sizeof(line), f) != NULL)
    try_line(&at, line);
  if (f != NULL)
    fclose(f);
  CHECK(at.read > 0);
}

static void each_line_of_the_examples_is_taken_commented_or_not(void) {
  for (size_t i = 0; i < option_page_count; i++)
    if (i == 0 ||
        strcmp(option_pages[i].plugin, option_pages[i - 1].plugin) != 0)
      try_file(option_pages[i].plugin);
}

int main(void) {
  RUN(each_row_has_an_example_and_a_default_that_it_takes);
  RUN(each_line_of_the_examples_is_taken_commented_or_not);
  return check_done();
}
