/* SPDX-License-Identifier: MIT */
/* Examines the texts of events before a JSON reader gets them: where a document
 * ends, whether a text may be a document, which id a topic has; and rejects
 * events without a metric before JSON is parsed, since most events of a contact
 * centre have none. Takes no value out of JSON (decision 0001). Pure, any
 * thread. */
#ifndef GENESYS_FLOWMETRICS_EVENTS_TEXT_H
#define GENESYS_FLOWMETRICS_EVENTS_TEXT_H

#include "common/base/buf.h"
#include "plugins/genesys_flowmetrics/events/attribute_name.h"

/* Returns the first byte that is no white space of JSON; `end` when there is
 * none. */
const char *text_skip_space(const char *p, const char *end);
/* Does the same for the begin of a text, which may have a byte order mark. */
const char *text_begin(const char *p, const char *end);
/* Returns the length of the object or array that begins at `p`, up to its
 * closing bracket, or to `end` when the bracket is missing. Returns 0 for
 * anything else. */
size_t text_document_len(const char *p, const char *end);
/* Returns true when a text begins as an object or an array does. */
bool text_may_be_document(const char *text, size_t len);

/* Returns true when a text begins as the base64 of an object or an array does.
 */
bool text_is_base64(const char *text, size_t len);
/* Decodes into `out`, which is empty. Returns false when the text is no base64.
 */
bool text_decode_base64(const char *text, size_t len, struct gc_buf *out);

/* Returns the conversation's id in a topic such as
 * "v2.detail.events.conversation.{id}.attributes"; NULL when the topic has
 * none. */
const char *text_topic_id(const char *topic, size_t len);

/* Appends ".name" or "[]" to a text of `at` bytes, "#" for each byte that is no
 * letter, and returns its new length. Not NUL-terminated. */
size_t text_add_place(char *out, size_t size, size_t at, bool is_item,
                      const char *name, size_t len);

/* Returns true when no attribute of the event can contain the format's marker,
 * and the bytes begin and end as documents do. JSON can escape a letter of the
 * marker only as \u, also where one document is a string in another (SNS). It
 * can write a quote, a slash, a backslash or a control character with other
 * escapes, too. A body with base64 in "data" is not rejected. A rejected event
 * has no metric; a fuzzer checks this against event_read_unfiltered. Broken
 * JSON inside a rejected event is not reported. */
bool prefilter_rejects(const struct attribute_form *form, const char *bytes,
                       size_t len);

#endif
