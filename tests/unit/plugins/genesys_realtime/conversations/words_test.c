/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "tests/support/check.h"

static struct gc_unknown_words unknown;

static struct gc_json_value text_of(const char *text) {
  return (struct gc_json_value){
      .kind = GC_JSON_STRING, .text = text, .len = strlen(text)};
}

static void read_word(const char *kind, const char *text) {
  struct cv_communication leg = {0};
  struct gc_json_value v = text_of(text);
  if (strcmp(kind, "disconnectType") == 0)
    cv_word_disconnect(&v, &unknown, &leg);
  else if (strcmp(kind, "purpose") == 0)
    (void)cv_word_purpose(&v, &unknown);
  else if (strcmp(kind, "state") == 0)
    (void)cv_word_leg(&v, &unknown);
  else
    (void)cv_word_acw(&v, &unknown);
}

/* ---- every official word is known ---- */

static void read_enum(const char *kind, struct json_object *property) {
  struct json_object *words = NULL;
  if (property == NULL || !json_object_object_get_ex(property, "enum", &words))
    return;
  for (size_t i = 0; i < json_object_array_length(words); i++) {
    const char *word =
        json_object_get_string(json_object_array_get_idx(words, i));
    CHECK_ROW(word);
    read_word(kind, word);
    CHECK_INT(unknown.total, 0);
  }
}

/* Reads the words of a schema. Schemas of a TransferResponse are left out: the
 * decoder does not read these objects. */
static void read_schema(const char *name, struct json_object *schema) {
  static const char *const kinds[] = {"state", "disconnectType", "purpose"};
  struct json_object *properties = NULL, *property = NULL;
  if (strstr(name, "TransferResponse") != NULL ||
      !json_object_object_get_ex(schema, "properties", &properties))
    return;
  for (size_t i = 0; i < GC_COUNT(kinds); i++)
    if (json_object_object_get_ex(properties, kinds[i], &property))
      read_enum(strstr(name, "AfterCallWork") != NULL ? "afterCallWork.state"
                                                      : kinds[i],
                property);
}

static unsigned read_definitions(const char *folder, const char *file,
                                 const char *prefix) {
  char path[1024];
  unsigned count = 0;
  struct json_object *definitions = NULL;
  snprintf(path, sizeof(path), "%s/%s", folder, file);
  struct json_object *root = json_object_from_file(path);
  if (root == NULL ||
      !json_object_object_get_ex(root, "definitions", &definitions)) {
    json_object_put(root);
    return 0;
  }
  json_object_object_foreach(definitions, name, schema) {
    if (strncmp(name, prefix, strlen(prefix)) != 0)
      continue;
    read_schema(name, schema);
    count++;
  }
  json_object_put(root);
  return count;
}

static void every_word_of_the_schemas_is_known(void) {
  const char *folder = getenv("GENESYS_API_DIR");
  memset(&unknown, 0, sizeof(unknown));
  if (folder == NULL) {
    printf("skipped: GENESYS_API_DIR does not name the API's schemas\n");
    return;
  }
  CHECK(read_definitions(folder, "notification-schemas.json",
                         "QueueConversationEventTopic") > 10);
  CHECK(read_definitions(folder, "swagger-subset.json",
                         "AnalyticsParticipantWithoutAttributes") == 1);
}

/* ---- others ---- */

static void unknown_words_have_their_default(void) {
  static const char *const kinds[] = {"state", "purpose", "disconnectType",
                                      "afterCallWork.state"};
  for (size_t i = 0; i < GC_COUNT(kinds); i++) {
    memset(&unknown, 0, sizeof(unknown));
    CHECK_ROW(kinds[i]);
    read_word(kinds[i], "new");
    read_word(kinds[i], "");
    CHECK_INT(unknown.total, 1);
    CHECK_STR(unknown.at[0].kind, kinds[i]);
    CHECK(cv_word_default(kinds[i])[0] != '\0');
  }
}

static void null_is_no_word_and_a_number_is_unreadable(void) {
  struct gc_json_value none = {.kind = GC_JSON_NULL, .text = "null", .len = 4};
  struct gc_json_value number = {.kind = GC_JSON_NUMBER, .text = "7", .len = 1};
  memset(&unknown, 0, sizeof(unknown));
  CHECK_INT(cv_word_leg(&none, &unknown), CV_LEG_UNKNOWN);
  CHECK_INT(unknown.total, 0);
  CHECK_INT(cv_word_leg(&number, &unknown), CV_LEG_UNKNOWN);
  CHECK_STR(unknown.at[0].text, "(unreadable)");
}

static void a_new_kind_of_transfer_is_a_transfer(void) {
  static const struct {
    const char *type;
    bool transferred, refused, is_known;
  } rows[] = {
      {"transfer", true, false, true},
      {"transfer.noanswer", true, true, true},
      {"endpoint.dnd", false, true, true},
      {"client", false, false, true},
      {"transfer.new", true, false, false},
      {"transferred", true, false, false},
      {"Transfer", false, false, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct cv_communication leg = {.transferred = true, .refused = true};
    struct gc_json_value v = text_of(rows[i].type);
    memset(&unknown, 0, sizeof(unknown));
    CHECK_ROW(rows[i].type);
    cv_word_disconnect(&v, &unknown, &leg);
    CHECK_INT(leg.transferred, rows[i].transferred);
    CHECK_INT(leg.refused, rows[i].refused);
    CHECK_INT(unknown.total, !rows[i].is_known);
  }
}

int main(void) {
  RUN(every_word_of_the_schemas_is_known);
  RUN(unknown_words_have_their_default);
  RUN(null_is_no_word_and_a_number_is_unreadable);
  RUN(a_new_kind_of_transfer_is_a_transfer);
  return check_done();
}
