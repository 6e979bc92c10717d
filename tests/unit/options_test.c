/* SPDX-License-Identifier: MIT */
#include "common/daemon/options.h"

#include "collectd.h"
#include "configfile.h"

#include "common/base/buf.h"
#include "common/base/json_out.h"
#include "common/daemon/text.h"
#include "tests/support/check.h"
#include "tests/support/conf_text.h"

struct queues {
  char *account, *secret, *ca_cert;
  struct gc_strs queue;
  uint32_t interval_s, port;
  double reconnect_s;
  struct gc_reals buckets;
  bool raw, verify;
  int stream;
};

static const char *const streams[] = {"notifications", "conversations", "none",
                                      NULL};

static const struct gc_opt queue_rows[] = {
    GC_OPT_STR(struct queues, account, "Account", NULL, GC_OPT_NEEDED,
               "Name of the <Account> to use.", "prod"),
    GC_OPT_STR(struct queues, secret, "ClientSecret", NULL, GC_OPT_SECRET,
               "The secret.", "hush"),
    GC_OPT_STR(struct queues, ca_cert, "CACert", "/etc/ca.pem", 0,
               "File | folder.", "/ca.pem"),
    GC_OPT_STRS(struct queues, queue, "Queue", "Name globs.", "Support*"),
    GC_OPT_INT(struct queues, interval_s, "ObservationInterval", "10", 5, 3600,
               "s", "Seconds between two readings.", "30"),
    GC_OPT_INT(struct queues, port, "Port", NULL, 1, 65535, "", "A port.",
               "8080"),
    GC_OPT_REAL(struct queues, reconnect_s, "ReconnectMin", "0.5", 0.1, 30, "s",
                "First pause.", "2"),
    GC_OPT_REALS(struct queues, buckets, "WaitBuckets", "1 2.5 4", 0.001, 86400,
                 "s", "Bounds.", "1 5"),
    GC_OPT_BOOL(struct queues, raw, "Raw", "true", "Dispatch raw values.",
                "false"),
    GC_OPT_BOOL(struct queues, verify, "VerifyPeer", NULL, "Verify.", "true"),
    GC_OPT_ENUM(struct queues, stream, "Stream", "conversations", streams,
                "What to listen to.", "none"),
    GC_OPT_END};

struct health {
  uint32_t port;
};
static const struct gc_opt health_rows[] = {
    GC_OPT_INT(struct health, port, "HealthPort", "8080", 1, 65535, "",
               "A port.", "8081"),
    GC_OPT_END};

struct outside {
  char *state_dir;
  uint32_t level;
};
static const struct gc_opt outside_rows[] = {
    GC_OPT_STR(struct outside, state_dir, "StateDir", "/var/lib/x", 0, "Dir.",
               "/var/lib/y"),
    GC_OPT_INT(struct outside, level, "Level", "3", 0, 9, "", "Level.", "4"),
    GC_OPT_END};

/* What the callbacks were given. */
static struct {
  struct queues queues;
  char names[200];
  unsigned count, health_count;
  uint32_t health_port;
  enum gc_code answer;
} got;

static enum gc_code read_queues(const char *name, void *settings,
                                struct gc_err *err) {
  gc_options_clear(queue_rows, &got.queues);
  memcpy(&got.queues, settings, sizeof(got.queues));
  free(settings);
  got.count++;
  strncat(got.names, name, sizeof(got.names) - strlen(got.names) - 2);
  strcat(got.names, " ");
  return got.answer == GC_OK ? GC_OK
                             : gc_fail(err, got.answer, "refused by the block");
}

static enum gc_code read_health(const char *name, void *settings,
                                struct gc_err *err) {
  (void)err;
  CHECK(name == NULL);
  got.health_port = ((struct health *)settings)->port;
  got.health_count++;
  gc_options_clear(health_rows, settings);
  free(settings);
  return GC_OK;
}

static const struct gc_block_kind blocks[] = {
    {"Queues", queue_rows, sizeof(struct queues), "Queues.", true, read_queues},
    {"Health", health_rows, sizeof(struct health), "Health.", false,
     read_health},
    {.key = NULL}};

static struct gc_config_seen seen;
static struct outside outside;
static const struct gc_config only_blocks = {
    .plugin = "genesys_realtime", .blocks = blocks, .seen = &seen};
static const struct gc_config with_rows = {.plugin = "genesys",
                                           .rows = outside_rows,
                                           .settings = &outside,
                                           .blocks = blocks,
                                           .seen = &seen};

static void forget(void) {
  gc_options_clear(queue_rows, &got.queues);
  memset(&got, 0, sizeof(got));
  gc_options_clear(outside_rows, &outside);
  gc_config_seen_clear(&seen);
}

/* Reads each <Plugin> section of the text; "" or the text of the failure. */
static const char *read_text(const struct gc_config *config, const char *text) {
  static struct gc_err err;
  err = (struct gc_err){0};
  oconfig_item_t *root = conf_parse(text);
  CHECK(root != NULL);
  enum gc_code code = GC_OK;
  for (int i = 0; root != NULL && code == GC_OK && i < root->children_num; i++)
    code = gc_config_read(config, &root->children[i], &err);
  conf_free(root);
  CHECK_INT(err.code, code);
  return code == GC_OK ? "" : err.text;
}

/* Reads one <Queues "all"> block that has an account and these lines. */
static const char *read_lines(const char *block_lines) {
  char text[4096];
  forget();
  snprintf(text, sizeof(text),
           "<Plugin genesys_realtime>\n<Queues \"all\">\nAccount prod\n%s\n"
           "</Queues>\n</Plugin>\n",
           block_lines);
  return read_text(&only_blocks, text);
}

static void what_is_not_given_has_its_default(void) {
  CHECK_STR(read_lines(""), "");
  CHECK_STR(got.names, "all ");
  CHECK_STR(got.queues.account, "prod");
  CHECK(got.queues.secret == NULL);
  CHECK_STR(got.queues.ca_cert, "/etc/ca.pem");
  CHECK_INT(got.queues.queue.count, 0);
  CHECK_INT(got.queues.interval_s, 10);
  CHECK_INT(got.queues.port, 0);
  CHECK_REAL(got.queues.reconnect_s, 0.5);
  CHECK_INT(got.queues.buckets.count, 3);
  CHECK_REAL(got.queues.buckets.at[1], 2.5);
  CHECK(got.queues.raw);
  CHECK(!got.queues.verify);
  CHECK_INT(got.queues.stream, 1);
}

static void what_is_given_is_read(void) {
  CHECK_STR(read_lines("ClientSecret \"s3cret\"\n"
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
  CHECK_STR(got.queues.secret, "s3cret");
  CHECK(got.queues.ca_cert == NULL);
  CHECK_INT(got.queues.queue.count, 3);
  CHECK_STR(got.queues.queue.at[0], "Sup*");
  CHECK_STR(got.queues.queue.at[2], "plain");
  CHECK_INT(got.queues.interval_s, 30);
  CHECK_INT(got.queues.port, 8443);
  CHECK_REAL(got.queues.reconnect_s, 1.25);
  CHECK_INT(got.queues.buckets.count, 4);
  CHECK_REAL(got.queues.buckets.at[2], 4.5);
  CHECK_REAL(got.queues.buckets.at[3], 8);
  CHECK(!got.queues.raw);
  CHECK(got.queues.verify);
  CHECK_INT(got.queues.stream, 2);
}

static void case_does_not_matter(void) {
  forget();
  CHECK_STR(read_text(&only_blocks, "<Plugin genesys_realtime>\n"
                                    "<qUEUES \"All\">\naCCOUNT prod\n"
                                    "sTREAM NONE\nrAW NO\n</qUEUES>\n"
                                    "</Plugin>\n"),
            "");
  CHECK_STR(got.names, "All ");
  CHECK_INT(got.queues.stream, 2);
  CHECK(!got.queues.raw);
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
    CHECK_STR(read_lines(rows[i].line), "");
    CHECK_INT(got.queues.raw, rows[i].is);
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
    CHECK_INT(read_lines(rows[i].line)[0] == '\0', rows[i].good);
    CHECK_INT(got.count, rows[i].good ? 1 : 0);
  }
}

#define IN_BLOCK "genesys_realtime: <Queues \"all\">: "

static void each_failure_says_what_is_wrong_and_what_is_right(void) {
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
    snprintf(want, sizeof(want), "%s%s", IN_BLOCK, rows[i].text);
    CHECK_STR(read_lines(rows[i].lines), want);
    CHECK_INT(got.count, 0);
  }
}

static void an_unknown_option_is_told_with_the_known_ones(void) {
  CHECK_STR(read_lines("Acount \"x\""),
            IN_BLOCK "unknown option \"Acount\" (option 2 of the block); did "
                     "you mean \"Account\"? Accepted: Account, ClientSecret, "
                     "CACert, Queue, ObservationInterval, Port, ReconnectMin, "
                     "WaitBuckets, Raw, VerifyPeer, Stream");
  CHECK_HAS(read_lines("Portt 1"), "did you mean \"Port\"?");
  CHECK_HAS(read_lines("verifyper on"), "did you mean \"VerifyPeer\"?");
  CHECK_HAS(read_lines("Raw off\nFoo 1"),
            "\"Foo\" (option 3 of the block). Accepted: Account,");
  CHECK_HAS(read_lines("<Window \"x\">\ny 1\n</Window>"),
            IN_BLOCK "unknown block \"Window\". Accepted: Account,");
}

static void what_is_needed_must_be_there_and_not_empty(void) {
  forget();
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\n<Queues \"all\">\nRaw on\n"
                                    "</Queues>\n</Plugin>\n"),
            IN_BLOCK "Account is missing");
  forget();
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\n<Queues \"all\">\n</Queues>\n"
                                    "</Plugin>\n"),
            IN_BLOCK "Account is missing");
  forget();
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\n<Queues \"all\">\n"
                                    "Account \"\"\n</Queues>\n</Plugin>\n"),
            IN_BLOCK "Account is empty");
}

static void a_block_has_the_name_its_kind_wants(void) {
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
    forget();
    snprintf(text, sizeof(text), "<Plugin x>\n%s\n</Plugin>\n", rows[i].block);
    CHECK_HAS(read_text(&only_blocks, text), rows[i].text);
  }
}

static void blocks_of_one_kind_and_name_are_an_error_across_sections(void) {
  forget();
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\n<Queues \"a\">\nAccount p\n"
                                    "</Queues>\n<Queues \"b\">\nAccount p\n"
                                    "</Queues>\n</Plugin>\n<Plugin x>\n"
                                    "<Queues \"A\">\nAccount p\n</Queues>\n"
                                    "<Health>\nHealthPort 1\n</Health>\n"
                                    "</Plugin>\n"),
            "");
  CHECK_STR(got.names, "a b A ");
  CHECK_INT(got.health_port, 1);
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\n<QUEUES \"b\">\nAccount p\n"
                                    "</QUEUES>\n</Plugin>\n"),
            "genesys_realtime: <Queues \"b\">: there is another block of this "
            "name");
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\n<Health>\nHealthPort 2\n"
                                    "</Health>\n</Plugin>\n"),
            "genesys_realtime: <Health>: there is another block of this kind");
  CHECK_INT(got.count, 3);
  CHECK_INT(got.health_count, 1);
}

static void options_outside_of_blocks_are_read_across_sections(void) {
  forget();
  CHECK_STR(read_text(&with_rows, "<Plugin x>\nLevel 5\n</Plugin>\n"
                                  "<Plugin x>\nStateDir \"/tmp/x\"\n"
                                  "</Plugin>\n"),
            "");
  CHECK_INT(outside.level, 5);
  CHECK_STR(outside.state_dir, "/tmp/x");
  CHECK_STR(read_text(&with_rows, "<Plugin x>\nLevel 5\n</Plugin>\n"),
            "genesys: Level is given twice");
  CHECK_STR(read_text(&with_rows, "<Plugin x>\nLvel 5\n</Plugin>\n"),
            "genesys: unknown option \"Lvel\" (option 1 of the block); did you "
            "mean \"Level\"? Accepted: StateDir, Level, <Queues \"NAME\">, "
            "<Health>");
}

static void an_option_at_the_wrong_place_is_told_where_it_belongs(void) {
  forget();
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\nFoo 5\n</Plugin>\n"),
            "genesys_realtime: option \"Foo\" outside of any block. Accepted: "
            "<Queues \"NAME\">, <Health>");
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\nAccount p\n</Plugin>\n"),
            "genesys_realtime: option \"Account\" belongs inside of a block. "
            "Accepted: <Queues \"NAME\">, <Health>");
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\n<Queuse \"a\">\nAccount p\n"
                                    "</Queuse>\n</Plugin>\n"),
            "genesys_realtime: unknown block \"Queuse\"; did you mean "
            "\"Queues\"? Accepted: <Queues \"NAME\">, <Health>");
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
    const char *text = read_lines(rows[i]);
    CHECK(text[0] != '\0');
    CHECK_THAT(strstr(text, "hunter2") == NULL && strstr(text, "815") == NULL,
               "%s", text);
  }
  CHECK_STR(read_lines("ClientSecret 815815"),
            IN_BLOCK "ClientSecret: a number where text is wanted; write it in "
                     "double quotes");
}

static void long_and_strange_values_do_not_spoil_the_text(void) {
  char line[2000];
  snprintf(line, sizeof(line), "Stream \"%0900d\"", 7);
  const char *text = read_lines(line);
  CHECK_HAS(text, "Stream \"00000");
  CHECK_HAS(text, "…\": not one of \"notifications\"");
  CHECK(strlen(text) < 200);

  CHECK_HAS(read_lines("Stream \"a\tb\x01\x7f\xff\xc3\""),
            "Stream \"a?b????\": not one of");
  CHECK_HAS(read_lines("Stream \"äöü€\""), "Stream \"äöü€\": not one of");

  forget();
  snprintf(line, sizeof(line),
           "<Plugin x>\n<Queues \"%0900d\">\nFoo 1\n</Queues>\n</Plugin>\n", 7);
  text = read_text(&only_blocks, line);
  CHECK_HAS(text, "…\">: unknown option \"Foo\" (option 1 of the block)");
}

static void a_long_list_ends_with_a_whole_word(void) {
  struct gc_opt many[GC_OPT_ROWS_MAX + 1] = {GC_OPT_END};
  char keys[GC_OPT_ROWS_MAX][24];
  for (size_t i = 0; i < GC_OPT_ROWS_MAX; i++) {
    snprintf(keys[i], sizeof(keys[i]), "LongOptionName%02zu", i);
    many[i] = health_rows[0];
    many[i].key = keys[i];
  }
  many[GC_OPT_ROWS_MAX] = (struct gc_opt)GC_OPT_END;
  struct gc_config config = with_rows;
  struct health h = {0};
  config.rows = many;
  config.settings = &h;
  forget();
  const char *text = read_text(&config, "<Plugin x>\nFoo 1\n</Plugin>\n");
  CHECK_HAS(text, "Accepted: LongOptionName00, LongOptionName01, ");
  CHECK_HAS(text, ", …");
  CHECK_STR(text + strlen(text) - strlen(", …"), ", …");
  CHECK(strlen(text) > 300 && strlen(text) < 400);

  forget();
  CHECK_STR(read_text(&config, "<Plugin x>\nLongOptionName63 7\n</Plugin>\n"),
            "");
  CHECK_INT(h.port, 7);
}

static void a_block_may_refuse_what_it_is_given(void) {
  forget();
  got.answer = GC_ERR_CONFIG;
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\n<Queues \"all\">\n"
                                    "Account p\n</Queues>\n</Plugin>\n"),
            IN_BLOCK "refused by the block");
}

/* Law of collectd's parser, kept by conf_text: the block is dropped. */
static void an_empty_block_without_a_name_is_never_seen(void) {
  forget();
  CHECK_STR(read_text(&only_blocks, "<Plugin x>\n<Health>\n</Health>\n"
                                    "</Plugin>\n"),
            "");
  CHECK_INT(got.health_count, 0);
}

static void a_default_that_is_no_value_is_found_by_the_test(void) {
  static const struct gc_opt bad[] = {
      GC_OPT_INT(struct health, port, "Port", "99", 1, 9, "", "", "1"),
      GC_OPT_END};
  struct health h = {0};
  CHECK_INT(gc_options_preset(bad, &h), GC_ERR_CONFIG);
  CHECK_INT(gc_options_preset(health_rows, &h), GC_OK);
  CHECK_INT(h.port, 8080);
}

static void clearing_takes_anything(void) {
  struct queues q = {0};
  gc_options_clear(queue_rows, &q);
  gc_options_clear(queue_rows, NULL);
  CHECK_INT(gc_options_preset(queue_rows, &q), GC_OK);
  gc_options_clear(queue_rows, &q);
  static const struct queues zero;
  CHECK(q.ca_cert == NULL && q.buckets.at == NULL && q.interval_s == 0 &&
        q.stream == zero.stream && !q.raw);
  gc_options_clear(queue_rows, &q);
  gc_config_seen_clear(NULL);
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

static void the_manual_is_printed_from_the_rows(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.most = 10000};
  CHECK_INT(gc_options_manual(queue_rows, &out), GC_OK);
  CHECK_STR(
      gc_buf_string(&out),
      "| Option | Type | Unit | Default | Accepted | Meaning |\n"
      "|---|---|---|---|---|---|\n"
      "| `Account` | text |  | required |  | Name of the <Account> to use. |\n"
      "| `ClientSecret` | secret text |  | – |  | The secret. |\n"
      "| `CACert` | text |  | `/etc/ca.pem` |  | File \\| folder. |\n"
      "| `Queue` | texts, repeatable |  | – |  | Name globs. |\n"
      "| `ObservationInterval` | number | s | `10` | whole, 5 to 3600 | "
      "Seconds "
      "between two readings. |\n"
      "| `Port` | number |  | – | whole, 1 to 65535 | A port. |\n"
      "| `ReconnectMin` | number | s | `0.5` | 0.1 to 30 | First pause. |\n"
      "| `WaitBuckets` | numbers, ascending | s | `1 2.5 4` | 0.001 to 86400 | "
      "Bounds. |\n"
      "| `Raw` | boolean |  | `true` | `true`, `false` | Dispatch raw values. "
      "|\n"
      "| `VerifyPeer` | boolean |  | `false` | `true`, `false` | Verify. |\n"
      "| `Stream` | word |  | `conversations` | `notifications`, "
      "`conversations`, `none` | What to listen to. |\n");

  struct gc_buf tiny = {.most = 100};
  CHECK_INT(gc_options_manual(queue_rows, &tiny), GC_ERR_LIMIT);
  gc_buf_clear(&tiny);
}

static void an_example_stands_as_in_the_file(void) {
  static const char *const wants[] = {
      "Account \"prod\"",   "ClientSecret \"hush\"",  "CACert \"/ca.pem\"",
      "Queue \"Support*\"", "ObservationInterval 30", "Port 8080",
      "ReconnectMin 2",     "WaitBuckets 1 5",        "Raw false",
      "VerifyPeer true",    "Stream \"none\""};
  for (size_t i = 0; i < GC_COUNT(wants); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.most = 100};
    CHECK_ROW(queue_rows[i].key);
    CHECK_INT(gc_option_example(&queue_rows[i], &out), GC_OK);
    CHECK_STR(gc_buf_string(&out), wants[i]);
  }
}

static void the_rows_are_printed_for_other_programs(void) {
  static const struct gc_opt two[] = {
      GC_OPT_INT(struct health, port, "Port", "80", 1, 99, "s", "A \"port\".",
                 "7"),
      GC_OPT_STR(struct outside, state_dir, "Word", "/tell/nobody",
                 GC_OPT_SECRET | GC_OPT_NEEDED, "A word.", "hush"),
      GC_OPT_END};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.most = 10000};
  struct gc_json_out j = {.out = &out};
  struct gc_err err;
  gc_options_json(two, &j);
  CHECK_INT(gc_json_out_end(&j, &err), GC_OK);
  CHECK_STR(
      gc_buf_string(&out),
      "[{\"option\":\"Port\",\"type\":\"number\",\"unit\":\"s\",\"default\":"
      "\"80\",\"required\":false,\"secret\":false,\"accepted\":\"whole, 1 to "
      "99\",\"meaning\":\"A \\\"port\\\".\",\"example\":\"Port 7\"},"
      "{\"option\":\"Word\",\"type\":\"text\",\"unit\":\"\",\"default\":null,"
      "\"required\":true,\"secret\":true,\"accepted\":\"\",\"meaning\":\"A "
      "word.\",\"example\":\"Word \\\"hush\\\"\"}]");
}

int main(void) {
  RUN(what_is_not_given_has_its_default);
  RUN(what_is_given_is_read);
  RUN(case_does_not_matter);
  RUN(booleans_have_many_spellings);
  RUN(ranges_have_their_ends);
  RUN(each_failure_says_what_is_wrong_and_what_is_right);
  RUN(an_unknown_option_is_told_with_the_known_ones);
  RUN(what_is_needed_must_be_there_and_not_empty);
  RUN(a_block_has_the_name_its_kind_wants);
  RUN(blocks_of_one_kind_and_name_are_an_error_across_sections);
  RUN(options_outside_of_blocks_are_read_across_sections);
  RUN(an_option_at_the_wrong_place_is_told_where_it_belongs);
  RUN(a_secret_is_never_in_a_text);
  RUN(long_and_strange_values_do_not_spoil_the_text);
  RUN(a_long_list_ends_with_a_whole_word);
  RUN(a_block_may_refuse_what_it_is_given);
  RUN(an_empty_block_without_a_name_is_never_seen);
  RUN(a_default_that_is_no_value_is_found_by_the_test);
  RUN(clearing_takes_anything);
  RUN(a_near_word_is_found);
  RUN(the_manual_is_printed_from_the_rows);
  RUN(an_example_stands_as_in_the_file);
  RUN(the_rows_are_printed_for_other_programs);
  forget();
  return check_done();
}
