/* SPDX-License-Identifier: MIT */
#include "common/analytics/query/tables.h"

#include <string.h>

#include "common/base/ascii.h"
#include "common/base/cleanup.h"
#include "common/base/nearest.h"
#include "common/genesys/clean_name.h"
#include "common/net/name_cache.h"

/* ---- metrics of the sources ---- */

static const struct gc_api_metric of_conversations[] = {
    {"nBlindTransferred", GC_STATS_COUNT,
     "Contacts that an agent transferred without consulting."},
    {"nBotInteractions", GC_STATS_COUNT, "Contacts that a bot handled."},
    {"nCallbackAttempts", GC_STATS_COUNT, "Attempts of callbacks."},
    {"nCallbackOverSla", GC_STATS_COUNT,
     "Callbacks answered later than the queue's target."},
    {"nCallbackScheduled", GC_STATS_COUNT, "Callbacks that were scheduled."},
    {"nCfcOffered", GC_STATS_COUNT,
     "Contacts offered to a customer-first callback."},
    {"nCobrowseSessions", GC_STATS_COUNT, "Co-browse sessions."},
    {"nConnected", GC_STATS_COUNT, "Contacts that were connected."},
    {"nConsult", GC_STATS_COUNT, "Consultations by agents."},
    {"nConsultTransferred", GC_STATS_COUNT,
     "Contacts that an agent transferred after a consultation."},
    {"nConversations", GC_STATS_COUNT, "Conversations that began."},
    {"nError", GC_STATS_COUNT, "Errors of conversations."},
    {"nOffered", GC_STATS_COUNT, "Contacts that were offered to the queue."},
    {"nOutbound", GC_STATS_COUNT, "Outbound contacts."},
    {"nOutboundAbandoned", GC_STATS_COUNT,
     "Outbound contacts whose customer left before an agent came."},
    {"nOutboundAttempted", GC_STATS_COUNT,
     "Attempts of outbound contacts by a dialer."},
    {"nOutboundConnected", GC_STATS_COUNT,
     "Outbound contacts of a dialer that were connected."},
    {"nOverSla", GC_STATS_COUNT,
     "Contacts answered later than the queue's target."},
    {"nStateTransitionError", GC_STATS_COUNT,
     "Transitions of a contact's state that failed."},
    {"nTakeover", GC_STATS_COUNT, "Contacts that another agent took over."},
    {"nTransferred", GC_STATS_COUNT, "Contacts that an agent transferred."},
    {"oAudioMessageCount", GC_STATS_SUM, "Audio messages."},
    {"oCallbackServiceLevel", GC_STATS_RATIO,
     "Share of callbacks answered within the target."},
    {"oExternalAudioMessageCount", GC_STATS_SUM,
     "Audio messages of the customer."},
    {"oExternalMediaCount", GC_STATS_SUM, "Media of the customer's messages."},
    {"oMediaCount", GC_STATS_SUM, "Media of messages."},
    {"oMessageCount", GC_STATS_SUM, "Messages."},
    {"oMessageSegmentCount", GC_STATS_SUM, "Segments of messages."},
    {"oMessageTurn", GC_STATS_SUM, "Turns between customer and agent."},
    {"oServiceLevel", GC_STATS_RATIO,
     "Share of contacts answered within the queue's target."},
    {"oServiceTarget", GC_STATS_TARGET, "The queue's service level target."},
    {"oSkillExpressionApplications", GC_STATS_COUNT,
     "Applications of skill expressions."},
    {"tAbandon", GC_STATS_DURATION,
     "Wait of contacts whose customer left before an agent answered."},
    {"tAcd", GC_STATS_DURATION,
     "Time in queues, until answer, abandon or flow-out."},
    {"tActiveCallback", GC_STATS_DURATION, "Time in an active callback."},
    {"tActiveCallbackComplete", GC_STATS_DURATION,
     "Time in active callbacks, when the last one ends."},
    {"tAcw", GC_STATS_DURATION, "Wrap-up after the contact."},
    {"tAgentResponseTime", GC_STATS_DURATION,
     "Time until an agent responds to a message."},
    {"tAgentVideoConnected", GC_STATS_DURATION,
     "Time with the agent's video on."},
    {"tAlert", GC_STATS_DURATION, "Time a contact rings at an agent."},
    {"tAnswered", GC_STATS_DURATION,
     "Wait of contacts that an agent answered."},
    {"tAverageAgentResponseTime", GC_STATS_DURATION,
     "Average time until the agent responds, of each contact."},
    {"tAverageCustomerResponseTime", GC_STATS_DURATION,
     "Average time until the customer responds, of each contact."},
    {"tBarging", GC_STATS_DURATION, "Time a supervisor barges in."},
    {"tCallbackAbandon", GC_STATS_DURATION,
     "Wait of callbacks that ended unanswered."},
    {"tCallbackConnect", GC_STATS_DURATION,
     "Time until a callback is connected."},
    {"tCallbackNotReached", GC_STATS_DURATION,
     "Time of callbacks that did not reach the customer."},
    {"tCallbackVirtualWait", GC_STATS_DURATION, "Virtual wait of callbacks."},
    {"tCfcAbandon", GC_STATS_DURATION,
     "Wait of customer-first callbacks that were abandoned."},
    {"tCfcAcd", GC_STATS_DURATION,
     "Time of customer-first callbacks in queues."},
    {"tCfcAnswered", GC_STATS_DURATION,
     "Wait of customer-first callbacks that were answered."},
    {"tCfcFlowOut", GC_STATS_DURATION,
     "Wait of customer-first callbacks that left for another flow."},
    {"tCoaching", GC_STATS_DURATION, "Time a supervisor coaches."},
    {"tCoachingComplete", GC_STATS_DURATION, "Time of coaching, when it ends."},
    {"tConnected", GC_STATS_DURATION, "Time until a contact is connected."},
    {"tContacting", GC_STATS_DURATION, "Time of contacting, before dialing."},
    {"tDialing", GC_STATS_DURATION, "Time of dialing."},
    {"tFirstConnect", GC_STATS_DURATION, "Time until the first connection."},
    {"tFirstDial", GC_STATS_DURATION, "Time until the first dialing."},
    {"tFirstEngagement", GC_STATS_DURATION,
     "Time until an agent first engages with the customer."},
    {"tFirstResponse", GC_STATS_DURATION,
     "Time until the first response to the customer."},
    {"tFlowOut", GC_STATS_DURATION,
     "Wait of contacts that left the queue for another flow."},
    {"tHandle", GC_STATS_DURATION, "Handling: talk, hold, dialing, wrap-up."},
    {"tHeld", GC_STATS_DURATION, "Time on hold, of each segment."},
    {"tHeldComplete", GC_STATS_DURATION, "Time on hold, of each session."},
    {"tIvr", GC_STATS_DURATION, "Time in an IVR."},
    {"tMonitoring", GC_STATS_DURATION, "Time a supervisor monitors."},
    {"tMonitoringComplete", GC_STATS_DURATION,
     "Time of monitoring, when it ends."},
    {"tNotResponding", GC_STATS_DURATION,
     "Time a contact rang at an agent who did not answer."},
    {"tPark", GC_STATS_DURATION, "Time parked, of each segment."},
    {"tParkComplete", GC_STATS_DURATION, "Time parked, of each session."},
    {"tScreenMonitoring", GC_STATS_DURATION,
     "Time a supervisor monitors the screen."},
    {"tShortAbandon", GC_STATS_DURATION,
     "Wait of contacts that were abandoned within the short-abandon "
     "threshold."},
    {"tSnippetRecord", GC_STATS_DURATION, "Time of recorded snippets."},
    {"tTalk", GC_STATS_DURATION, "Time an agent interacts, of each segment."},
    {"tTalkComplete", GC_STATS_DURATION,
     "Time an agent interacts, of each session."},
    {"tTransmitting", GC_STATS_DURATION, "Time an agent transmits."},
    {"tUserResponseTime", GC_STATS_DURATION,
     "Time until an agent responds, of each response."},
    {"tVoicemail", GC_STATS_DURATION, "Time in voicemail."},
    {"tWait", GC_STATS_DURATION, "Wait for an agent, answered or not."},
};
static const struct gc_api_metric of_users[] = {
    {"tAgentRoutingStatus", GC_STATS_SECONDS,
     "Time an agent spent in a routing status."},
    {"tOrganizationPresence", GC_STATS_SECONDS,
     "Time an agent spent in a presence of the organisation."},
    {"tSystemPresence", GC_STATS_SECONDS,
     "Time an agent spent in a system presence."},
};
static const struct gc_api_metric of_flows[] = {
    {"nFlow", GC_STATS_COUNT, "Entries into the flow."},
    {"nFlowMilestone", GC_STATS_COUNT, "Milestones reached."},
    {"nFlowOutcome", GC_STATS_COUNT, "Outcomes that ended, with any value."},
    {"nFlowOutcomeFailed", GC_STATS_COUNT, "Outcomes that failed."},
    {"oFlowMilestone", GC_STATS_COUNT,
     "Milestones, as the platform's own view counts them."},
    {"tFlow", GC_STATS_DURATION, "Time in the flow."},
    {"tFlowDisconnect", GC_STATS_DURATION,
     "Time in the flow, of contacts that ended there."},
    {"tFlowExit", GC_STATS_DURATION,
     "Time in the flow, of contacts that continued elsewhere."},
    {"tFlowOutcome", GC_STATS_DURATION,
     "Time from an outcome's start to its end."},
};
static const struct gc_api_metric of_queue_details[] = {
    {"answered", GC_STATS_COUNT, "Contacts that were answered."},
    {"abandoned", GC_STATS_COUNT, "Contacts that were abandoned."},
    {"offered", GC_STATS_COUNT, "Contacts that were offered."},
    {"waitTime", GC_STATS_MEAN, "Mean wait."},
};

/* ---- endpoints ---- */

static const char *const metrics[] = {
    "nOffered", "nOverSla", "nTransferred",  "oServiceLevel", "tAnswered",
    "tAbandon", "tFlowOut", "tHandle",       "tTalk",         "tHeld",
    "tAcw",     "tAlert",   "tNotResponding"};
static const char *const user_metrics[] = {"tAgentRoutingStatus",
                                           "tSystemPresence"};
static const char *const flow_metrics[] = {
    "nFlow", "nFlowOutcome", "nFlowOutcomeFailed", "nFlowMilestone",
    "tFlow", "tFlowExit",    "tFlowDisconnect",    "tFlowOutcome"};
static const char *const by_queue_and_media[] = {"queueId", "mediaType"};
static const char *const by_user[] = {"userId"};
static const char *const by_queue[] = {"queueId"};
static const char *const by_flow[] = {"flowId"};

#define LIST(list)                                                             \
  { list, GC_COUNT(list) }

static const struct gc_source sources[GC_QUERY_SOURCE_COUNT] = {
    [GC_QUERY_CONVERSATIONS] = {.name = "conversations",
                                .table = LIST(of_conversations),
                                .endpoint = GC_ENDPOINT_CONVERSATION_AGGREGATES,
                                .chosen = "queueId",
                                .option = "Queue",
                                .noun = "queue",
                                .takes_filter = true,
                                .is_by_media = true,
                                .metrics = LIST(metrics),
                                .groups = LIST(by_queue_and_media)},
    [GC_QUERY_USERS] = {.name = "users",
                        .table = LIST(of_users),
                        .endpoint = GC_ENDPOINT_USER_AGGREGATES,
                        .is_by_media = true,
                        .only = "userId",
                        .metrics = LIST(user_metrics),
                        .groups = LIST(by_user)},
    [GC_QUERY_QUEUE_DETAILS] = {.name = "queue_details",
                                .table = LIST(of_queue_details),
                                .endpoint = GC_ENDPOINT_QUEUE_DETAILS,
                                .chosen = "queueId",
                                .option = "Queue",
                                .noun = "queue",
                                .is_by_media = true,
                                .only = "queueId",
                                .groups = LIST(by_queue)},
    [GC_QUERY_FLOWS] = {.name = "flows",
                        .table = LIST(of_flows),
                        .endpoint = GC_ENDPOINT_FLOW_AGGREGATES,
                        .chosen = "flowId",
                        .option = "Flow",
                        .noun = "flow",
                        .takes_filter = true,
                        .metrics = LIST(flow_metrics),
                        .groups = LIST(by_flow)},
};

const struct gc_source *gc_source(enum gc_query_source source) {
  return &sources[(unsigned)source < GC_QUERY_SOURCE_COUNT ? source : 0];
}

/* ---- dimensions ---- */

/* The queries that accept a dimension. */
enum {
  CONVERSATIONS = 1 << GC_QUERY_CONVERSATIONS,
  FLOWS = 1 << GC_QUERY_FLOWS,
  BOTH = CONVERSATIONS | FLOWS
};

/* The dimensions that the API reference lists, by kind. */
static const struct row {
  enum gc_dimension_kind kind;
  unsigned sources;
  const char *names; /* divided by blanks */
} dimensions[] = {
    {GC_DIMENSION_QUEUE, BOTH, "queueId"},
    {GC_DIMENSION_MEDIA, BOTH, "mediaType"},
    {GC_DIMENSION_USER, BOTH, "userId"},
    {GC_DIMENSION_WORD, BOTH,
     "activeRouting activeSkillId agentAssistantId agentBullseyeRing "
     "agentOwned agentRank agentScore assignerId authenticated "
     "conversationInitiator convertedFrom convertedTo "
     "customerParticipation deliveryStatus direction disconnectType "
     "divisionId edgeId eligibleAgentCount errorCode "
     "extendedDeliveryStatus externalMediaCount externalOrganizationId "
     "firstQueue flaggedReason flowInType flowOutType groupId "
     "interactionType journeyActionId journeyActionMapId "
     "journeyActionMapVersion journeyCustomerIdType "
     "journeyCustomerSessionIdType knowledgeBaseId mediaCount messageType "
     "originatingDirection outboundCampaignId outboundContactListId "
     "proposedAgentId provider purpose removedSkillId requestedLanguageId "
     "requestedRouting requestedRoutingSkillId routingPriority routingRing "
     "routingRule routingRuleType scoredAgentId selectedAgentId "
     "selectedAgentRank selfServed skillExpressionId stationId teamId "
     "usedRouting videoPresent waitingInteractionCount wrapUpCode"},
    {GC_DIMENSION_PERSONAL, BOTH,
     "addressFrom addressTo ani conversationId destinationAddress dnis "
     "externalContactId externalTag journeyCustomerId "
     "journeyCustomerSessionId outboundContactId participantName peerId "
     "remote roomId sessionDnis sessionId"},
    {GC_DIMENSION_WORD, FLOWS,
     "endingLanguage flowName flowOutcome flowVersion startingLanguage "
     "transferTargetName"},
    {GC_DIMENSION_PERSONAL, FLOWS, "entryReason transferTargetAddress"},
    {GC_DIMENSION_CODE, FLOWS,
     "entryType exitReason flowOutcomeValue flowSubType flowType "
     "recognitionFailureReason transferType"},
    {GC_DIMENSION_FLOW, FLOWS, "flowId"},
    {GC_DIMENSION_MILESTONE, FLOWS, "flowMilestoneId"},
    {GC_DIMENSION_OUTCOME, FLOWS, "flowOutcomeId"},
    {GC_DIMENSION_WORD, CONVERSATIONS, "originatingSocialMediaPublic"},
};

static bool has_word(const char *words, const char *word) {
  for (size_t len = strlen(word); *words != '\0'; words += strspn(words, " ")) {
    size_t n = strcspn(words, " ");
    if (n == len && memcmp(words, word, n) == 0)
      return true;
    words += n;
  }
  return false;
}

static const struct row *find_dimension(const char *name) {
  for (size_t i = 0; i < GC_COUNT(dimensions); i++)
    if (has_word(dimensions[i].names, name))
      return &dimensions[i];
  return NULL;
}

enum gc_dimension_kind gc_dimension_of(const char *name) {
  const struct row *row = find_dimension(name);
  return row != NULL ? row->kind : GC_DIMENSION_WORD;
}

int gc_dimension_list(enum gc_dimension_kind kind) {
  switch (kind) {
  case GC_DIMENSION_QUEUE:
    return GC_QUEUE;
  case GC_DIMENSION_USER:
    return GC_USER;
  case GC_DIMENSION_FLOW:
    return GC_FLOW;
  case GC_DIMENSION_OUTCOME:
    return GC_FLOW_OUTCOME;
  case GC_DIMENSION_MILESTONE:
    return GC_FLOW_MILESTONE;
  case GC_DIMENSION_PRESENCE:
    return GC_PRESENCE;
  default:
    return -1;
  }
}

/* Checks a dimension. The guide dialect and the query of users are grouped by
 * one dimension (gc_source.only), which conversations have too. */
enum gc_code gc_dimension_check(const char *name, enum gc_query_source source,
                                struct gc_err *err) {
  const struct row *row = find_dimension(name);
  unsigned bit = source == GC_QUERY_FLOWS ? FLOWS : CONVERSATIONS;
  bool is_known = row != NULL && (row->sources & bit) != 0;
  if (!is_known && source == GC_QUERY_FLOWS)
    return gc_fail(err, GC_ERR_CONFIG,
                   "GroupBy: \"%.40s\" is not a dimension of the flow "
                   "aggregates such as \"flowId\", \"flowOutcomeId\", "
                   "\"flowMilestoneId\", \"flowType\", \"mediaType\"",
                   name);
  if (!is_known)
    return gc_fail(err, GC_ERR_CONFIG,
                   "GroupBy: \"%.40s\" is not a dimension of the aggregate "
                   "queries such as \"queueId\", \"mediaType\", \"userId\", "
                   "\"direction\", \"divisionId\", \"wrapUpCode\"",
                   name);
  if (row->kind == GC_DIMENSION_PERSONAL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "GroupBy: \"%s\" identifies single conversations or "
                   "customers, which never become series",
                   name);
  return GC_OK;
}

/* ---- metrics ---- */

/* The rows of names that no table has. */
static const struct gc_api_metric duration = {"t", GC_STATS_DURATION, NULL};
static const struct gc_api_metric number = {"n", GC_STATS_COUNT, NULL};

const struct gc_api_metric *gc_api_metric_of(const char *name) {
  for (size_t i = 0; i < GC_COUNT(sources); i++)
    for (size_t k = 0; k < sources[i].table.count; k++)
      if (strcmp(sources[i].table.at[k].name, name) == 0)
        return &sources[i].table.at[k];
  return name[0] == 't' ? &duration : &number;
}

bool gc_api_metric_is_by_presence(const char *name) {
  return strcmp(name, "tOrganizationPresence") == 0;
}

const struct gc_api_member gc_api_members[GC_MEMBERS] = {
    [GC_MEMBER_COUNT] = {"count", GC_STATS_COUNT, false},
    [GC_MEMBER_SUM] = {"sum", GC_STATS_VALUE, false},
    [GC_MEMBER_MIN] = {"min", GC_STATS_VALUE, false},
    [GC_MEMBER_MAX] = {"max", GC_STATS_VALUE, false},
    [GC_MEMBER_RATIO] = {"ratio", GC_STATS_RATIO, true},
    [GC_MEMBER_NUMERATOR] = {"numerator", GC_STATS_COUNT, false},
    [GC_MEMBER_DENOMINATOR] = {"denominator", GC_STATS_COUNT, false},
    [GC_MEMBER_CURRENT] = {"current", GC_STATS_VALUE, false},
    [GC_MEMBER_TARGET] = {"target", GC_STATS_TARGET, false},
    [GC_MEMBER_P95] = {"p95", GC_STATS_VALUE, false},
    [GC_MEMBER_P99] = {"p99", GC_STATS_VALUE, false},
    [GC_MEMBER_COUNT_NEGATIVE] = {"countNegative", GC_STATS_COUNT, false},
    [GC_MEMBER_COUNT_POSITIVE] = {"countPositive", GC_STATS_COUNT, false},
    [GC_MEMBER_CALCULATED] = {"calculatedMetricValue", GC_STATS_VALUE, false},
};

const struct gc_api_member *gc_api_member_of(const char *name) {
  for (size_t i = 0; i < GC_COUNT(gc_api_members); i++)
    if (strcmp(gc_api_members[i].name, name) == 0)
      return &gc_api_members[i];
  return NULL;
}

bool gc_api_member_has_label(const char *label) {
  char name[GC_NAME_SIZE];
  for (size_t i = 0; i < GC_COUNT(gc_api_members); i++)
    if (gc_api_members[i].name[0] == label[0] && /* saves time */
        gc_name_snake(name, gc_api_members[i].name) && strcmp(name, label) == 0)
      return true;
  return false;
}

/* By kind: the members that become the metric's own series, and the other
 * members of a known metric, which have series of their own. */
static const struct {
  uint32_t own, others;
} members_of[] = {
    [GC_STATS_COUNT] = {GC_HAS(COUNT), 0},
    [GC_STATS_SUM] = {GC_HAS(SUM), GC_HAS(COUNT) | GC_HAS(MIN) | GC_HAS(MAX)},
    [GC_STATS_DURATION] = {GC_HAS_SUMMARY, 0},
    [GC_STATS_SECONDS] = {GC_HAS(SUM), 0},
    [GC_STATS_RATIO] = {GC_HAS(RATIO), GC_HAS(NUMERATOR) | GC_HAS(DENOMINATOR) |
                                           GC_HAS(TARGET)},
    [GC_STATS_TARGET] = {GC_HAS(CURRENT), 0},
    [GC_STATS_MEAN] = {GC_HAS(CURRENT), 0},
    [GC_STATS_VALUE] = {GC_HAS(CURRENT), 0},
};

uint32_t gc_api_metric_others(const struct gc_api_metric *m, uint32_t has) {
  uint32_t own = members_of[m->kind].own;
  uint32_t others =
      m->meaning != NULL ? members_of[m->kind].others : UINT32_MAX;
  /* A summary of durations has all of these numbers: if one is missing, each
   * duration gets a series of its own. */
  uint32_t whole = GC_HAS_SUMMARY;
  if (m->kind == GC_STATS_DURATION && (has & whole) != whole) {
    own = GC_HAS(COUNT);
    others |= GC_HAS_SUMMARY & ~own;
  }
  return has & others & ~own;
}

/* True if `name` can be a name of the API: a lower-case letter, then letters
 * and digits, 60 bytes at most. */
static bool is_metric_name(const char *name) {
  if (!gc_is_lower(name[0]) || strlen(name) > 60)
    return false;
  for (const char *c = name; *c != '\0'; c++)
    if (!gc_is_letter(*c) && !gc_is_digit(*c))
      return false;
  return true;
}

/* Returns the metric of the tables that the mistyped `name` was probably meant
 * to be: at most two characters differ, and the first is the same. NULL for a
 * name that resembles none of them: it may be newer than the tables. */
static const char *metric_meant(const char *name) {
  const char *meant = NULL;
  size_t best = 3;
  for (size_t i = 0; i < GC_COUNT(sources); i++)
    for (size_t k = 0; k < sources[i].table.count; k++) {
      const char *known = sources[i].table.at[k].name;
      size_t distance = known[0] == name[0] ? gc_text_distance(known, name) : 3;
      if (distance < best) {
        best = distance;
        meant = known;
      }
    }
  return meant;
}

enum gc_code gc_api_metric_check(const char *name, struct gc_err *err) {
  if (!is_metric_name(name))
    return gc_fail(err, GC_ERR_CONFIG,
                   "Metric: \"%.40s\" is not the name of a metric such as "
                   "\"nOffered\", \"tAnswered\", \"oServiceLevel\", or of "
                   "flows \"nFlow\", \"tFlow\"",
                   name);
  bool is_known = gc_api_metric_of(name)->meaning != NULL;
  const char *meant = is_known ? NULL : metric_meant(name);
  return meant == NULL
             ? GC_OK
             : gc_fail(err, GC_ERR_CONFIG,
                       "Metric: \"%.40s\" is not a metric of the platform; "
                       "did you mean \"%s\"?",
                       name, meant);
}
