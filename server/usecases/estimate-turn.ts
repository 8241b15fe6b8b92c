import { v7 as uuidv7 } from 'uuid'
import type { TurnEstimate, TurnEstimateRequest } from '../../contract/turns.ts'
import type { Caller } from '../domain/caller.ts'
import { contextBudget } from '../domain/context-budget.ts'
import { notFound } from '../domain/refusal.ts'
import { type SnapshotSettings, takeSnapshot } from '../domain/snapshot.ts'
import type { TurnSnapshot } from '../domain/turn.ts'
import { type EstimatedSpeaker, estimateCouncil, estimateSpeakers } from '../domain/turn-estimate.ts'
import type { TokenCounter } from '../llm/tokens.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import type { Database } from '../store/database.ts'
import { loadTurn } from '../store/load-turn.ts'
import { agentContext, NO_ADDITIONS } from '../turns/context.ts'
import type { TurnSettings } from '../turns/turn.ts'

export interface EstimateDependencies {
  database: Database
  catalogue: CatalogueCache
  tokens: TokenCounter
  settings: TurnSettings & Omit<SnapshotSettings, 'enforced'> & { privateTurnsKept: number }
}

/** What the next turn would do and cost, from the context it would send; nothing is stored and no model is called. */
export async function estimateTurn(
  deps: EstimateDependencies,
  caller: Caller,
  sessionId: string,
  asked: TurnEstimateRequest,
): Promise<TurnEstimate> {
  const loaded = await loadTurn(deps.database, {
    userId: caller.userId,
    sessionId,
    privateTurns: deps.settings.privateTurnsKept,
    requestKey: null,
  })
  if (!loaded) throw notFound('Session')
  const wish = { message: asked.message, modelAliasOverride: asked.model_alias_override, maxCredits: null, supersedes: null }
  const ids = { turnId: uuidv7(), traceId: '', userId: caller.userId }
  const snapshot = takeSnapshot(loaded, await deps.catalogue.current(), wish, { ...deps.settings, enforced: false }, ids)
  const speakers = await Promise.all(snapshot.speakers.map(speaker => estimatedSpeaker(deps, snapshot, speaker)))
  return { mode: snapshot.mode, agents: snapshot.speakers.map(({ key }) => key), ...range(deps, snapshot, speakers) }
}

async function estimatedSpeaker(
  deps: EstimateDependencies,
  snapshot: TurnSnapshot,
  speaker: TurnSnapshot['speakers'][number],
): Promise<EstimatedSpeaker> {
  const context = await agentContext(snapshot, deps.settings, deps.tokens, speaker, NO_ADDITIONS)
  const calls = speaker.tools.length > 0 ? deps.settings.agentMaxToolSteps : 1
  return { model: speaker.model, inputTokens: context.inputTokens, maxTokens: context.maxTokens, calls }
}

function range({ settings }: EstimateDependencies, snapshot: TurnSnapshot, speakers: EstimatedSpeaker[]) {
  if (snapshot.mode !== 'orchestrator' || !snapshot.manager) return estimateSpeakers(speakers, snapshot.mode === 'roundtable')
  const { outputReserve } = contextBudget(snapshot.manager.contextWindow, settings.context)
  return estimateCouncil(speakers, snapshot.manager, outputReserve, settings.orchestratorMaxSpecialists)
}
