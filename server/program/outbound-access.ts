import type { Config } from '../config.ts'
import { createOutbound, type Outbound } from '../outbound/outbound.ts'

/** The way out. What the operator wrote into the environment may lie anywhere; whatever came to the program later may not. */
export const openOutbound = (config: Config): Outbound =>
  createOutbound({
    trustedOrigins: namedByOperator(config),
    allowPrivate: config.OUTBOUND_ALLOW_PRIVATE,
    connectMs: config.MODEL_CONNECT_TIMEOUT_MS,
  })

const namedByOperator = (config: Config): string[] =>
  [
    config.OPENROUTER_BASE_URL,
    config.OPENAI_BASE_URL,
    config.TAVILY_BASE_URL,
    config.SEARXNG_BASE_URL,
    config.S3_ENDPOINT,
    config.SUPABASE_URL,
    config.OIDC_ISSUER,
    config.STRIPE_API_BASE,
  ]
    .filter(url => url !== undefined)
    .map(url => new URL(url).origin)
