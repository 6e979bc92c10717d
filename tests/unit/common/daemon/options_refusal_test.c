/* SPDX-License-Identifier: MIT */
#include "tests/support/options_bench.h"

#include "collectd.h"
#include "configfile.h"

#include "common/base/nearest.h"
#include "common/daemon/options.h"
#include "tests/support/check.h"

static void each_error_names_the_value_and_the_accepted_ones(void) {
  static const struct {
    const char *lines, *text;
  } rows[] = {
      {"Port 70000", "Port 70000: not a whole number from 1 to 65535"},
      {"ObservationInterval 4",
       "ObservationInterval 4: not a whole number from 5 to 3600 (s)"},
      {"ObservationInterval \"soon\"",
       "ObservationInterval \"soon\": not a whole number from 5 to 3600 (s)"},
      {"ReconnectMin on", "ReconnectMin true: not a number from 0.1 to 30 (s)"},
      {"WaitBuckets 1 two 3",
       "WaitBuckets \"two\": not a number from 0.001 to 86400 (s)"},
      {"WaitBuckets 1 4 4",
       "WaitBuckets 4: not greater than the value before it (4)"},
      {"WaitBuckets 1 4\nWaitBuckets 2",
       "WaitBuckets 2: not greater than the value before it (4)"},
      {"Raw \"maybe\"",
       "Raw \"maybe\": not one of true, false, yes, no, on, off"},
      {"Raw 1", "Raw 1: not one of true, false, yes, no, on, off"},
      {"Stream \"notification\"",
       "Stream \"notification\": not one of \"notifications\", "
       "\"conversations\", \"none\""},
      {"Stream no", "Stream false: not one of \"notifications\", "
                    "\"conversations\", \"none\""},
      {"CACert 815", "CACert 815: a number where text is wanted; write it in "
                     "double quotes"},
      {"Queue \"a\" off", "Queue false: a boolean where text is wanted; write "
                          "it in double quotes"},
      {"Queue \"\"", "Queue \"\": an empty value"},
      {"CACert \"a\nb\"", "CACert \"a?b\": holds a line break or control "
                          "character; is a double quote missing?"},
      {"CACert \"a\" \"b\"", "CACert has 2 values; it takes one"},
      {"account \"test\"", "Account is given twice"},
      {"Raw true\nRAW true", "Raw is given twice"},
      {"<Port>\nx 1\n</Port>", "Port is an option, not a block"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char want[400];
    CHECK_ROW(rows[i].lines);
    snprintf(want, sizeof(want), "%s%s", OPTIONS_IN_BLOCK, rows[i].text);
    CHECK_STR(options_lines(rows[i].lines), want);
    CHECK_INT(options_got.count, 0);
  }
}

static void an_unknown_option_is_reported_with_the_known_ones(void) {
  CHECK_STR(options_lines("Acount \"x\""), OPTIONS_IN_BLOCK
            "unknown option \"Acount\" (option 2 of the block); did "
            "you mean \"Account\"? Accepted: Account, ClientSecret, "
            "CACert, Queue, ObservationInterval, Port, ReconnectMin, "
            "WaitBuckets, Raw, VerifyPeer, Stream");
  CHECK_HAS(options_lines("Portt 1"), "did you mean \"Port\"?");
  CHECK_HAS(options_lines("verifyper on"), "did you mean \"VerifyPeer\"?");
  CHECK_HAS(options_lines("Raw off\nFoo 1"),
            "\"Foo\" (option 3 of the block). Accepted: Account,");
  CHECK_HAS(options_lines("<Window \"x\">\ny 1\n</Window>"),
            OPTIONS_IN_BLOCK "unknown block \"Window\". Accepted: Account,");
}

static void an_option_at_the_wrong_place_is_reported_with_the_right_one(void) {
  options_forget();
  CHECK_STR(
      options_text(&options_only_blocks, "<Plugin x>\nFoo 5\n</Plugin>\n"),
      "genesys_realtime: option \"Foo\" outside of any block. Accepted: "
      "<Queues \"NAME\">, <Health>");
  CHECK_STR(
      options_text(&options_only_blocks, "<Plugin x>\nAccount p\n</Plugin>\n"),
      "genesys_realtime: option \"Account\" belongs inside of a block. "
      "Accepted: <Queues \"NAME\">, <Health>");
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin x>\n<Queuse \"a\">\nAccount p\n"
                         "</Queuse>\n</Plugin>\n"),
            "genesys_realtime: unknown block \"Queuse\"; did you mean "
            "\"Queues\"? Accepted: <Queues \"NAME\">, <Health>");
}

/* "Account" is the name of an option of a block, too. */
static void a_block_with_a_wrong_name_is_no_option(void) {
  options_forget();
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin x>\n<Account \"a\">\nRaw on\n"
                         "</Account>\n</Plugin>\n"),
            "genesys_realtime: unknown block \"Account\". Accepted: "
            "<Queues \"NAME\">, <Health>");
}

static void a_secret_is_never_in_a_text(void) {
  static const char *const rows[] = {
      "ClientSecret \"hunter2\" \"hunter2\"",
      "ClientSecret \"hunter2\"\nClientSecret \"hunter2\"",
      "ClientSecret \"hunter2\nRaw on\"",
      "ClientSecret \"hunter2\"\nPort 0",
      "ClientSecrt \"hunter2\"",
      "ClientSecret 815815",
      "<ClientSecret \"hunter2\">\nx 1\n</ClientSecret>",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    const char *text = options_lines(rows[i]);
    CHECK(text[0] != '\0');
    CHECK_THAT(strstr(text, "hunter2") == NULL && strstr(text, "815") == NULL,
               "%s", text);
  }
  CHECK_STR(options_lines("ClientSecret 815815"), OPTIONS_IN_BLOCK
            "ClientSecret: a number where text is wanted; write it in "
            "double quotes");
}

static void long_and_unprintable_values_do_not_break_the_text(void) {
  char line[2000];
  snprintf(line, sizeof(line), "Stream \"%0900d\"", 7);
  const char *text = options_lines(line);
  CHECK_HAS(text, "Stream \"00000");
  CHECK_HAS(text, "…\": not one of \"notifications\"");
  CHECK(strlen(text) < 200);

  CHECK_HAS(options_lines("Stream \"a\tb\x01\x7f\xff\xc3\""),
            "Stream \"a?b????\": not one of");
  CHECK_HAS(options_lines("Stream \"äöü€\""), "Stream \"äöü€\": not one of");

  options_forget();
  snprintf(line, sizeof(line),
           "<Plugin x>\n<Queues \"%0900d\">\nFoo 1\n</Queues>\n</Plugin>\n", 7);
  text = options_text(&options_only_blocks, line);
  CHECK_HAS(text, "…\">: unknown option \"Foo\" (option 1 of the block)");
}

static void a_long_list_ends_with_a_whole_word(void) {
  struct gc_opt many[GC_OPT_ROWS_MAX + 1] = {GC_OPT_END};
  char keys[GC_OPT_ROWS_MAX][24];
  for (size_t i = 0; i < GC_OPT_ROWS_MAX; i++) {
    snprintf(keys[i], sizeof(keys[i]), "LongOptionName%02zu", i);
    many[i] = options_health_rows[0];
    many[i].key = keys[i];
  }
  many[GC_OPT_ROWS_MAX] = (struct gc_opt)GC_OPT_END;
  struct gc_config config = options_with_rows;
  struct options_health h = {0};
  config.rows = many;
  config.settings = &h;
  options_forget();
  const char *text = options_text(&config, "<Plugin x>\nFoo 1\n</Plugin>\n");
  CHECK_HAS(text, "Accepted: LongOptionName00, LongOptionName01, ");
  CHECK_HAS(text, ", …");
  CHECK_STR(text + strlen(text) - strlen(", …"), ", …");
  CHECK(strlen(text) > 300 && strlen(text) < 400);

  options_forget();
  CHECK_STR(
      options_text(&config, "<Plugin x>\nLongOptionName63 7\n</Plugin>\n"), "");
  CHECK_INT(h.port, 7);
}

static void a_block_may_refuse_its_options(void) {
  options_forget();
  options_got.answer = GC_ERR_CONFIG;
  CHECK_STR(options_text(&options_only_blocks,
                         "<Plugin x>\n<Queues \"all\">\n"
                         "Account p\n</Queues>\n</Plugin>\n"),
            OPTIONS_IN_BLOCK "refused by the block");
}

static void a_near_word_is_found(void) {
  static const char *const words[] = {"Account",     NULL,     "Port",
                                      "WaitBuckets", "CACert", "Raw"};
  static const struct {
    const char *typed, *nearest;
  } rows[] = {
      {"Acount", "Account"},
      {"Accuont", "Account"},
      {"acct", NULL},
      {"Potr", "Port"},
      {"Prt", "Port"},
      {"Foo", NULL},
      {"WaitBucket", "WaitBuckets"},
      {"waitbukets", "WaitBuckets"},
      {"CACerts", "CACert"},
      {"Row", "Raw"},
      {"", NULL},
      {"Completely", NULL},
      {"R", NULL},
      {"Rxx", NULL},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].typed);
    const char *nearest =
        gc_text_nearest(rows[i].typed, words, GC_COUNT(words));
    CHECK_STR(nearest != NULL ? nearest : "-",
              rows[i].nearest != NULL ? rows[i].nearest : "-");
  }
  char endless[500];
  memset(endless, 'a', sizeof(endless));
  endless[499] = '\0';
  CHECK(gc_text_nearest(endless, words, GC_COUNT(words)) == NULL);
}

int main(void) {
  RUN(each_error_names_the_value_and_the_accepted_ones);
  RUN(an_unknown_option_is_reported_with_the_known_ones);
  RUN(an_option_at_the_wrong_place_is_reported_with_the_right_one);
  RUN(a_block_with_a_wrong_name_is_no_option);
  RUN(a_secret_is_never_in_a_text);
  RUN(long_and_unprintable_values_do_not_break_the_text);
  RUN(a_long_list_ends_with_a_whole_word);
  RUN(a_block_may_refuse_its_options);
  RUN(a_near_word_is_found);
  options_forget();
  return check_done();
}
