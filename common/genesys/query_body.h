/* SPDX-License-Identifier: MIT */
/* The parts that the bodies of analytics queries have in common (API reference,
 * filters). The values are added to a document under construction, which keeps
 * the first failure (base/json/document). Pure; texts are copied. */
#ifndef GC_GENESYS_QUERY_BODY_H
#define GC_GENESYS_QUERY_BODY_H

#include "common/base/json/document.h"

/* Adds the array `key` of `count` texts to the object `in`. */
GC_API void gc_query_body_add_list(struct gc_document *d,
                                   struct json_object *in, const char *key,
                                   const char *const *texts, size_t count);

/* Adds "filter" to `body`: `dimension` ("queueId") matches one of the `count`
 * ids. */
GC_API void gc_query_body_add_filter(struct gc_document *d,
                                     struct json_object *body,
                                     const char *dimension,
                                     const char *const *ids, size_t count);

#endif
