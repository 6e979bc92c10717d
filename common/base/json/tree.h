/* SPDX-License-Identifier: MIT */
/* Small JSON documents as a tree: a token answer, an error body, a channel.
 * What is large, or comes in a stream, is json_stream's, on which this rests
 * (json-c 0.16 takes NaN, 01 and single quotes even when asked to be strict,
 * and turns 2^64 into another number). Pure.
 *
 * What RFC 8259 leaves open: of a key given twice the last one counts; numbers
 * keep their text, so one that is too large is only refused when it is asked
 * for; a string with a NUL inside cannot be had as a C string. Texts are UTF-8
 * as far as json_stream goes: base/names cleans them for an identity.
 *
 *   GC_AUTO(gc_json_free_auto) struct gc_json *root = NULL;
 *   GC_TRY(gc_json_parse(body, len, 65536, &root, err));
 *   const char *token = gc_json_text(root, "access_token"); */
#ifndef GC_BASE_JSON_TREE_H
#define GC_BASE_JSON_TREE_H

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* A value of a tree; borrowed from its root, which is one too. */
struct gc_json;

/* GC_ERR_LIMIT: more than `max` bytes, or deeper than GC_JSON_DEPTH_MAX;
 * GC_ERR_PARSE. The text names the byte and shows nothing of the input. A tree
 * takes up to 50 times the bytes of its text. */
GC_API GC_MUST_CHECK enum gc_code gc_json_parse(const char *text, size_t len,
                                                size_t max,
                                                struct gc_json **ret_root,
                                                struct gc_err *err);
/* For a root only; NULL is fine. What was borrowed from it goes with it. The
 * memory is overwritten first: the document may have been a token. */
GC_API void gc_json_free(struct gc_json *root);
GC_DEFINE_AUTO(struct gc_json, gc_json_free)

/* The member `key` of the object `in`; NULL when `in` is NULL or no object, or
 * has no such member, or it is null: so one may reach through several levels
 * and look at the end only. */
GC_API const struct gc_json *gc_json_member(const struct gc_json *in,
                                            const char *key);
/* Elements of an array, members of an object; 0 for anything else. */
GC_API size_t gc_json_count(const struct gc_json *in);
/* The first element or member, and the next one; NULL at the end. */
GC_API const struct gc_json *gc_json_first(const struct gc_json *in);
GC_API const struct gc_json *gc_json_next(const struct gc_json *item);
/* The key under which a member stands; "" for anything else. */
GC_API const char *gc_json_name(const struct gc_json *item);

/* A member by its type. `in` as in gc_json_member; with key NULL it is `in`
 * itself that is looked at. Another type is as good as absent: "60" is no
 * number, 1 is no bool. gc_json_text gives NULL then, the others false and an
 * untouched `ret`. */
GC_API const char *gc_json_text(const struct gc_json *in, const char *key);
/* Whole numbers; 3.0 and 3e0 are 3, as in base/decimal. */
GC_API GC_MUST_CHECK bool gc_json_whole(const struct gc_json *in,
                                        const char *key, int64_t *ret);
GC_API GC_MUST_CHECK bool gc_json_number(const struct gc_json *in,
                                         const char *key, double *ret);
GC_API GC_MUST_CHECK bool gc_json_bool(const struct gc_json *in,
                                       const char *key, bool *ret);

#endif
