/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/words.h"

#include <string.h>

struct word {
  const char *text;
  uint8_t len, means;
};

#define WORD(text, means)                                                      \
  { text, sizeof(text) - 1, means }

/* The most frequent words come first. */
static const struct word states[] = {
    WORD("connected", CV_LEG_CONNECTED),  WORD("disconnected", CV_LEG_OVER),
    WORD("alerting", CV_LEG_RINGING),     WORD("terminated", CV_LEG_OVER),
    WORD("contacting", CV_LEG_RINGING),   WORD("dialing", CV_LEG_RINGING),
    WORD("offering", CV_LEG_RINGING),     WORD("scheduled", CV_LEG_SCHEDULED),
    WORD("parked", CV_LEG_PARKED),        WORD("none", CV_LEG_UNKNOWN),
    WORD("transmitting", CV_LEG_UNKNOWN), WORD("uploading", CV_LEG_UNKNOWN),
    WORD("converting", CV_LEG_UNKNOWN),
};

static const struct word acw_states[] = {
    WORD("complete", CV_ACW_DONE),   WORD("pending", CV_ACW_DONE),
    WORD("skipped", CV_ACW_SKIPPED), WORD("notApplicable", CV_ACW_SKIPPED),
    WORD("unknown", CV_ACW_UNKNOWN),
};

/* The schema has no enumeration of the purposes; these are the words of
 * AnalyticsParticipantWithoutAttributes. */
static const struct word purposes[] = {
    WORD("acd", CV_ACD),
    WORD("agent", CV_AGENT),
    WORD("customer", CV_CUSTOMER),
    WORD("ivr", CV_OTHER),
    WORD("workflow", CV_OTHER),
    WORD("external", CV_OTHER),
    WORD("user", CV_OTHER),
    WORD("botflow", CV_OTHER),
    WORD("voicemail", CV_OTHER),
    WORD("dialer", CV_OTHER),
    WORD("outbound", CV_OTHER),
    WORD("inbound", CV_OTHER),
    WORD("group", CV_OTHER),
    WORD("station", CV_OTHER),
    WORD("campaign", CV_OTHER),
    WORD("api", CV_OTHER),
    WORD("fax", CV_OTHER),
    WORD("manual", CV_OTHER),
    WORD("voicesurveyflow", CV_OTHER),
};

enum { TRANSFERRED = 1, REFUSED = 2 }; /* REFUSED: an alert without an answer */

static const struct word disconnect_types[] = {
    WORD("client", 0),
    WORD("peer", 0),
    WORD("endpoint", 0),
    WORD("system", 0),
    WORD("transfer", TRANSFERRED),
    WORD("transfer.noanswer", TRANSFERRED | REFUSED),
    WORD("transfer.notavailable", TRANSFERRED | REFUSED),
    WORD("transfer.dnd", TRANSFERRED | REFUSED),
    WORD("transfer.consult", TRANSFERRED),
    WORD("transfer.conference", TRANSFERRED),
    WORD("transfer.forward", TRANSFERRED),
    WORD("endpoint.dnd", REFUSED),
    WORD("timeout", 0),
    WORD("error", 0),
    WORD("other", 0),
    WORD("inactivity", 0),
    WORD("session.expired", 0),
    WORD("transport.failure", 0),
    WORD("takeover", 0),
    WORD("uncallable", 0),
    WORD("spam", 0),
};

static const char state_kind[] = "state";
static const char acw_kind[] = "afterCallWork.state";
static const char purpose_kind[] = "purpose";
static const char disconnect_kind[] = "disconnectType";

static const struct word *find_word(const struct word *words, size_t count,
                                    const struct gc_json_value *v) {
  if (v->kind != GC_JSON_STRING)
    return NULL;
  for (size_t i = 0; i < count; i++)
    if (words[i].len == v->len && memcmp(words[i].text, v->text, v->len) == 0)
      return &words[i];
  return NULL;
}

static void note_unknown(struct gc_unknown_words *unknown, const char *kind,
                         const struct gc_json_value *v) {
  static const char no_text[] = "?"; /* an unreadable word */
  if (v->kind == GC_JSON_STRING)
    gc_unknown_words_add(unknown, kind, v->text, v->len);
  else if (v->kind != GC_JSON_NULL)
    gc_unknown_words_add(unknown, kind, no_text, sizeof(no_text) - 1);
}

void cv_word_unread(const char *kind, const struct gc_json_value *v,
                    struct gc_unknown_words *unknown) {
  note_unknown(unknown, kind, v);
}

/* Returns the meaning of the word; 0, the meaning of a missing word, for an
 * unknown one. */
static unsigned read_word(const struct word *words, size_t count,
                          const char *kind, const struct gc_json_value *v,
                          struct gc_unknown_words *unknown) {
  const struct word *word = find_word(words, count, v);
  if (word == NULL)
    note_unknown(unknown, kind, v);
  return word != NULL ? word->means : 0;
}

enum cv_leg cv_word_leg(const struct gc_json_value *v,
                        struct gc_unknown_words *unknown) {
  return (enum cv_leg)read_word(states, GC_COUNT(states), state_kind, v,
                                unknown);
}

enum cv_acw cv_word_acw(const struct gc_json_value *v,
                        struct gc_unknown_words *unknown) {
  return (enum cv_acw)read_word(acw_states, GC_COUNT(acw_states), acw_kind, v,
                                unknown);
}

enum cv_purpose cv_word_purpose(const struct gc_json_value *v,
                                struct gc_unknown_words *unknown) {
  return (enum cv_purpose)read_word(purposes, GC_COUNT(purposes), purpose_kind,
                                    v, unknown);
}

static bool begins_with_transfer(const struct gc_json_value *v) {
  static const char transfer[] = "transfer";
  const size_t len = sizeof(transfer) - 1;
  return v->kind == GC_JSON_STRING && v->len >= len &&
         memcmp(v->text, transfer, len) == 0;
}

void cv_word_disconnect(const struct gc_json_value *v,
                        struct gc_unknown_words *unknown,
                        struct cv_communication *ret) {
  const struct word *word =
      find_word(disconnect_types, GC_COUNT(disconnect_types), v);
  if (word == NULL)
    note_unknown(unknown, disconnect_kind, v);
  ret->transferred =
      word != NULL ? (word->means & TRANSFERRED) != 0 : begins_with_transfer(v);
  ret->refused = word != NULL && (word->means & REFUSED) != 0;
}

static bool is_time(const char *kind) {
  static const char tail[] = "Time";
  size_t len = strlen(kind);
  return len >= sizeof(tail) - 1 &&
         strcmp(kind + len - (sizeof(tail) - 1), tail) == 0;
}

const char *cv_word_default(const char *kind) {
  static const struct {
    const char *kind, *text;
  } rows[] = {
      {"id", "the participant is ignored"},
      {"queueId", "the participant counts as one of no queue"},
      {purpose_kind, "the participant counts as neither customer nor agent"},
      {disconnect_kind,
       "the leg counts as ended, and as transferred only if the word begins "
       "with \"transfer\""},
      {acw_kind, "the times of the after-call work decide"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    if (strcmp(rows[i].kind, kind) == 0)
      return rows[i].text;
  if (is_time(kind))
    return "the time counts as missing";
  return "the times of the leg decide";
}
