/* SPDX-License-Identifier: MIT */
/* The guide dialect's conversation stream: the client's query after the upgrade
 * and one message of the server.
 *   {"query":{"view":"DEFAULT","interval":"PT1S","select":[…],"where":[…]}}
 *   {"eventType":"ConversationEvent","event":{"conversationId":"…",
 *     "type":"voice","state":"ACTIVE","queueId":"…","wrapUpCode":"…"}}
 * A message has a conversation's state, but no times and no participants. Pure;
 * one thread at a time. */
#ifndef GENESYS_REALTIME_STREAM_GUIDE_DECODE_H
#define GENESYS_REALTIME_STREAM_GUIDE_DECODE_H

#include "common/base/buf.h"
#include "plugins/genesys_realtime/conversations/conversations.h"

#define GUIDE_STREAM_PATH "/api/v2/analytics/realtime/conversations"
#define GUIDE_SCOPE "analytics:realtime:read"

struct guide_decoder;

/* Makes a decoder. Returns NULL when out of memory. The decoder allocates
 * nothing per message. */
struct guide_decoder *guide_decoder_new(void);
void guide_decoder_free(struct guide_decoder *d); /* NULL: does nothing */
GC_DEFINE_AUTO(struct guide_decoder, guide_decoder_free)

/* Reads one message. *ret is borrowed until the next call; NULL for another
 * event type, an unknown state, no conversation id or a queue id that is too
 * long. GC_ERR_PARSE: not JSON. GC_ERR_LIMIT: more than GC_MESSAGE_MAX_BYTES.
 */
GC_MUST_CHECK enum gc_code decode_guide_event(struct guide_decoder *d,
                                              const char *bytes, size_t len,
                                              const struct guide_event **ret,
                                              struct gc_err *err);

/* Returns the unknown words of all events so far: states and types; borrowed.
 * The caller takes the new ones. */
struct gc_unknown_words *guide_decoder_unknown(struct guide_decoder *d);
/* Returns the meaning of unknown words of a kind, as a text for a report. */
const char *guide_word_default(const char *kind);

/* Appends the query. Without `where` the query selects the media: "type =
 * 'voice' OR type = 'chat'". Without both it selects everything. */
GC_MUST_CHECK enum gc_code guide_query(char *const *where, size_t where_count,
                                       char *const *media, size_t media_count,
                                       struct gc_buf *out);

#endif
