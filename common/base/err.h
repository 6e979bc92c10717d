/* SPDX-License-Identifier: MIT */
/* Errors: a code to branch on, and a text for the log.
 *
 * The core never logs. A function that can fail returns enum gc_code and fills
 * a struct gc_err with the detail that only it knows; common/daemon/log writes
 * it to the log once. The functions of base accept an `err` of NULL; functions
 * of other folders may need one. Outputs are untouched on failure, but a
 * buffer may have a part of what the function appends. */
#ifndef GC_BASE_ERR_H
#define GC_BASE_ERR_H

#include "common/base/cleanup.h"

#include <stdarg.h>
#include <stdbool.h>

/* Each code and its meaning for the caller. */
#define GC_CODE_MAP(XX)                                                        \
  XX(OK, "done")                                                               \
  XX(ERR_MEMORY, "out of memory")                                              \
  XX(ERR_CONFIG, "the configuration is wrong and must be edited")              \
  XX(ERR_AUTH, "the server refuses the credentials")                           \
  XX(ERR_PERMISSION, "the client lacks a permission (403)")                    \
  XX(ERR_NOT_FOUND, "there is no such thing (404)")                            \
  XX(ERR_REQUEST, "the request is refused (other 4xx)")                        \
  XX(ERR_THROTTLED, "asked to wait (429)")                                     \
  XX(ERR_REMOTE, "the other side failed (5xx)")                                \
  XX(ERR_NETWORK, "the other side was not reached, or closed the connection")  \
  XX(ERR_TLS, "the TLS peer could not be verified")                            \
  XX(ERR_TIMEOUT, "no answer in time")                                         \
  XX(ERR_PARSE, "the answer is not what the API documents")                    \
  XX(ERR_LIMIT, "larger than the limit")                                       \
  XX(ERR_STATE,                                                                \
     "the state file or another file of the plugins cannot be used")           \
  XX(ERR_UNAVAILABLE, "the account is down; its own line in the log says why") \
  XX(ERR_STOPPED, "the plugin is shutting down")

enum gc_code {
#define XX(name, words) GC_##name,
  GC_CODE_MAP(XX)
#undef XX
      GC_CODE_COUNT
};

struct gc_err {
  enum gc_code code;
  char text[400]; /* one line, no secret, says what to do next */
};

/* Fills `err` (which may be NULL) and returns `code`, so that a failure is one
 * line: return gc_fail(err, GC_ERR_PARSE, "…"). A text that is too long is
 * cut. */
GC_API enum gc_code gc_fail(struct gc_err *err, enum gc_code code,
                            const char *format, ...) GC_PRINTF(3, 4);

/* Puts words in front of the text of `err`: "the list: " + text. Replaces its
 * code by `code` and returns `code`. */
GC_API enum gc_code gc_fail_in(struct gc_err *err, enum gc_code code,
                               const char *format, ...) GC_PRINTF(3, 4);

#ifdef __clang_analyzer__
/* The analyzer does not see, across files, that both functions return
 * `code`. */
#define gc_fail(err, code, ...) ((void)(gc_fail)(err, code, __VA_ARGS__), code)
#define gc_fail_in(err, code, ...)                                             \
  ((void)(gc_fail_in)(err, code, __VA_ARGS__), code)
#endif

/* Returns "ERR_PARSE" and so on; never NULL. */
GC_API const char *gc_code_name(enum gc_code code);

/* Returns the words of the list above; never NULL. */
GC_API const char *gc_code_words(enum gc_code code);

/* Replaces each `secret` in the text by ***. At the end of a text that was cut,
 * the first four or more bytes of the secret are replaced too. A secret of
 * fewer than four bytes is not replaced. */
GC_API void gc_text_hide(char *text, const char *secret);

/* True if the code concerns the server or the way to it, not one request: the
 * owner of the connection reports it once, and its users do not report it. */
GC_API bool gc_code_is_shared(enum gc_code code);

/* The project's only control-flow macro: returns the code of a failed step. */
#define GC_TRY(step)                                                           \
  do {                                                                         \
    enum gc_code gc_try_code = (step);                                         \
    if (gc_try_code != GC_OK)                                                  \
      return gc_try_code;                                                      \
  } while (0)

/* Appends to the text of an error, as far as it fits. */
GC_API void gc_err_add(struct gc_err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
