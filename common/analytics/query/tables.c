/* SPDX-License-Identifier: MIT */
#include "common/analytics/query/tables.h"

#include <string.h>

#include "common/base/ascii.h"
#include "common/base/cleanup.h"
#include "common/base/nearest.h"
#include "common/genesys/clean_name.h"
#include "common/net/name_cache.h"

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

#define WORDS(list)                                                            \
  { list, GC_COUNT(list) }

static const struct gc_source sources[GC_QUERY_SOURCE_COUNT] = {
    [GC_QUERY_CONVERSATIONS] =
        {.name = "conversations",
         .endpoint = GC_ENDPOINT_CONVERSATION_AGGREGATES,
         .chosen = "queueId",
         .chosen_word = "queues",
         .chosen_option = "Queue",
         .chosen_noun = "queue",
         .none_chosen = "no queue matches the Queue options of this block",
         .takes_filter = true,
         .is_by_media = true,
         .metrics = WORDS(metrics),
         .groups = WORDS(by_queue_and_media)},
    [GC_QUERY_USERS] = {.name = "users",
                        .endpoint = GC_ENDPOINT_USER_AGGREGATES,
                        .is_by_media = true,
                        .only = "userId",
                        .metrics = WORDS(user_metrics),
                        .groups = WORDS(by_user)},
    [GC_QUERY_QUEUE_DETAILS] =
        {.name = "queue_details",
         .endpoint = GC_ENDPOINT_QUEUE_DETAILS,
         .chosen = "queueId",
         .chosen_word = "queues",
         .chosen_option = "Queue",
         .chosen_noun = "queue",
         .none_chosen = "no queue matches the Queue options of this block",
         .is_by_media = true,
         .only = "queueId",
         .groups = WORDS(by_queue)},
    [GC_QUERY_FLOWS] = {.name = "flows",
                        .endpoint = GC_ENDPOINT_FLOW_AGGREGATES,
                        .chosen = "flowId",
                        .chosen_word = "flows",
                        .chosen_option = "Flow",
                        .chosen_noun = "flow",
                        .none_chosen =
                            "no flow matches the Flow options of this block",
                        .takes_filter = true,
                        .metrics = WORDS(flow_metrics),
                        .groups = WORDS(by_flow)},
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

static const struct row {
  const char *name;
  enum gc_dimension_kind kind;
  unsigned sources;
} dimensions[] = {
    {"activeRouting", GC_DIMENSION_WORD, BOTH},
    {"activeSkillId", GC_DIMENSION_WORD, BOTH},
    {"addressFrom", GC_DIMENSION_PERSONAL, BOTH},
    {"addressTo", GC_DIMENSION_PERSONAL, BOTH},
    {"agentAssistantId", GC_DIMENSION_WORD, BOTH},
    {"agentBullseyeRing", GC_DIMENSION_WORD, BOTH},
    {"agentOwned", GC_DIMENSION_WORD, BOTH},
    {"agentRank", GC_DIMENSION_WORD, BOTH},
    {"agentScore", GC_DIMENSION_WORD, BOTH},
    {"ani", GC_DIMENSION_PERSONAL, BOTH},
    {"assignerId", GC_DIMENSION_WORD, BOTH},
    {"authenticated", GC_DIMENSION_WORD, BOTH},
    {"conversationId", GC_DIMENSION_PERSONAL, BOTH},
    {"conversationInitiator", GC_DIMENSION_WORD, BOTH},
    {"convertedFrom", GC_DIMENSION_WORD, BOTH},
    {"convertedTo", GC_DIMENSION_WORD, BOTH},
    {"customerParticipation", GC_DIMENSION_WORD, BOTH},
    {"deliveryStatus", GC_DIMENSION_WORD, BOTH},
    {"destinationAddress", GC_DIMENSION_PERSONAL, BOTH},
    {"direction", GC_DIMENSION_WORD, BOTH},
    {"disconnectType", GC_DIMENSION_WORD, BOTH},
    {"divisionId", GC_DIMENSION_WORD, BOTH},
    {"dnis", GC_DIMENSION_PERSONAL, BOTH},
    {"edgeId", GC_DIMENSION_WORD, BOTH},
    {"eligibleAgentCount", GC_DIMENSION_WORD, BOTH},
    {"endingLanguage", GC_DIMENSION_WORD, FLOWS},
    {"entryReason", GC_DIMENSION_PERSONAL, FLOWS},
    {"entryType", GC_DIMENSION_CODE, FLOWS},
    {"errorCode", GC_DIMENSION_WORD, BOTH},
    {"exitReason", GC_DIMENSION_CODE, FLOWS},
    {"extendedDeliveryStatus", GC_DIMENSION_WORD, BOTH},
    {"externalContactId", GC_DIMENSION_PERSONAL, BOTH},
    {"externalMediaCount", GC_DIMENSION_WORD, BOTH},
    {"externalOrganizationId", GC_DIMENSION_WORD, BOTH},
    {"externalTag", GC_DIMENSION_PERSONAL, BOTH},
    {"firstQueue", GC_DIMENSION_WORD, BOTH},
    {"flaggedReason", GC_DIMENSION_WORD, BOTH},
    {"flowId", GC_DIMENSION_FLOW, FLOWS},
    {"flowInType", GC_DIMENSION_WORD, BOTH},
    {"flowMilestoneId", GC_DIMENSION_MILESTONE, FLOWS},
    {"flowName", GC_DIMENSION_WORD, FLOWS},
    {"flowOutcome", GC_DIMENSION_WORD, FLOWS},
    {"flowOutcomeId", GC_DIMENSION_OUTCOME, FLOWS},
    {"flowOutcomeValue", GC_DIMENSION_CODE, FLOWS},
    {"flowOutType", GC_DIMENSION_WORD, BOTH},
    {"flowSubType", GC_DIMENSION_CODE, FLOWS},
    {"flowType", GC_DIMENSION_CODE, FLOWS},
    {"flowVersion", GC_DIMENSION_WORD, FLOWS},
    {"groupId", GC_DIMENSION_WORD, BOTH},
    {"interactionType", GC_DIMENSION_WORD, BOTH},
    {"journeyActionId", GC_DIMENSION_WORD, BOTH},
    {"journeyActionMapId", GC_DIMENSION_WORD, BOTH},
    {"journeyActionMapVersion", GC_DIMENSION_WORD, BOTH},
    {"journeyCustomerId", GC_DIMENSION_PERSONAL, BOTH},
    {"journeyCustomerIdType", GC_DIMENSION_WORD, BOTH},
    {"journeyCustomerSessionId", GC_DIMENSION_PERSONAL, BOTH},
    {"journeyCustomerSessionIdType", GC_DIMENSION_WORD, BOTH},
    {"knowledgeBaseId", GC_DIMENSION_WORD, BOTH},
    {"mediaCount", GC_DIMENSION_WORD, BOTH},
    {"mediaType", GC_DIMENSION_MEDIA, BOTH},
    {"messageType", GC_DIMENSION_WORD, BOTH},
    {"originatingDirection", GC_DIMENSION_WORD, BOTH},
    {"originatingSocialMediaPublic", GC_DIMENSION_WORD, CONVERSATIONS},
    {"outboundCampaignId", GC_DIMENSION_WORD, BOTH},
    {"outboundContactId", GC_DIMENSION_PERSONAL, BOTH},
    {"outboundContactListId", GC_DIMENSION_WORD, BOTH},
    {"participantName", GC_DIMENSION_PERSONAL, BOTH},
    {"peerId", GC_DIMENSION_PERSONAL, BOTH},
    {"proposedAgentId", GC_DIMENSION_WORD, BOTH},
    {"provider", GC_DIMENSION_WORD, BOTH},
    {"purpose", GC_DIMENSION_WORD, BOTH},
    {"queueId", GC_DIMENSION_QUEUE, BOTH},
    {"recognitionFailureReason", GC_DIMENSION_CODE, FLOWS},
    {"remote", GC_DIMENSION_PERSONAL, BOTH},
    {"removedSkillId", GC_DIMENSION_WORD, BOTH},
    {"requestedLanguageId", GC_DIMENSION_WORD, BOTH},
    {"requestedRouting", GC_DIMENSION_WORD, BOTH},
    {"requestedRoutingSkillId", GC_DIMENSION_WORD, BOTH},
    {"roomId", GC_DIMENSION_PERSONAL, BOTH},
    {"routingPriority", GC_DIMENSION_WORD, BOTH},
    {"routingRing", GC_DIMENSION_WORD, BOTH},
    {"routingRule", GC_DIMENSION_WORD, BOTH},
    {"routingRuleType", GC_DIMENSION_WORD, BOTH},
    {"scoredAgentId", GC_DIMENSION_WORD, BOTH},
    {"selectedAgentId", GC_DIMENSION_WORD, BOTH},
    {"selectedAgentRank", GC_DIMENSION_WORD, BOTH},
    {"selfServed", GC_DIMENSION_WORD, BOTH},
    {"sessionDnis", GC_DIMENSION_PERSONAL, BOTH},
    {"sessionId", GC_DIMENSION_PERSONAL, BOTH},
    {"skillExpressionId", GC_DIMENSION_WORD, BOTH},
    {"startingLanguage", GC_DIMENSION_WORD, FLOWS},
    {"stationId", GC_DIMENSION_WORD, BOTH},
    {"teamId", GC_DIMENSION_WORD, BOTH},
    {"transferTargetAddress", GC_DIMENSION_PERSONAL, FLOWS},
    {"transferTargetName", GC_DIMENSION_WORD, FLOWS},
    {"transferType", GC_DIMENSION_CODE, FLOWS},
    {"usedRouting", GC_DIMENSION_WORD, BOTH},
    {"userId", GC_DIMENSION_USER, BOTH},
    {"videoPresent", GC_DIMENSION_WORD, BOTH},
    {"waitingInteractionCount", GC_DIMENSION_WORD, BOTH},
    {"wrapUpCode", GC_DIMENSION_WORD, BOTH},
};

static const struct row *find_dimension(const char *name) {
  for (size_t i = 0; i < GC_COUNT(dimensions); i++)
    if (strcmp(dimensions[i].name, name) == 0)
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

const struct gc_api_metric gc_api_metrics[] = {
    {"nBlindTransferred", GC_STATS_COUNT, 1, "conversations",
     "Contacts that an agent transferred without consulting."},
    {"nBotInteractions", GC_STATS_COUNT, 1, "conversations",
     "Contacts that a bot handled."},
    {"nCallbackAttempts", GC_STATS_COUNT, 1, "conversations",
     "Attempts of callbacks."},
    {"nCallbackOverSla", GC_STATS_COUNT, 1, "conversations",
     "Callbacks answered later than the queue's target."},
    {"nCallbackScheduled", GC_STATS_COUNT, 1, "conversations",
     "Callbacks that were scheduled."},
    {"nCfcOffered", GC_STATS_COUNT, 1, "conversations",
     "Contacts offered to a customer-first callback."},
    {"nCobrowseSessions", GC_STATS_COUNT, 1, "conversations",
     "Co-browse sessions."},
    {"nConnected", GC_STATS_COUNT, 1, "conversations",
     "Contacts that were connected."},
    {"nConsult", GC_STATS_COUNT, 1, "conversations",
     "Consultations by agents."},
    {"nConsultTransferred", GC_STATS_COUNT, 1, "conversations",
     "Contacts that an agent transferred after a consultation."},
    {"nConversations", GC_STATS_COUNT, 1, "conversations",
     "Conversations that began."},
    {"nError", GC_STATS_COUNT, 1, "conversations", "Errors of conversations."},
    {"nOffered", GC_STATS_COUNT, 1, "conversations",
     "Contacts that were offered to the queue."},
    {"nOutbound", GC_STATS_COUNT, 1, "conversations", "Outbound contacts."},
    {"nOutboundAbandoned", GC_STATS_COUNT, 1, "conversations",
     "Outbound contacts whose customer left before an agent came."},
    {"nOutboundAttempted", GC_STATS_COUNT, 1, "conversations",
     "Attempts of outbound contacts by a dialer."},
    {"nOutboundConnected", GC_STATS_COUNT, 1, "conversations",
     "Outbound contacts of a dialer that were connected."},
    {"nOverSla", GC_STATS_COUNT, 1, "conversations",
     "Contacts answered later than the queue's target."},
    {"nStateTransitionError", GC_STATS_COUNT, 1, "conversations",
     "Transitions of a contact's state that failed."},
    {"nTakeover", GC_STATS_COUNT, 1, "conversations",
     "Contacts that another agent took over."},
    {"nTransferred", GC_STATS_COUNT, 1, "conversations",
     "Contacts that an agent transferred."},
    {"oAudioMessageCount", GC_STATS_SUM, 1, "conversations", "Audio messages."},
    {"oCallbackServiceLevel", GC_STATS_RATIO, 1, "conversations",
     "Share of callbacks answered within the target."},
    {"oExternalAudioMessageCount", GC_STATS_SUM, 1, "conversations",
     "Audio messages of the customer."},
    {"oExternalMediaCount", GC_STATS_SUM, 1, "conversations",
     "Media of the customer's messages."},
    {"oMediaCount", GC_STATS_SUM, 1, "conversations", "Media of messages."},
    {"oMessageCount", GC_STATS_SUM, 1, "conversations", "Messages."},
    {"oMessageSegmentCount", GC_STATS_SUM, 1, "conversations",
     "Segments of messages."},
    {"oMessageTurn", GC_STATS_SUM, 1, "conversations",
     "Turns between customer and agent."},
    {"oServiceLevel", GC_STATS_RATIO, 1, "conversations",
     "Share of contacts answered within the queue's target."},
    {"oServiceTarget", GC_STATS_TARGET, 1, "conversations",
     "The queue's service level target."},
    {"oSkillExpressionApplications", GC_STATS_COUNT, 1, "conversations",
     "Applications of skill expressions."},
    {"tAbandon", GC_STATS_DURATION, 1000, "conversations",
     "Wait of contacts whose customer left before an agent answered."},
    {"tAcd", GC_STATS_DURATION, 1000, "conversations",
     "Time in queues, until answer, abandon or flow-out."},
    {"tActiveCallback", GC_STATS_DURATION, 1000, "conversations",
     "Time in an active callback."},
    {"tActiveCallbackComplete", GC_STATS_DURATION, 1000, "conversations",
     "Time in active callbacks, when the last one ends."},
    {"tAcw", GC_STATS_DURATION, 1000, "conversations",
     "Wrap-up after the contact."},
    {"tAgentResponseTime", GC_STATS_DURATION, 1000, "conversations",
     "Time until an agent responds to a message."},
    {"tAgentRoutingStatus", GC_STATS_SECONDS, 1000, "users",
     "Time an agent spent in a routing status."},
    {"tAgentVideoConnected", GC_STATS_DURATION, 1000, "conversations",
     "Time with the agent's video on."},
    {"tAlert", GC_STATS_DURATION, 1000, "conversations",
     "Time a contact rings at an agent."},
    {"tAnswered", GC_STATS_DURATION, 1000, "conversations",
     "Wait of contacts that an agent answered."},
    {"tAverageAgentResponseTime", GC_STATS_DURATION, 1000, "conversations",
     "Average time until the agent responds, of each contact."},
    {"tAverageCustomerResponseTime", GC_STATS_DURATION, 1000, "conversations",
     "Average time until the customer responds, of each contact."},
    {"tBarging", GC_STATS_DURATION, 1000, "conversations",
     "Time a supervisor barges in."},
    {"tCallbackAbandon", GC_STATS_DURATION, 1000, "conversations",
     "Wait of callbacks that ended unanswered."},
    {"tCallbackConnect", GC_STATS_DURATION, 1000, "conversations",
     "Time until a callback is connected."},
    {"tCallbackNotReached", GC_STATS_DURATION, 1000, "conversations",
     "Time of callbacks that did not reach the customer."},
    {"tCallbackVirtualWait", GC_STATS_DURATION, 1000, "conversations",
     "Virtual wait of callbacks."},
    {"tCfcAbandon", GC_STATS_DURATION, 1000, "conversations",
     "Wait of customer-first callbacks that were abandoned."},
    {"tCfcAcd", GC_STATS_DURATION, 1000, "conversations",
     "Time of customer-first callbacks in queues."},
    {"tCfcAnswered", GC_STATS_DURATION, 1000, "conversations",
     "Wait of customer-first callbacks that were answered."},
    {"tCfcFlowOut", GC_STATS_DURATION, 1000, "conversations",
     "Wait of customer-first callbacks that left for another flow."},
    {"tCoaching", GC_STATS_DURATION, 1000, "conversations",
     "Time a supervisor coaches."},
    {"tCoachingComplete", GC_STATS_DURATION, 1000, "conversations",
     "Time of coaching, when it ends."},
    {"tConnected", GC_STATS_DURATION, 1000, "conversations",
     "Time until a contact is connected."},
    {"tContacting", GC_STATS_DURATION, 1000, "conversations",
     "Time of contacting, before dialing."},
    {"tDialing", GC_STATS_DURATION, 1000, "conversations", "Time of dialing."},
    {"tFirstConnect", GC_STATS_DURATION, 1000, "conversations",
     "Time until the first connection."},
    {"tFirstDial", GC_STATS_DURATION, 1000, "conversations",
     "Time until the first dialing."},
    {"tFirstEngagement", GC_STATS_DURATION, 1000, "conversations",
     "Time until an agent first engages with the customer."},
    {"tFirstResponse", GC_STATS_DURATION, 1000, "conversations",
     "Time until the first response to the customer."},
    {"tFlowOut", GC_STATS_DURATION, 1000, "conversations",
     "Wait of contacts that left the queue for another flow."},
    {"tHandle", GC_STATS_DURATION, 1000, "conversations",
     "Handling: talk, hold, dialing, wrap-up."},
    {"tHeld", GC_STATS_DURATION, 1000, "conversations",
     "Time on hold, of each segment."},
    {"tHeldComplete", GC_STATS_DURATION, 1000, "conversations",
     "Time on hold, of each session."},
    {"tIvr", GC_STATS_DURATION, 1000, "conversations", "Time in an IVR."},
    {"tMonitoring", GC_STATS_DURATION, 1000, "conversations",
     "Time a supervisor monitors."},
    {"tMonitoringComplete", GC_STATS_DURATION, 1000, "conversations",
     "Time of monitoring, when it ends."},
    {"tNotResponding", GC_STATS_DURATION, 1000, "conversations",
     "Time a contact rang at an agent who did not answer."},
    {"tOrganizationPresence", GC_STATS_SECONDS, 1000, "users",
     "Time an agent spent in a presence of the organisation."},
    {"tPark", GC_STATS_DURATION, 1000, "conversations",
     "Time parked, of each segment."},
    {"tParkComplete", GC_STATS_DURATION, 1000, "conversations",
     "Time parked, of each session."},
    {"tScreenMonitoring", GC_STATS_DURATION, 1000, "conversations",
     "Time a supervisor monitors the screen."},
    {"tShortAbandon", GC_STATS_DURATION, 1000, "conversations",
     "Wait of contacts that were abandoned within the short-abandon "
     "threshold."},
    {"tSnippetRecord", GC_STATS_DURATION, 1000, "conversations",
     "Time of recorded snippets."},
    {"tSystemPresence", GC_STATS_SECONDS, 1000, "users",
     "Time an agent spent in a system presence."},
    {"tTalk", GC_STATS_DURATION, 1000, "conversations",
     "Time an agent interacts, of each segment."},
    {"tTalkComplete", GC_STATS_DURATION, 1000, "conversations",
     "Time an agent interacts, of each session."},
    {"tTransmitting", GC_STATS_DURATION, 1000, "conversations",
     "Time an agent transmits."},
    {"tUserResponseTime", GC_STATS_DURATION, 1000, "conversations",
     "Time until an agent responds, of each response."},
    {"tVoicemail", GC_STATS_DURATION, 1000, "conversations",
     "Time in voicemail."},
    {"tWait", GC_STATS_DURATION, 1000, "conversations",
     "Wait for an agent, answered or not."},
    {"nFlow", GC_STATS_COUNT, 1, "flows", "Entries into the flow."},
    {"nFlowMilestone", GC_STATS_COUNT, 1, "flows", "Milestones reached."},
    {"nFlowOutcome", GC_STATS_COUNT, 1, "flows",
     "Outcomes that ended, with any value."},
    {"nFlowOutcomeFailed", GC_STATS_COUNT, 1, "flows", "Outcomes that failed."},
    {"oFlowMilestone", GC_STATS_COUNT, 1, "flows",
     "Milestones, as the platform's own view counts them."},
    {"tFlow", GC_STATS_DURATION, 1000, "flows", "Time in the flow."},
    {"tFlowDisconnect", GC_STATS_DURATION, 1000, "flows",
     "Time in the flow, of contacts that ended there."},
    {"tFlowExit", GC_STATS_DURATION, 1000, "flows",
     "Time in the flow, of contacts that continued elsewhere."},
    {"tFlowOutcome", GC_STATS_DURATION, 1000, "flows",
     "Time from an outcome's start to its end."},
    {"answered", GC_STATS_COUNT, 1, "queue_details",
     "Contacts that were answered."},
    {"abandoned", GC_STATS_COUNT, 1, "queue_details",
     "Contacts that were abandoned."},
    {"offered", GC_STATS_COUNT, 1, "queue_details",
     "Contacts that were offered."},
    {"waitTime", GC_STATS_MEAN, 1, "queue_details", "Mean wait."},
};
const size_t gc_api_metric_count = GC_COUNT(gc_api_metrics);

static const struct gc_api_metric by_prefix[] = {
    {"n", GC_STATS_COUNT, 1, "", ""},
    {"t", GC_STATS_DURATION, 1000, "", ""},
};
static const struct gc_api_metric other = {"o", GC_STATS_COUNT, 1, "", ""};

const struct gc_api_metric *gc_api_metric_of(const char *name) {
  for (size_t i = 0; i < gc_api_metric_count; i++)
    if (strcmp(gc_api_metrics[i].name, name) == 0)
      return &gc_api_metrics[i];
  for (size_t i = 0; i < GC_COUNT(by_prefix); i++)
    if (name[0] == by_prefix[i].name[0])
      return &by_prefix[i];
  return &other;
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

#define BIT(member) (UINT32_C(1) << GC_MEMBER_##member)
#define DURATION (BIT(SUM) | BIT(MIN) | BIT(MAX))

/* By kind: the members that become the metric's own series, and the other
 * members of a known metric, which have series of their own. */
static const struct {
  uint32_t own, others;
} members_of[] = {
    [GC_STATS_COUNT] = {BIT(COUNT), 0},
    [GC_STATS_SUM] = {BIT(SUM), BIT(COUNT) | BIT(MIN) | BIT(MAX)},
    [GC_STATS_DURATION] = {BIT(COUNT) | DURATION, 0},
    [GC_STATS_SECONDS] = {BIT(SUM), 0},
    [GC_STATS_RATIO] = {BIT(RATIO),
                        BIT(NUMERATOR) | BIT(DENOMINATOR) | BIT(TARGET)},
    [GC_STATS_TARGET] = {BIT(CURRENT), 0},
    [GC_STATS_MEAN] = {BIT(CURRENT), 0},
    [GC_STATS_VALUE] = {BIT(CURRENT), 0},
};

uint32_t gc_api_metric_others(const struct gc_api_metric *m, uint32_t has) {
  uint32_t own = members_of[m->kind].own;
  uint32_t others =
      m->source[0] != '\0' ? members_of[m->kind].others : UINT32_MAX;
  /* A summary of durations has all of these numbers: if one is missing, each
   * duration gets a series of its own. */
  uint32_t whole = BIT(COUNT) | DURATION;
  if (m->kind == GC_STATS_DURATION && (has & whole) != whole) {
    own = BIT(COUNT);
    others |= DURATION;
  }
  return has & others & ~own;
}

bool gc_api_metric_is_name(const char *name) {
  if (!gc_is_lower(name[0]) || strlen(name) > 60)
    return false;
  for (const char *c = name; *c != '\0'; c++)
    if (!gc_is_letter(*c) && !gc_is_digit(*c))
      return false;
  return true;
}

const char *gc_api_metric_meant(const char *name) {
  const char *meant = NULL;
  size_t best = 3;
  for (size_t i = 0; i < gc_api_metric_count; i++) {
    const char *known = gc_api_metrics[i].name;
    if (strcmp(known, name) == 0)
      return NULL;
    size_t distance = known[0] == name[0] ? gc_text_distance(known, name) : 3;
    if (distance < best) {
      best = distance;
      meant = known;
    }
  }
  return meant;
}
