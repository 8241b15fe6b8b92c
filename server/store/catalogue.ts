import type { ProviderName } from '../../contract/models.ts'
import type { Catalogue, CatalogueEntry } from '../domain/catalogue.ts'
import type { ChangeSignal } from './change-signal.ts'
import type { Database } from './database.ts'
import { type KeptReading, keepReading } from './kept-reading.ts'

/** Models and prices as they stand. */
export type CatalogueCache = KeptReading<Catalogue>

export const createCatalogueCache = (database: Database, changes: ChangeSignal, providers: ReadonlySet<ProviderName>): CatalogueCache =>
  keepReading(changes, ['models', 'model_pricing', 'pricing_versions', 'tool_pricing'], () => readCatalogue(database, providers))

async function readCatalogue(database: Database, providers: ReadonlySet<ProviderName>): Promise<Catalogue> {
  const [models, tools] = await Promise.all([
    database.statement<CatalogueEntry & { pricingVersion: string }>('read_catalogue', READ_CATALOGUE, []),
    database.statement<{ tool: string; credits: string }>('read_tool_prices', READ_TOOL_PRICES, []),
  ])
  return {
    pricingVersion: models[0]?.pricingVersion ?? '',
    providers,
    entries: new Map(models.map(row => [row.alias, row])),
    toolPrices: new Map(tools.map(({ tool, credits }) => [tool, credits])),
  }
}

const READ_TOOL_PRICES = `
select tool, credits_per_call as credits from tool_pricing
join pricing_versions on pricing_versions.version = tool_pricing.pricing_version where pricing_versions.active`

const READ_CATALOGUE = `
select active.version as "pricingVersion", alias, display_name as "displayName", provider, provider_model as "providerModel",
  context_window as "contextWindow", input_usd_per_million as "inputUsdPerMillion", cached_input_usd_per_million as "cachedInputUsdPerMillion",
  output_usd_per_million as "outputUsdPerMillion", enabled, fallback_alias as "fallbackAlias", multiplier
from models
cross join (select version from pricing_versions where active) as active
left join model_pricing on model_pricing.pricing_version = active.version and model_pricing.model_alias = models.alias
order by models.created_at, models.alias`
