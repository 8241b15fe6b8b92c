import type { PriceRead, PriceUpdate, PricingRead } from '../../contract/admin.ts'
import type { Caller } from '../domain/caller.ts'
import { notFound } from '../domain/refusal.ts'
import { requireVersion, type VersionCheck } from '../domain/version.ts'
import { audited } from '../store/audit-log.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import { isCatalogued } from '../store/catalogue-models.ts'
import type { Database } from '../store/database.ts'
import { findPrice, lockPricingVersion, readPricing, savePrice } from '../store/pricing.ts'

/**
 * Holds from the next turn on; one that runs keeps the prices of its snapshot. The version that a caller expects may be the price's own or
 * the whole list's.
 */
export async function setPrice(
  deps: { database: Database; catalogue: CatalogueCache },
  caller: Caller,
  alias: string,
  { multiplier, pricing_version }: PriceUpdate,
  isExpected: VersionCheck<PriceRead | PricingRead | null>,
): Promise<PriceRead> {
  const price = await audited(deps.database, caller.userId, async database => {
    if (!(await lockPricingVersion(database, pricing_version))) throw notFound('Pricing version')
    const before = await findPrice(database, pricing_version, alias)
    if (before === null && !(await isCatalogued(database, alias))) throw notFound('Model')
    const list = await readPricing(database)
    requireVersion(before, price => isExpected(price) || isExpected(list))
    const after = await savePrice(database, { model_alias: alias, multiplier, pricing_version })
    return { result: after, entry: { action: 'price_set', target: alias, before, after } }
  })
  deps.catalogue.forget()
  return price
}
