/* SPDX-License-Identifier: MIT */
/* Parsing that the runners of golden cases share, above case_file: settings,
 * lists of names, answers in pieces. A case that cannot be read ends the
 * program with a line that names the case. One thread. */
#ifndef GC_TESTS_SUPPORT_CASE_WORDS_H
#define GC_TESTS_SUPPORT_CASE_WORDS_H

#include "common/base/transport.h"
#include "common/genesys/entities.h"
#include "tests/support/case_file.h"

enum { CASE_LIST_MAX = 64 };

/* Values of a setting that may be repeated; borrowed from the section's text.
 */
struct case_list {
  char *at[CASE_LIST_MAX];
  size_t count;
};
void case_list_add(struct case_list *list, char *value);

_Noreturn void case_give_up(const struct case_file *c, const char *what);

/* Returns a copy of a section's text, "" when there is none; the caller frees
 * it. */
char *case_text(const struct case_file *c, const char *title);
/* Returns the milliseconds of an ISO time. */
int64_t case_time(const struct case_file *c, const char *text);
/* Returns the index of `value` in `words`, which end in NULL. */
int case_choose(const struct case_file *c, const char *value,
                const char *const *words);

/* Turns a section of lines ID NAME into a list as the name cache makes it:
 * labels are clean and unique. The caller frees it. */
struct gc_entities *case_names(const struct case_file *c, const char *title,
                               bool is_refused);

/* Passes a section to a decoder, as the transport does: `chunk` bytes a piece;
 * 0: all at once. */
GC_MUST_CHECK enum gc_code case_feed(const struct case_section *s, size_t chunk,
                                     struct gc_sink sink, struct gc_err *err);
/* Returns an error's words without the position, which depends on how the
 * answer is cut: "not a JSON value" for "JSON, byte 17: not a JSON value". */
const char *case_words(const struct gc_err *err);

#endif
