/* SPDX-License-Identifier: MIT */
#include "tests/support/case_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/timestamp.h"
#include "common/genesys/labels.h"

void case_list_add(struct case_list *list, char *value) {
  if (list->count == CASE_LIST_MAX)
    abort();
  list->at[list->count++] = value;
}

void case_give_up(const struct case_file *c, const char *what) {
  printf("%s: %s\n", c->path, what);
  exit(1);
}

char *case_text(const struct case_file *c, const char *title) {
  const struct case_section *s = case_section(c, title);
  char *text = strdup(s != NULL ? s->text : "");
  if (text == NULL)
    abort();
  return text;
}

int64_t case_time(const struct case_file *c, const char *text) {
  struct gc_err err;
  int64_t ms = 0;
  if (gc_timestamp_parse(text, strlen(text), &ms, &err) != GC_OK)
    case_give_up(c, err.text);
  return ms;
}

int case_choose(const struct case_file *c, const char *value,
                const char *const *words) {
  for (int i = 0; words[i] != NULL; i++)
    if (strcmp(words[i], value) == 0)
      return i;
  case_give_up(c, value);
}

struct gc_entities *case_names(const struct case_file *c, const char *title,
                               bool is_refused) {
  struct gc_named named[CASE_LIST_MAX];
  struct gc_entry entries[CASE_LIST_MAX];
  char *text = case_text(c, title), *at = text;
  size_t count = 0;
  for (char *line; (line = case_next_line(&at)) != NULL; count++) {
    if (count == CASE_LIST_MAX)
      abort();
    const char *name = case_cut_word(line);
    named[count] = (struct gc_named){line, name};
  }
  struct gc_labels *labels =
      strcmp(title, "presences") == 0 ? gc_labels_new_snake() : gc_labels_new();
  gc_labels_assign(labels, named, count, NULL, NULL);
  for (size_t i = 0; i < count; i++)
    entries[i] = (struct gc_entry){named[i].id, named[i].name,
                                   gc_labels_get(labels, named[i].id), ""};
  struct gc_entities *entities = gc_entities_new(entries, count, is_refused);
  gc_labels_free(labels);
  free(text);
  return entities;
}

enum gc_code case_feed(const struct case_section *s, size_t chunk,
                       struct gc_sink sink, struct gc_err *err) {
  size_t step = chunk > 0 ? chunk : s->len + 1;
  sink.begin(sink.ctx);
  for (size_t from = 0; from < s->len; from += step) {
    size_t len = s->len - from < step ? s->len - from : step;
    GC_TRY(sink.write(sink.ctx, s->text + from, len, err));
  }
  return GC_OK;
}

const char *case_words(const struct gc_err *err) {
  const char *colon = strchr(err->text, ':');
  return colon != NULL && strstr(err->text, "byte ") != NULL ? colon + 2
                                                             : err->text;
}
