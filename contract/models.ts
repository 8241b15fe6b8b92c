import { z } from 'zod'
import { Decimal } from './values.ts'

export const providers = ['openrouter', 'openai', 'anthropic', 'google', 'demo'] as const
export type ProviderName = (typeof providers)[number]

/** The short name that users pick a model by. */
export const ModelAlias = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9_.:-]{1,64}$/, 'must be a model alias')

export const ModelRead = z
  .object({
    alias: z.string(),
    display_name: z.string(),
    provider: z.enum(providers),
    context_window: z.int(),
    multiplier: Decimal,
    input_usd_per_million: Decimal,
    cached_input_usd_per_million: Decimal.nullable(),
    output_usd_per_million: Decimal,
  })
  .meta({ id: 'Model' })
export type ModelRead = z.infer<typeof ModelRead>

export const ModelList = z.array(ModelRead)
