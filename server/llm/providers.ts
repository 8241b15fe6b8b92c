import type { ProviderName } from '../../contract/models.ts'
import type { Outbound } from '../outbound/outbound.ts'
import { createChatCompletions, type ProviderTimeouts } from './chat-completions.ts'
import { createDemoModel } from './demo.ts'
import type { ModelProvider } from './model.ts'

export interface ProviderAccess {
  baseUrl: string
  /** Null for servers that ask for none. */
  apiKey: string | null
}

/** The providers that are configured; the demo model is always there. */
export interface ModelProviders {
  readonly configured: ReadonlySet<ProviderName>
  of(name: ProviderName): ModelProvider
}

export type ProviderAccesses = Partial<Record<Exclude<ProviderName, 'demo'>, ProviderAccess>>

export function createModelProviders(accesses: ProviderAccesses, timeouts: ProviderTimeouts, outbound: Outbound): ModelProviders {
  const clients = Object.entries(accesses).map(([name, access]) => {
    const flavour = name === 'openrouter' ? ('openrouter' as const) : ('openai' as const)
    return [name as ProviderName, createChatCompletions({ ...access, flavour, timeouts, outbound })] as const
  })
  const byName = new Map<ProviderName, ModelProvider>([...clients, ['demo', createDemoModel()]])
  return {
    configured: new Set(clients.map(([name]) => name)),
    of(name) {
      const provider = byName.get(name)
      // The catalogue offers no alias of a provider that is not configured.
      if (!provider) throw new Error(`provider ${name} is not configured`)
      return provider
    },
  }
}
