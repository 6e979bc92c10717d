/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_analytics/dimensions.h"

#include <string.h>

static const struct {
  const char *name;
  enum dimension_kind kind;
} dimensions[] = {
    {"activeRouting", DIMENSION_WORD},
    {"activeSkillId", DIMENSION_WORD},
    {"addressFrom", DIMENSION_PERSONAL},
    {"addressTo", DIMENSION_PERSONAL},
    {"agentAssistantId", DIMENSION_WORD},
    {"agentBullseyeRing", DIMENSION_WORD},
    {"agentOwned", DIMENSION_WORD},
    {"agentRank", DIMENSION_WORD},
    {"agentScore", DIMENSION_WORD},
    {"ani", DIMENSION_PERSONAL},
    {"assignerId", DIMENSION_WORD},
    {"authenticated", DIMENSION_WORD},
    {"conversationId", DIMENSION_PERSONAL},
    {"conversationInitiator", DIMENSION_WORD},
    {"convertedFrom", DIMENSION_WORD},
    {"convertedTo", DIMENSION_WORD},
    {"customerParticipation", DIMENSION_WORD},
    {"deliveryStatus", DIMENSION_WORD},
    {"destinationAddress", DIMENSION_PERSONAL},
    {"direction", DIMENSION_WORD},
    {"disconnectType", DIMENSION_WORD},
    {"divisionId", DIMENSION_WORD},
    {"dnis", DIMENSION_PERSONAL},
    {"edgeId", DIMENSION_WORD},
    {"eligibleAgentCount", DIMENSION_WORD},
    {"errorCode", DIMENSION_WORD},
    {"extendedDeliveryStatus", DIMENSION_WORD},
    {"externalContactId", DIMENSION_PERSONAL},
    {"externalMediaCount", DIMENSION_WORD},
    {"externalOrganizationId", DIMENSION_WORD},
    {"externalTag", DIMENSION_PERSONAL},
    {"firstQueue", DIMENSION_WORD},
    {"flaggedReason", DIMENSION_WORD},
    {"flowInType", DIMENSION_WORD},
    {"flowOutType", DIMENSION_WORD},
    {"groupId", DIMENSION_WORD},
    {"interactionType", DIMENSION_WORD},
    {"journeyActionId", DIMENSION_WORD},
    {"journeyActionMapId", DIMENSION_WORD},
    {"journeyActionMapVersion", DIMENSION_WORD},
    {"journeyCustomerId", DIMENSION_PERSONAL},
    {"journeyCustomerIdType", DIMENSION_WORD},
    {"journeyCustomerSessionId", DIMENSION_PERSONAL},
    {"journeyCustomerSessionIdType", DIMENSION_WORD},
    {"knowledgeBaseId", DIMENSION_WORD},
    {"mediaCount", DIMENSION_WORD},
    {"mediaType", DIMENSION_MEDIA},
    {"messageType", DIMENSION_WORD},
    {"originatingDirection", DIMENSION_WORD},
    {"originatingSocialMediaPublic", DIMENSION_WORD},
    {"outboundCampaignId", DIMENSION_WORD},
    {"outboundContactId", DIMENSION_PERSONAL},
    {"outboundContactListId", DIMENSION_WORD},
    {"participantName", DIMENSION_PERSONAL},
    {"peerId", DIMENSION_PERSONAL},
    {"proposedAgentId", DIMENSION_WORD},
    {"provider", DIMENSION_WORD},
    {"purpose", DIMENSION_WORD},
    {"queueId", DIMENSION_QUEUE},
    {"remote", DIMENSION_PERSONAL},
    {"removedSkillId", DIMENSION_WORD},
    {"requestedLanguageId", DIMENSION_WORD},
    {"requestedRouting", DIMENSION_WORD},
    {"requestedRoutingSkillId", DIMENSION_WORD},
    {"roomId", DIMENSION_PERSONAL},
    {"routingPriority", DIMENSION_WORD},
    {"routingRing", DIMENSION_WORD},
    {"routingRule", DIMENSION_WORD},
    {"routingRuleType", DIMENSION_WORD},
    {"scoredAgentId", DIMENSION_WORD},
    {"selectedAgentId", DIMENSION_WORD},
    {"selectedAgentRank", DIMENSION_WORD},
    {"selfServed", DIMENSION_WORD},
    {"sessionDnis", DIMENSION_PERSONAL},
    {"sessionId", DIMENSION_PERSONAL},
    {"skillExpressionId", DIMENSION_WORD},
    {"stationId", DIMENSION_WORD},
    {"teamId", DIMENSION_WORD},
    {"usedRouting", DIMENSION_WORD},
    {"userId", DIMENSION_USER},
    {"videoPresent", DIMENSION_WORD},
    {"waitingInteractionCount", DIMENSION_WORD},
    {"wrapUpCode", DIMENSION_WORD},
};

enum dimension_kind dimension_of(const char *name) {
  for (size_t i = 0; i < GC_COUNT(dimensions); i++)
    if (strcmp(dimensions[i].name, name) == 0)
      return dimensions[i].kind;
  return DIMENSION_WORD;
}

static bool is_known(const char *name) {
  for (size_t i = 0; i < GC_COUNT(dimensions); i++)
    if (strcmp(dimensions[i].name, name) == 0)
      return true;
  return false;
}

enum gc_code dimension_check(const char *name, struct gc_err *err) {
  if (!is_known(name))
    return gc_fail(err, GC_ERR_CONFIG,
                   "GroupBy: \"%.40s\" is no dimension of the aggregate "
                   "queries, as \"queueId\", \"mediaType\", \"userId\", "
                   "\"direction\", \"divisionId\", \"wrapUpCode\" are",
                   name);
  if (dimension_of(name) == DIMENSION_PERSONAL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "GroupBy: \"%s\" tells single conversations or customers "
                   "apart, which never become series",
                   name);
  return GC_OK;
}
