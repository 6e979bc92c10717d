/* SPDX-License-Identifier: MIT */
#include "tests/support/case_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grow_list(void *list, size_t count, size_t size) {
  list = realloc(list, (count + 1) * size);
  if (list == NULL)
    abort();
  return list;
}

static char *copy_text(const char *text, size_t len) {
  char *copy = calloc(1, len + 1);
  if (copy == NULL)
    abort();
  memcpy(copy, text, len);
  return copy;
}

static char *read_all(const char *path, size_t *ret_len) {
  FILE *f = fopen(path, "rb");
  if (f == NULL) {
    fprintf(stderr, "%s: cannot be read\n", path);
    return NULL;
  }
  char *text = NULL;
  size_t len = 0, got;
  do {
    text = grow_list(text, len + 65536, 1);
    got = fread(text + len, 1, 65536, f);
    len += got;
  } while (got > 0);
  fclose(f);
  text[len] = '\0';
  *ret_len = len;
  return text;
}

/* The next line that begins with "== ", or the end. */
static const char *next_title(const char *at, const char *end) {
  while (at < end) {
    if (end - at >= 3 && memcmp(at, "== ", 3) == 0)
      return at;
    const char *line_end = memchr(at, '\n', (size_t)(end - at));
    at = line_end != NULL ? line_end + 1 : end;
  }
  return end;
}

bool case_read(struct case_file *c, const char *path) {
  size_t len;
  *c = (struct case_file){.path = path};
  char *text = read_all(path, &len);
  if (text == NULL)
    return false;

  const char *end = text + len, *at = next_title(text, end);
  c->story = copy_text(text, (size_t)(at - text));
  while (at < end) {
    const char *title = at + 3;
    const char *body = memchr(title, '\n', (size_t)(end - title));
    if (body == NULL)
      body = end;
    size_t title_len = (size_t)(body - title);
    body += body < end;
    at = next_title(body, end);
    c->sections = grow_list(c->sections, c->count, sizeof(*c->sections));
    c->sections[c->count++] =
        (struct case_section){.title = copy_text(title, title_len),
                              .text = copy_text(body, (size_t)(at - body)),
                              .len = (size_t)(at - body)};
  }
  free(text);
  return true;
}

void case_forget(struct case_file *c) {
  for (size_t i = 0; i < c->line_count; i++)
    free(c->lines[i]);
  free(c->lines);
  c->lines = NULL;
  c->line_count = 0;
}

void case_clear(struct case_file *c) {
  case_forget(c);
  for (size_t i = 0; i < c->count; i++) {
    free(c->sections[i].title);
    free(c->sections[i].text);
  }
  free(c->sections);
  free(c->story);
  *c = (struct case_file){0};
}

const struct case_section *case_section(const struct case_file *c,
                                        const char *title) {
  for (size_t i = 0; i < c->count; i++)
    if (strcmp(c->sections[i].title, title) == 0)
      return &c->sections[i];
  return NULL;
}

char *case_next_line(char **at) {
  while (**at != '\0') {
    char *line = *at + strspn(*at, " \t\r");
    size_t len = strcspn(line, "\n");
    *at = line + len + (line[len] == '\n');
    while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
      len--;
    line[len] = '\0';
    if (len > 0)
      return line;
  }
  return NULL;
}

char *case_cut_word(char *line) {
  char *rest = line + strcspn(line, " \t");
  if (*rest == '\0')
    return rest;
  *rest++ = '\0';
  return rest + strspn(rest, " \t");
}

void case_say(struct case_file *c, const char *format, ...) {
  char line[1024];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(line, sizeof(line), format, args);
  va_end(args);
  if (len < 0 || (size_t)len >= sizeof(line))
    abort();
  c->lines = grow_list(c->lines, c->line_count, sizeof(char *));
  c->lines[c->line_count++] = copy_text(line, (size_t)len);
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static int print_diff(struct case_file *c, char **want, size_t want_count) {
  size_t i = 0, j = 0;
  int failed = 0;
  while (i < want_count || j < c->line_count) {
    int order = i == want_count      ? 1
                : j == c->line_count ? -1
                                     : strcmp(want[i], c->lines[j]);
    if (order != 0 && !failed)
      printf("%s\n%s--- expect\n+++ output\n", c->path, c->story);
    failed |= order != 0;
    if (order < 0)
      printf("-%s\n", want[i]);
    else if (order > 0)
      printf("+%s\n", c->lines[j]);
    i += order <= 0;
    j += order >= 0;
  }
  return failed;
}

static int compare_lines(struct case_file *c) {
  const struct case_section *expect = case_section(c, "expect");
  if (expect == NULL) {
    printf("%s: has no section \"== expect\"\n", c->path);
    return 1;
  }
  char *text = copy_text(expect->text, expect->len), *at = text;
  char **want = NULL;
  size_t count = 0;
  for (char *line; (line = case_next_line(&at)) != NULL; count++) {
    want = grow_list(want, count, sizeof(char *));
    want[count] = line;
  }
  if (count > 1)
    qsort(want, count, sizeof(char *), by_text);
  int failed = print_diff(c, want, count);
  free(want);
  free(text);
  return failed;
}

static int rewrite_file(const struct case_file *c) {
  FILE *f = fopen(c->path, "wb");
  if (f == NULL) {
    fprintf(stderr, "%s: cannot be written\n", c->path);
    return 1;
  }
  fputs(c->story, f);
  for (size_t i = 0; i < c->count; i++) {
    if (strcmp(c->sections[i].title, "expect") == 0)
      continue;
    fprintf(f, "== %s\n", c->sections[i].title);
    fwrite(c->sections[i].text, 1, c->sections[i].len, f);
  }
  fputs("== expect\n", f);
  for (size_t i = 0; i < c->line_count; i++)
    fprintf(f, "%s\n", c->lines[i]);
  return fclose(f) == 0 ? 0 : 1;
}

int case_end(struct case_file *c) {
  const char *update = getenv("UPDATE");
  if (c->line_count > 1)
    qsort(c->lines, c->line_count, sizeof(char *), by_text);
  if (update != NULL && strcmp(update, "1") == 0)
    return rewrite_file(c);
  return compare_lines(c);
}
