/* SPDX-License-Identifier: MIT */
/* Small JSON documents as json-c trees: token answers, error bodies,
 * credentials and request bodies. Large answers and event streams are read by
 * json/stream. Pure.
 *
 *   GC_AUTO(gc_document_clear) struct gc_document answer = {0};
 *   GC_TRY(gc_document_read(&answer, body, len, 65536, err));
 *   const char *token = gc_document_text(answer.root, "access_token");
 *
 * The reader of json/stream builds the tree, so a document is the JSON of that
 * reader, parsed once: json-c itself accepts NaN, 'single quotes', comments and
 * text after the value, and changes numbers that do not fit. */
#ifndef GC_BASE_JSON_DOCUMENT_H
#define GC_BASE_JSON_DOCUMENT_H

#include "common/base/buf.h"

#include <stdint.h>

/* A json-c value, borrowed from its document. NULL is the JSON null. */
struct json_object;

struct gc_document {
  struct json_object *root;
  enum gc_code failed; /* the first failure of a gc_document_add_… function */
};

/* Overwrites the texts, which may be secrets, and frees them. */
GC_API void gc_document_clear(struct gc_document *d);

/* ---- reading ---- */

/* Reads one whole value into an empty document, which stays empty on failure.
 * GC_ERR_LIMIT: more than `max` bytes, or deeper than GC_JSON_DEPTH_MAX.
 * GC_ERR_PARSE: not JSON, not UTF-8, or a key with a NUL inside. The text of
 * `err` names the byte and never shows the input. A tree takes up to 300 times
 * the bytes of its text, so `max` should be small. */
GC_API GC_MUST_CHECK enum gc_code gc_document_read(struct gc_document *d,
                                                   const char *text, size_t len,
                                                   size_t max,
                                                   struct gc_err *err);

/* Returns the member `key` of the object `in`; if the key is there twice, the
 * last one. NULL when `in` is NULL or no object, when it has no such member, or
 * when the member is null: a caller can go down several levels and check the
 * last one only. */
GC_API struct json_object *gc_document_member(struct json_object *in,
                                              const char *key);
/* Returns the number of elements of an array or of members of an object; 0 for
 * anything else. */
GC_API size_t gc_document_count(struct json_object *in);
/* Returns the element `at` of the array `in`; NULL when it is null, or not
 * there. */
GC_API struct json_object *gc_document_element(struct json_object *in,
                                               size_t at);

/* Each returns a member that has the type; with `key` NULL, `in` itself. A
 * value of another type counts as absent: "60" is not a number. For an absent
 * value the function returns NULL or false, and `ret` is untouched. */

/* Returns NULL also for a string with a NUL inside. */
GC_API const char *gc_document_text(struct json_object *in, const char *key);
/* Reads a finite number of a document that was read, also one that is written
 * as a text. The caller checks the range that it needs. */
GC_API GC_MUST_CHECK bool gc_document_number(struct json_object *in,
                                             const char *key, double *ret);

/* ---- writing ---- */

/* Each adds a value to the container `in`: to an object under `key`, to an
 * array with `key` NULL. The first value has `in` NULL and is the root. The
 * document keeps the first failure until gc_document_write, so that building
 * needs no checks:
 *
 *   GC_AUTO(gc_document_clear) struct gc_document d = {0};
 *   struct json_object *body = gc_document_add_object(&d, NULL, NULL);
 *   gc_document_add_text(&d, body, "interval", "2026-…/2026-…");
 *   struct json_object *metrics = gc_document_add_array(&d, body, "metrics");
 *   gc_document_add_text(&d, metrics, NULL, "oWaiting");
 *   GC_TRY(gc_document_write(&d, out, err)); */
GC_API struct json_object *gc_document_add_object(struct gc_document *d,
                                                  struct json_object *in,
                                                  const char *key);
GC_API struct json_object *gc_document_add_array(struct gc_document *d,
                                                 struct json_object *in,
                                                 const char *key);
/* Replaces each byte that is not part of a UTF-8 character by U+FFFD, and
 * writes a `text` of NULL as null. */
GC_API void gc_document_add_text(struct gc_document *d, struct json_object *in,
                                 const char *key, const char *text);
GC_API void gc_document_add_int(struct gc_document *d, struct json_object *in,
                                const char *key, int64_t value);
/* Writes a number with three decimals, rounded; null when it is not finite, or
 * 1e15 or more in size. */
GC_API void gc_document_add_real(struct gc_document *d, struct json_object *in,
                                 const char *key, double value);
GC_API void gc_document_add_bool(struct gc_document *d, struct json_object *in,
                                 const char *key, bool value);

/* Appends the document to `out`, without spaces and in the order of its
 * members. GC_ERR_LIMIT past out->max; GC_ERR_MEMORY; GC_ERR_PARSE for an empty
 * document or a value that cannot be added to its container. */
GC_API GC_MUST_CHECK enum gc_code gc_document_write(struct gc_document *d,
                                                    struct gc_buf *out,
                                                    struct gc_err *err);

/* ---- a text that is cut off ---- */

/* For an error body of which only the beginning is kept. Copies the text of the
 * member `key` of the outermost object to `out`, whole characters up to `size`
 * (at least 1), or what there is of it before the cut; the last one counts.
 * Returns false, with `out` untouched, when there is no such text before the
 * first error. Needs up to about `len` bytes of memory. */
GC_API GC_MUST_CHECK bool gc_json_cut_text(const char *bytes, size_t len,
                                           const char *key, char *out,
                                           size_t size);

#endif
