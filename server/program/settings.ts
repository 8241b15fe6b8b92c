import type { LocalAccounts } from '../accounts/local-accounts.ts'
import type { Config } from '../config.ts'
import type { ProviderAccesses } from '../llm/providers.ts'
import type { RunTurnSettings } from '../usecases/run-turn/drive.ts'

// What each part of the program is told, in its own words, of the one configuration.

export const issuers = (config: Config, local: LocalAccounts | null) => ({
  ...(local && { local }),
  ...((config.SUPABASE_URL || config.SUPABASE_JWT_SECRET) && {
    supabase: { url: config.SUPABASE_URL ?? null, jwtSecrets: config.SUPABASE_JWT_SECRET ?? [] },
  }),
  ...(config.OIDC_ISSUER && { oidc: { issuer: config.OIDC_ISSUER, audience: config.OIDC_AUDIENCE! } }),
})

/** A provider counts as configured when its key or an address of one's own is set. */
export function providerAccesses(config: Config): ProviderAccesses {
  const openrouter = { baseUrl: config.OPENROUTER_BASE_URL, apiKey: config.OPENROUTER_API_KEY ?? null }
  const openai = { baseUrl: config.OPENAI_BASE_URL, apiKey: config.OPENAI_API_KEY ?? null }
  return {
    ...((openrouter.apiKey || openrouter.baseUrl !== OPENROUTER) && { openrouter }),
    ...((openai.apiKey || openai.baseUrl !== OPENAI) && { openai }),
    ...(config.ANTHROPIC_API_KEY && { anthropic: { baseUrl: ANTHROPIC, apiKey: config.ANTHROPIC_API_KEY } }),
    ...(config.GOOGLE_API_KEY && { google: { baseUrl: GOOGLE, apiKey: config.GOOGLE_API_KEY } }),
  }
}

const OPENROUTER = 'https://openrouter.ai/api/v1'
const OPENAI = 'https://api.openai.com/v1'
const ANTHROPIC = 'https://api.anthropic.com/v1'
const GOOGLE = 'https://generativelanguage.googleapis.com/v1beta/openai'

export const modelTimeouts = (config: Config) => ({
  firstTokenMs: config.MODEL_FIRST_TOKEN_TIMEOUT_MS,
  idleMs: config.MODEL_IDLE_TIMEOUT_MS,
})

export const turnSettings = (config: Config): RunTurnSettings => ({
  managerAlias: config.ORCHESTRATOR_MANAGER_MODEL_ALIAS,
  summarizerAlias: config.SUMMARIZER_MODEL_ALIAS,
  privateTurnsKept: config.AGENT_PRIVATE_CONTEXT_TURNS_KEEP,
  turnsRunningPerUser: config.TURNS_RUNNING_PER_USER,
  lowBalanceThreshold: config.LOW_BALANCE_THRESHOLD,
  billSystemCalls: config.BILL_SYSTEM_CALLS,
  minOutputTokens: config.MIN_OUTPUT_TOKENS,
  agentMaxToolSteps: config.AGENT_MAX_TOOL_STEPS,
  toolTimeoutMs: config.TOOL_TIMEOUT_MS,
  orchestratorMaxDepth: config.ORCHESTRATOR_MAX_DEPTH,
  orchestratorMaxSpecialists: config.ORCHESTRATOR_MAX_SPECIALIST_INVOCATIONS,
  turnMaxSeconds: config.TURN_MAX_SECONDS,
  turnMaxModelCalls: config.TURN_MAX_MODEL_CALLS,
  turnMaxToolCalls: config.TURN_MAX_TOOL_CALLS,
  context: {
    maxOutputTokens: config.CONTEXT_MAX_OUTPUT_TOKENS,
    summaryTriggerRatio: config.CONTEXT_SUMMARY_TRIGGER_RATIO,
    pruneTriggerRatio: config.CONTEXT_PRUNE_TRIGGER_RATIO,
    mandatorySummaryTurn: config.CONTEXT_MANDATORY_SUMMARY_TURN,
    recentTurnsToKeep: config.CONTEXT_RECENT_TURNS_TO_KEEP,
  },
})

export const toolAccess = (config: Config) => ({
  tavily: config.TAVILY_API_KEY ? { baseUrl: config.TAVILY_BASE_URL, apiKey: config.TAVILY_API_KEY } : null,
  searxng: config.SEARXNG_BASE_URL ? { baseUrl: config.SEARXNG_BASE_URL } : null,
})
