import type { CatalogueModelRead, CatalogueModelUpdate } from '../../contract/admin.ts'
import type { Caller } from '../domain/caller.ts'
import { invalid } from '../domain/refusal.ts'
import { audited } from '../store/audit-log.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import { findCatalogueModel, isCatalogued, lockCatalogue, saveCatalogueModel } from '../store/catalogue-models.ts'
import type { Database } from '../store/database.ts'
import { savePriceUnlessSet } from '../store/pricing.ts'

const FIRST_MULTIPLIER = '1'

/**
 * Makes an alias or replaces what it stands for. Aliases may name each other as fallbacks: a call goes to a fallback once and never on
 * to the fallback's own, so that no circle is ever walked.
 */
export async function putModel(
  deps: { database: Database; catalogue: CatalogueCache },
  caller: Caller,
  alias: string,
  model: CatalogueModelUpdate,
): Promise<CatalogueModelRead> {
  if (model.fallback_alias === alias) throw invalid('fallback_alias', 'must be another alias')
  const saved = await audited(deps.database, caller.userId, async database => {
    await lockCatalogue(database)
    if (model.fallback_alias !== null && !(await isCatalogued(database, model.fallback_alias)))
      throw invalid('fallback_alias', `"${model.fallback_alias}" is not in the catalogue`)
    const before = await findCatalogueModel(database, alias)
    await saveCatalogueModel(database, alias, model)
    if (before === null) await savePriceUnlessSet(database, alias, FIRST_MULTIPLIER)
    const after = await findCatalogueModel(database, alias)
    return { result: after!, entry: { action: 'model_set', target: alias, before, after } }
  })
  deps.catalogue.forget()
  return saved
}
