# SPDX-License-Identifier: MIT
"""The words that the aggregate and flow queries know, as the official API lists them."""
from __future__ import annotations

CONVERSATION_METRICS = """
    nBlindTransferred nBotInteractions nCallbackAttempts nCallbackOverSla nCallbackScheduled nCfcOffered
    nCobrowseSessions nConnected nConsult nConsultTransferred nConversations nError nOffered nOutbound
    nOutboundAbandoned nOutboundAttempted nOutboundConnected nOverSla nStateTransitionError nTakeover
    nTransferred oAudioMessageCount oCallbackServiceLevel oExternalAudioMessageCount oExternalMediaCount
    oMediaCount oMessageCount oMessageSegmentCount oMessageTurn oServiceLevel oServiceTarget
    oSkillExpressionApplications tAbandon tAcd tActiveCallback tActiveCallbackComplete tAcw tAgentResponseTime
    tAgentVideoConnected tAlert tAnswered tAverageAgentResponseTime tAverageCustomerResponseTime tBarging
    tCallbackAbandon tCallbackConnect tCallbackNotReached tCallbackVirtualWait tCfcAbandon tCfcAcd tCfcAnswered
    tCfcFlowOut tCoaching tCoachingComplete tConnected tContacting tDialing tFirstConnect tFirstDial
    tFirstEngagement tFirstResponse tFlowOut tHandle tHeld tHeldComplete tIvr tMonitoring tMonitoringComplete
    tNotResponding tPark tParkComplete tScreenMonitoring tShortAbandon tSnippetRecord tTalk tTalkComplete
    tTransmitting tUserResponseTime tVoicemail tWait
""".split()

CONVERSATION_DIMENSIONS = """
    activeRouting activeSkillId addressFrom addressTo agentAssistantId agentBullseyeRing agentOwned agentRank
    agentScore ani assignerId authenticated conversationId conversationInitiator convertedFrom convertedTo
    customerParticipation deliveryStatus destinationAddress direction disconnectType divisionId dnis edgeId
    eligibleAgentCount errorCode extendedDeliveryStatus externalContactId externalMediaCount
    externalOrganizationId externalTag firstQueue flaggedReason flowInType flowOutType groupId interactionType
    journeyActionId journeyActionMapId journeyActionMapVersion journeyCustomerId journeyCustomerIdType
    journeyCustomerSessionId journeyCustomerSessionIdType knowledgeBaseId mediaCount mediaType messageType
    originatingDirection originatingSocialMediaPublic outboundCampaignId outboundContactId outboundContactListId
    participantName peerId proposedAgentId provider purpose queueId remote removedSkillId requestedLanguageId
    requestedRouting requestedRoutingSkillId roomId routingPriority routingRing routingRule routingRuleType
    scoredAgentId selectedAgentId selectedAgentRank selfServed sessionDnis sessionId skillExpressionId stationId
    teamId usedRouting userId videoPresent waitingInteractionCount wrapUpCode
""".split()
FILTER_ONLY = ["canonicalExternalContactId"]

FLOW_METRICS = """
    nFlow nFlowMilestone nFlowOutcome nFlowOutcomeFailed oFlowMilestone tFlow tFlowDisconnect tFlowExit
    tFlowOutcome
""".split()
# Flows have these dimensions and those of conversations except one.
FLOW_OWN_DIMENSIONS = """
    endingLanguage entryReason entryType exitReason flowId flowMilestoneId flowName flowOutcome flowOutcomeId
    flowOutcomeValue flowSubType flowType flowVersion recognitionFailureReason startingLanguage
    transferTargetAddress transferTargetName transferType
""".split()
FLOW_DIMENSIONS = sorted({*CONVERSATION_DIMENSIONS, *FLOW_OWN_DIMENSIONS} - {"originatingSocialMediaPublic"})

USER_METRICS = ["tAgentRoutingStatus", "tOrganizationPresence", "tSystemPresence"]
USER_DIMENSIONS = ["userId"]

FLOW_ACTIVITY_DIMENSIONS = """
    activeRouting addressFrom addressTo agentScore ani conversationId convertedFrom convertedTo direction dnis
    flowId flowType mediaType participantName queueId requestedLanguageId requestedRouting
    requestedRoutingSkillId routingPriority scoredAgentId sessionId teamId usedRouting userId
""".split()
