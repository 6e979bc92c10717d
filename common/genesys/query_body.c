/* SPDX-License-Identifier: MIT */
#include "common/genesys/query_body.h"

void gc_query_body_add_list(struct gc_document *d, struct json_object *in,
                            const char *key, const char *const *texts,
                            size_t count) {
  struct json_object *list = gc_document_add_array(d, in, key);
  for (size_t i = 0; i < count; i++)
    gc_document_add_text(d, list, NULL, texts[i]);
}

void gc_query_body_add_filter(struct gc_document *d, struct json_object *body,
                              const char *dimension, const char *const *ids,
                              size_t count) {
  struct json_object *filter = gc_document_add_object(d, body, "filter");
  gc_document_add_text(d, filter, "type", "or");
  struct json_object *list = gc_document_add_array(d, filter, "predicates");
  for (size_t i = 0; i < count; i++) {
    struct json_object *predicate = gc_document_add_object(d, list, NULL);
    gc_document_add_text(d, predicate, "type", "dimension");
    gc_document_add_text(d, predicate, "dimension", dimension);
    gc_document_add_text(d, predicate, "operator", "matches");
    gc_document_add_text(d, predicate, "value", ids[i]);
  }
}
