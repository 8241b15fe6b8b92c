import { randomUUID } from 'node:crypto'
import type { Config } from '../../config.ts'
import type { CatalogueEntry } from '../../domain/catalogue.ts'
import type { ModelProvider } from '../../llm/model.ts'
import { createModelProviders, type ModelProviders } from '../../llm/providers.ts'
import type { Outbound } from '../../outbound/outbound.ts'
import { createCatalogueCache } from '../../store/catalogue.ts'
import type { OpenDatabase } from '../../store/database.ts'
import { modelTimeouts, providerAccesses } from '../settings.ts'
import { examined, type Finding } from './finding.ts'

/** One call of one token to every enabled alias whose provider has a key. It costs next to nothing, and nobody is charged. */
export async function examineModels(config: Config, database: OpenDatabase, outbound: Outbound): Promise<Finding[]> {
  const providers = createModelProviders(providerAccesses(config), modelTimeouts(config), outbound)
  try {
    const { entries } = await createCatalogueCache(database, { subscribe: () => {}, close: async () => {} }, providers.configured).current()
    const enabled = [...entries.values()].filter(entry => entry.enabled)
    return await Promise.all(enabled.map(entry => examineModel(entry, providers)))
  } catch (error) {
    return [await examined('models', () => Promise.reject(error))]
  }
}

function examineModel(entry: CatalogueEntry, providers: ModelProviders): Promise<Finding> {
  return examined(`model ${entry.alias}`, async () => {
    if (entry.provider === 'demo' || providers.configured.size === 0)
      return { state: 'off', words: 'the demo model answers: no provider has a key' }
    if (!providers.configured.has(entry.provider)) return { state: 'off', words: `${entry.provider} has no key: the alias is not offered` }
    return await oneToken(entry, providers.of(entry.provider))
  })
}

async function oneToken({ provider, providerModel }: CatalogueEntry, model: ModelProvider): Promise<Omit<Finding, 'about'>> {
  const attempt = await model.attempt(
    {
      requestId: randomUUID(),
      provider,
      providerModel,
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [],
      maxTokens: 1,
      stop: [],
      json: false,
      purpose: 'agent',
      turnId: randomUUID(),
      traceId: randomUUID(),
      agentKey: null,
    },
    () => undefined,
    new AbortController().signal,
  )
  if (attempt.failure) return { state: 'failed', words: `${provider}: ${attempt.failure.message}` }
  return { state: 'ok', words: `${provider}, ${attempt.providerModel}, ${attempt.latencyMs} ms` }
}
