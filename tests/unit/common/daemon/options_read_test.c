/* SPDX-License-Identifier: MIT */
#include "tests/support/options_bench.h"

#include "tests/support/check.h"

static void missing_options_have_their_defaults(void) {
  CHECK_STR(options_lines(""), "");
  CHECK_STR(options_got.names, "all ");
  CHECK_STR(options_got.queues.account, "prod");
  CHECK(options_got.queues.secret == NULL);
  CHECK_STR(options_got.queues.ca_cert, "/etc/ca.pem");
  CHECK_INT(options_got.queues.queue.count, 0);
  CHECK_INT(options_got.queues.interval_s, 10);
  CHECK_INT(options_got.queues.port, 0);
  CHECK_REAL(options_got.queues.reconnect_s, 0.5);
  CHECK_INT(options_got.queues.buckets.count, 3);
  CHECK_REAL(options_got.queues.buckets.at[1], 2.5);
  CHECK(options_got.queues.raw);
  CHECK(!options_got.queues.verify);
  CHECK_INT(options_got.queues.stream, 1);
}

static void every_option_is_read(void) {
  CHECK_STR(options_lines("ClientSecret \"s3cret\"\n"
                          "CACert \"\"\n"
                          "Queue \"Sup*\" \"!x\"\n"
                          "Queue plain\n"
                          "ObservationInterval 30\n"
                          "Port \"8443\"\n"
                          "ReconnectMin 1.25\n"
                          "WaitBuckets 1 2 4.5\n"
                          "WaitBuckets \"8\"\n"
                          "Raw false\n"
                          "VerifyPeer yes\n"
                          "Stream \"none\""),
            "");
  CHECK_STR(options_got.queues.secret, "s3cret");
  CHECK(options_got.queues.ca_cert == NULL);
  CHECK_INT(options_got.queues.queue.count, 3);
  CHECK_STR(options_got.queues.queue.at[0], "Sup*");
  CHECK_STR(options_got.queues.queue.at[2], "plain");
  CHECK_INT(options_got.queues.interval_s, 30);
  CHECK_INT(options_got.queues.port, 8443);
  CHECK_REAL(options_got.queues.reconnect_s, 1.25);
  CHECK_INT(options_got.queues.buckets.count, 4);
  CHECK_REAL(options_got.queues.buckets.at[2], 4.5);
  CHECK_REAL(options_got.queues.buckets.at[3], 8);
  CHECK(!options_got.queues.raw);
  CHECK(options_got.queues.verify);
  CHECK_INT(options_got.queues.stream, 2);
}

static void case_does_not_matter(void) {
  options_forget();
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin genesys_realtime>\n"
                         "<qUEUES \"All\">\naCCOUNT prod\n"
                         "sTREAM NONE\nrAW NO\n</qUEUES>\n"
                         "</Plugin>\n"),
            "");
  CHECK_STR(options_got.names, "All ");
  CHECK_INT(options_got.queues.stream, 2);
  CHECK(!options_got.queues.raw);
}

static void booleans_have_many_spellings(void) {
  static const struct {
    const char *line;
    bool is;
  } rows[] = {
      {"Raw true", true},       {"Raw yes", true},     {"Raw on", true},
      {"Raw \"true\"", true},   {"Raw \"On\"", true},  {"Raw YES", true},
      {"Raw false", false},     {"Raw no", false},     {"Raw off", false},
      {"Raw \"false\"", false}, {"Raw \"No\"", false}, {"Raw OFF", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].line);
    CHECK_STR(options_lines(rows[i].line), "");
    CHECK_INT(options_got.queues.raw, rows[i].is);
  }
}

static void ranges_have_their_ends(void) {
  static const struct {
    const char *line;
    bool good;
  } rows[] = {
      {"Port 1", true},
      {"Port 65535", true},
      {"Port 0", false},
      {"Port 65536", false},
      {"Port -1", false},
      {"Port 1.5", false},
      {"Port \"1.5\"", false},
      {"Port \"12x\"", false},
      {"Port \"\"", false},
      {"Port \" 12\"", false},
      {"Port \"0x10\"", false},
      {"Port \"inf\"", false},
      {"Port \"nan\"", false},
      {"Port \"1e3\"", true},
      {"Port true", false},
      {"Port \"+5\"", true},
      {"Port \"e\"", false},
      {"ReconnectMin 0.1", true},
      {"ReconnectMin 30", true},
      {"ReconnectMin 0.0999", false},
      {"ReconnectMin 30.1", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].line);
    CHECK_INT(options_lines(rows[i].line)[0] == '\0', rows[i].good);
    CHECK_INT(options_got.count, rows[i].good ? 1 : 0);
  }
}

static void required_options_must_be_present_and_not_empty(void) {
  options_forget();
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin x>\n<Queues \"all\">\nRaw on\n"
                         "</Queues>\n</Plugin>\n"),
            OPTIONS_IN_BLOCK "Account is missing");
  options_forget();
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin x>\n<Queues \"all\">\n</Queues>\n"
                         "</Plugin>\n"),
            OPTIONS_IN_BLOCK "Account is missing");
  options_forget();
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin x>\n<Queues \"all\">\n"
                         "Account \"\"\n</Queues>\n</Plugin>\n"),
            OPTIONS_IN_BLOCK "Account is empty");
}

static void a_block_has_the_name_that_its_kind_requires(void) {
  static const struct {
    const char *block, *text;
  } rows[] = {
      {"<Queues>\nAccount a\n</Queues>",
       "<Queues>: the block needs one name in double quotes: "
       "<Queues \"NAME\">"},
      {"<Queues 5>\nAccount a\n</Queues>",
       "<Queues>: the block needs one name"},
      {"<Queues \"\">\nAccount a\n</Queues>",
       "<Queues>: the block needs one name"},
      {"<Queues \"a\" \"b\">\nAccount a\n</Queues>",
       "<Queues>: the block needs one name"},
      {"<Health \"a\">\nHealthPort 1\n</Health>",
       "<Health>: this block has no name; write <Health>"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char text[256];
    CHECK_ROW(rows[i].block);
    options_forget();
    snprintf(text, sizeof(text), "<Plugin x>\n%s\n</Plugin>\n", rows[i].block);
    CHECK_HAS(options_text(&options_only_blocks, text), rows[i].text);
  }
}

static void blocks_of_one_kind_and_name_are_an_error_across_sections(void) {
  options_forget();
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin x>\n<Queues \"a\">\nAccount p\n"
                         "</Queues>\n<Queues \"b\">\nAccount p\n"
                         "</Queues>\n</Plugin>\n<Plugin x>\n"
                         "<Queues \"A\">\nAccount p\n</Queues>\n"
                         "<Health>\nHealthPort 1\n</Health>\n"
                         "</Plugin>\n"),
            "");
  CHECK_STR(options_got.names, "a b A ");
  CHECK_INT(options_got.health_port, 1);
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin x>\n<QUEUES \"b\">\nAccount p\n"
                         "</QUEUES>\n</Plugin>\n"),
            "genesys_realtime: <Queues \"b\">: there is another block of this "
            "name");
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin x>\n<Health>\nHealthPort 2\n"
                         "</Health>\n</Plugin>\n"),
            "genesys_realtime: <Health>: there is another block of this kind");
  CHECK_INT(options_got.count, 3);
  CHECK_INT(options_got.health_count, 1);
}

static void options_outside_of_blocks_are_read_across_sections(void) {
  options_forget();
  CHECK_STR(options_text(&options_with_rows, "<Plugin x>\nLevel 5\n</Plugin>\n"
                                             "<Plugin x>\nStateDir \"/tmp/x\"\n"
                                             "</Plugin>\n"),
            "");
  CHECK_INT(options_outside.level, 5);
  CHECK_STR(options_outside.state_dir, "/tmp/x");
  CHECK_STR(
      options_text(&options_with_rows, "<Plugin x>\nLevel 5\n</Plugin>\n"),
      "genesys: Level is given twice");
  CHECK_STR(options_text(&options_with_rows, "<Plugin x>\nLvel 5\n</Plugin>\n"),
            "genesys: unknown option \"Lvel\" (option 1 of the block); did you "
            "mean \"Level\"? Accepted: StateDir, Level, <Queues \"NAME\">, "
            "<Health>");
}

/* collectd's parser drops an empty block without a name; conf_text does the
 * same. */
static void an_empty_block_without_a_name_is_never_seen(void) {
  options_forget();
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin x>\n<Health>\n</Health>\n"
                         "</Plugin>\n"),
            "");
  CHECK_INT(options_got.health_count, 0);
}

static void defaults_are_filled_in_without_a_section(void) {
  struct options_health h = {0};
  gc_options_preset(options_health_rows, &h);
  CHECK_INT(h.port, 8080);
}

static void clearing_takes_anything(void) {
  struct options_queues q = {0};
  gc_options_clear(options_queue_rows, &q);
  gc_options_clear(options_queue_rows, NULL);
  gc_options_preset(options_queue_rows, &q);
  gc_options_clear(options_queue_rows, &q);
  static const struct options_queues zero;
  CHECK(q.ca_cert == NULL && q.buckets.at == NULL && q.interval_s == 0 &&
        q.stream == zero.stream && !q.raw);
  gc_options_clear(options_queue_rows, &q);
  gc_config_seen_clear(NULL);
}

int main(void) {
  RUN(missing_options_have_their_defaults);
  RUN(every_option_is_read);
  RUN(case_does_not_matter);
  RUN(booleans_have_many_spellings);
  RUN(ranges_have_their_ends);
  RUN(required_options_must_be_present_and_not_empty);
  RUN(a_block_has_the_name_that_its_kind_requires);
  RUN(blocks_of_one_kind_and_name_are_an_error_across_sections);
  RUN(options_outside_of_blocks_are_read_across_sections);
  RUN(an_empty_block_without_a_name_is_never_seen);
  RUN(defaults_are_filled_in_without_a_section);
  RUN(clearing_takes_anything);
  options_forget();
  return check_done();
}
