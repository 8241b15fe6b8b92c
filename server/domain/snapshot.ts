import type { RoomMode } from '../../contract/rooms.ts'
import type { TurnMode } from '../../contract/turns.ts'
import type { ReadableFile } from './agent-prompt.ts'
import { type Catalogue, type PricedModel, pricedModel, requireKnownAlias, requireModel } from './catalogue.ts'
import { Refusal } from './refusal.ts'
import { taggedAgents } from './tags.ts'
import type { HistoryMessage, SnapshotAgent, StoredSummary, TurnSnapshot } from './turn.ts'

/** What a session brings into a turn: its scope, its roster, its history, its owner's wallet. */
export interface LoadedSession {
  sessionId: string
  turnCount: number
  /** The newest closed turn. */
  lastTurn: { id: string; index: number; message: string } | null
  runningTurnId: string | null
  room: { id: string; name: string; goal: string | null; mode: RoomMode; modeIsPending: boolean } | null
  /** In position order; a standalone session has its one agent. */
  agents: { id: string; key: string; name: string; rolePrompt: string; tools: string[]; modelAlias: string }[]
  /** Newest first, at most a hundred. */
  files: ReadableFile[]
  summary: StoredSummary | null
  /** Shared messages from behind the summary on, and private ones of the last `privateTurns` turns; oldest first. */
  history: HistoryMessage[]
  /** The owner's own cap for a month, in credits. */
  monthlyCap: string | null
}

/** What the client asks of a turn. */
export interface TurnWish {
  message: string
  modelAliasOverride: string | null
  maxCredits: string | null
  /** The turn whose place this one takes, for a message that is run again. */
  supersedes: LoadedSession['lastTurn']
}

export interface SnapshotSettings {
  managerAlias: string
  summarizerAlias: string
  enforced: boolean
}

/** Picks who answers and with which models; refuses (422) when nobody can. Nothing that is edited later reaches what this returns. */
export function takeSnapshot(
  loaded: LoadedSession,
  catalogue: Catalogue,
  wish: TurnWish,
  settings: SnapshotSettings,
  ids: { turnId: string; traceId: string; userId: string },
): TurnSnapshot {
  const mode: TurnMode = loaded.room?.mode ?? 'standalone'
  if (wish.modelAliasOverride !== null) requireKnownAlias(catalogue, wish.modelAliasOverride, 'model_alias_override')
  const pick = speakersOf(mode, wish.message, loaded.agents)
  const priced = (agent: LoadedSession['agents'][number]): SnapshotAgent => {
    const { modelAlias, ...rest } = agent
    return { ...rest, model: requireModel(catalogue, wish.modelAliasOverride ?? modelAlias) }
  }
  const speakers = pick.map(priced)
  const manager = mode === 'orchestrator' ? requireModel(catalogue, settings.managerAlias) : null
  const summarizer = pricedModel(catalogue, settings.summarizerAlias)
  return {
    ...ids,
    turnIndex: loaded.turnCount + 1,
    sessionId: loaded.sessionId,
    mode,
    room: loaded.room && { id: loaded.room.id, name: loaded.room.name, goal: loaded.room.goal },
    roster: loaded.agents.map(({ key, name, rolePrompt }) => ({ key, name, rolePrompt })),
    speakers,
    manager,
    summarizer,
    fallbacks: fallbacksOf(catalogue, [...speakers.map(speaker => speaker.model), manager, summarizer]),
    supersedesTurnId: wish.supersedes?.id ?? null,
    history: loaded.history.filter(message => message.turnIndex !== wish.supersedes?.index),
    summary: loaded.summary,
    files: loaded.files,
    toolPrices: catalogue.toolPrices,
    message: wish.message,
    maxCredits: wish.maxCredits,
    enforced: settings.enforced,
    capped: loaded.monthlyCap !== null,
  }
}

type RosterAgent = LoadedSession['agents'][number]

function speakersOf(mode: TurnMode, message: string, roster: RosterAgent[]): RosterAgent[] {
  if (mode === 'standalone') return roster
  const tagged = taggedAgents(message, roster)
  if (mode === 'manual') {
    if (tagged.length === 0) throw new Refusal('no_valid_tagged_agents', 'Tag at least one agent of this room, like @writer.')
    return tagged
  }
  if (roster.length === 0) throw new Refusal('no_room_agents', 'This room has no agents yet. Put one in, then send again.')
  return mode === 'roundtable' ? [...tagged, ...roster.filter(agent => !tagged.includes(agent))] : roster
}

function fallbacksOf(catalogue: Catalogue, models: (PricedModel | null)[]): Map<string, PricedModel> {
  const aliases = models.flatMap(model => model?.fallbackAlias ?? [])
  return new Map(
    aliases.flatMap(alias => {
      const fallback = pricedModel(catalogue, alias)
      return fallback ? [[alias, fallback] as const] : []
    }),
  )
}

/** Refuses what a basic stream cannot show. */
export function requireNoTools(snapshot: TurnSnapshot): void {
  if (snapshot.speakers.some(speaker => speaker.tools.length > 0))
    throw new Refusal('streaming_tools_unsupported', 'streaming not supported when tools are enabled')
}
