import type { ModelRead } from '../../contract/models.ts'
import { usableModels } from '../domain/catalogue.ts'
import type { CatalogueCache } from '../store/catalogue.ts'

/** The aliases that can be used, for everybody who is signed in. */
export async function listModels(deps: { catalogue: CatalogueCache }): Promise<ModelRead[]> {
  return usableModels(await deps.catalogue.current()).map(model => ({
    alias: model.alias,
    display_name: model.displayName,
    provider: model.provider,
    context_window: model.contextWindow,
    multiplier: model.multiplier,
    input_usd_per_million: model.inputUsdPerMillion,
    cached_input_usd_per_million: model.cachedInputUsdPerMillion,
    output_usd_per_million: model.outputUsdPerMillion,
  }))
}
