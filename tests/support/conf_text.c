/* SPDX-License-Identifier: MIT */
#include "tests/support/conf_text.h"

struct reader {
  const char *at;
  int line;
  bool failed;
};

static void fail_reading(struct reader *r, const char *why) {
  if (!r->failed)
    fprintf(stderr, "conf_text: line %d: %s near \"%.20s\"\n", r->line, why,
            r->at);
  r->failed = true;
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static void skip_blanks(struct reader *r) {
  for (;;) {
    r->at += strspn(r->at, " \t\b\r");
    if (*r->at == '#')
      r->at += strcspn(r->at, "\n");
    if (r->at[0] != '\\' || r->at[1] != '\n')
      return;
    r->at += 2;
    r->line++;
  }
}

static char *copy_text(const char *from, size_t len) {
  char *text = calloc(1, len + 1);
  memcpy(text, from, len);
  return text;
}

static char *read_key(struct reader *r) {
  size_t len = 0;
  while (is_word(r->at[len]))
    len++;
  if (len == 0)
    fail_reading(r, "a key is missing");
  char *key = copy_text(r->at, len);
  r->at += len;
  return key;
}

static char *read_quoted(struct reader *r) {
  char *text = calloc(1, strlen(r->at) + 1);
  size_t len = 0;
  for (r->at++; *r->at != '\0' && *r->at != '"'; r->at++) {
    if (*r->at == '\\' && r->at[1] != '\0')
      r->at++;
    r->line += *r->at == '\n';
    text[len++] = *r->at;
  }
  if (*r->at == '"')
    r->at++;
  else
    fail_reading(r, "a quote is not closed");
  return text;
}

/* An unquoted word is the longest run of characters that a word, number or
 * address can have; the whole run decides which of them it is. */
static void read_bare(struct reader *r, oconfig_value_t *v) {
  static const struct {
    const char *word;
    int is;
  } booleans[] = {{"true", 1},  {"yes", 1}, {"on", 1},
                  {"false", 0}, {"no", 0},  {"off", 0}};
  size_t len = 0;
  while (is_word(r->at[len]) ||
         (r->at[len] != '\0' && strchr("+-.:", r->at[len]) != NULL))
    len++;
  if (len == 0) {
    fail_reading(r, "a value is missing");
    return;
  }
  char *word = copy_text(r->at, len), *end;
  r->at += len;
  for (size_t i = 0; i < sizeof(booleans) / sizeof(booleans[0]); i++)
    if (strcmp(word, booleans[i].word) == 0) {
      v->type = OCONFIG_TYPE_BOOLEAN;
      v->value.boolean = booleans[i].is;
      free(word);
      return;
    }
  v->value.number = strtod(word, &end);
  v->type = OCONFIG_TYPE_NUMBER;
  if (*end == '\0' && strpbrk(word, "0123456789") != NULL) {
    free(word);
    return;
  }
  if (word[strspn(word, "0123456789.:")] != '\0' &&
      strpbrk(word, "+-.:") != NULL)
    fail_reading(r, "this must be quoted");
  v->type = OCONFIG_TYPE_STRING;
  v->value.string = word;
}

static void read_values(struct reader *r, oconfig_item_t *item) {
  for (skip_blanks(r);
       !r->failed && *r->at != '\0' && *r->at != '\n' && *r->at != '>';
       skip_blanks(r)) {
    item->values = realloc(item->values, sizeof(*item->values) *
                                             (size_t)(item->values_num + 1));
    oconfig_value_t *v = &item->values[item->values_num++];
    *v = (oconfig_value_t){.type = OCONFIG_TYPE_NUMBER};
    if (*r->at == '"') {
      v->type = OCONFIG_TYPE_STRING;
      v->value.string = read_quoted(r);
    } else {
      read_bare(r, v);
    }
  }
}

static void clear_item(oconfig_item_t *item) {
  free(item->key);
  for (int i = 0; i < item->values_num; i++)
    if (item->values[i].type == OCONFIG_TYPE_STRING)
      free(item->values[i].value.string);
  free(item->values);
  for (int i = 0; i < item->children_num; i++)
    clear_item(&item->children[i]);
  free(item->children);
}

static void end_line(struct reader *r) {
  skip_blanks(r);
  if (*r->at == '\n') {
    r->at++;
    r->line++;
  } else if (*r->at != '\0') {
    fail_reading(r, "the line should end here");
  }
}

static bool next_statement(struct reader *r) {
  for (skip_blanks(r); *r->at == '\n'; skip_blanks(r)) {
    r->at++;
    r->line++;
  }
  return !r->failed && *r->at != '\0';
}

static void open_or_option(struct reader *r, oconfig_item_t *item,
                           bool *ret_opens) {
  *ret_opens = *r->at == '<';
  r->at += *ret_opens;
  item->key = read_key(r);
  read_values(r, item);
  if (*ret_opens && *r->at == '>')
    r->at++;
  else if (*ret_opens)
    fail_reading(r, "\">\" is missing");
  else if (item->values_num == 0)
    fail_reading(r, "an option without a value");
  end_line(r);
}

static bool closes_block(struct reader *r, const char *key) {
  if (strncmp(r->at, "</", 2) != 0)
    return false;
  r->at += 2;
  char *word = read_key(r);
  if (key == NULL || strcmp(word, key) != 0 || *r->at != '>')
    fail_reading(r, "another block is open");
  else
    r->at++;
  free(word);
  end_line(r);
  return true;
}

/* Adds the statements up to the end of `into`, at most `depth` levels deep. */
static void read_statements(struct reader *r, oconfig_item_t *into, int depth) {
  if (depth == 0)
    fail_reading(r, "blocks are nested too deep");
  while (next_statement(r)) {
    if (closes_block(r, into->key))
      return;
    bool opens;
    oconfig_item_t item = {0};
    open_or_option(r, &item, &opens);
    if (opens && !r->failed)
      read_statements(r, &item, depth - 1);
    if (item.values_num == 0 && item.children_num == 0) {
      clear_item(&item);
      continue;
    }
    into->children =
        realloc(into->children,
                sizeof(*into->children) * (size_t)(into->children_num + 1));
    into->children[into->children_num++] = item;
  }
  if (into->key != NULL)
    fail_reading(r, "a block is not closed");
}

oconfig_item_t *conf_parse(const char *text) {
  struct reader r = {.at = text, .line = 1};
  oconfig_item_t *root = calloc(1, sizeof(*root));
  read_statements(&r, root, 8);
  if (!r.failed)
    return root;
  conf_free(root);
  return NULL;
}

void conf_free(oconfig_item_t *root) {
  if (root == NULL)
    return;
  clear_item(root);
  free(root);
}
