import type { ProviderName } from '../../contract/models.ts'
import type { UsdPrices } from './money.ts'
import { invalid, Refusal } from './refusal.ts'

/** A row of the catalogue with the multiplier of the active pricing version; anything may be missing or nonsense. */
export interface CatalogueEntry {
  alias: string
  displayName: string
  provider: ProviderName
  providerModel: string
  contextWindow: number
  inputUsdPerMillion: string | null
  cachedInputUsdPerMillion: string | null
  outputUsdPerMillion: string | null
  enabled: boolean
  fallbackAlias: string | null
  multiplier: string | null
}

/** An alias that can be called and billed: every price is a decimal of zero or more. */
export interface PricedModel extends UsdPrices {
  alias: string
  displayName: string
  provider: ProviderName
  providerModel: string
  contextWindow: number
  multiplier: string
  pricingVersion: string
  fallbackAlias: string | null
}

export interface Catalogue {
  pricingVersion: string
  entries: ReadonlyMap<string, CatalogueEntry>
  /** Credits per call of a tool, in the active pricing version; a tool that is not named costs nothing. */
  toolPrices: ReadonlyMap<string, string>
  /** Providers that are configured here. None: the demo model answers for every alias. */
  providers: ReadonlySet<ProviderName>
}

const demoInForce = (catalogue: Catalogue): boolean => catalogue.providers.size === 0

const usable = (price: string | null): price is string => price !== null && /^\d+(\.\d+)?$/.test(price)

/** The alias as it can be used, or null: disabled, without a usable price, or of a provider that is not configured. */
export function pricedModel(catalogue: Catalogue, alias: string): PricedModel | null {
  const entry = catalogue.entries.get(alias)
  if (!entry?.enabled) return null
  const { inputUsdPerMillion, cachedInputUsdPerMillion, outputUsdPerMillion, multiplier } = entry
  if (!usable(inputUsdPerMillion) || !usable(outputUsdPerMillion) || !usable(multiplier)) return null
  if (cachedInputUsdPerMillion !== null && !usable(cachedInputUsdPerMillion)) return null
  const { alias: name, displayName, contextWindow, fallbackAlias } = entry
  const model = { alias: name, displayName, contextWindow, fallbackAlias, multiplier, pricingVersion: catalogue.pricingVersion }
  if (entry.provider === 'demo' || demoInForce(catalogue)) {
    return {
      ...model,
      provider: 'demo',
      providerModel: 'pantheon-demo',
      inputUsdPerMillion: '0',
      cachedInputUsdPerMillion: '0',
      outputUsdPerMillion: '0',
    }
  }
  if (!catalogue.providers.has(entry.provider)) return null
  return {
    ...model,
    provider: entry.provider,
    providerModel: entry.providerModel,
    inputUsdPerMillion,
    cachedInputUsdPerMillion,
    outputUsdPerMillion,
  }
}

export function requireModel(catalogue: Catalogue, alias: string): PricedModel {
  const model = pricedModel(catalogue, alias)
  if (model) return model
  throw new Refusal(
    'model_unavailable',
    `The model "${alias}" is not available: it is disabled, has no usable price, or its provider is not configured.`,
  )
}

export const usableModels = (catalogue: Catalogue): PricedModel[] =>
  [...catalogue.entries.keys()].map(alias => pricedModel(catalogue, alias)).filter(model => model !== null)

/** Refuses an alias that the catalogue does not know; one that is known but cannot be used just now may still be chosen for later. */
export function requireKnownAlias(catalogue: Catalogue, alias: string, path: string): void {
  if (!catalogue.entries.has(alias)) throw invalid(path, `"${alias}" is not a model alias; GET /api/v1/models lists them`)
}
