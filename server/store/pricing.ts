import { sql } from 'kysely'
import type { PriceRead, PricingRead } from '../../contract/admin.ts'
import type { Database } from './database.ts'

// Multipliers of the aliases, version by version.

const priceColumns = ['model_alias', 'multiplier', 'pricing_version'] as const

/** The active version, by alias. */
export async function readPricing(database: Database): Promise<PricingRead> {
  const rows = await database.kysely
    .selectFrom('pricing_versions')
    .leftJoin('model_pricing', 'model_pricing.pricing_version', 'pricing_versions.version')
    .select(['version', 'model_alias', 'multiplier'])
    .where('active', '=', true)
    .orderBy('model_alias')
    .execute()
  const version = rows[0]?.version ?? ''
  const items = rows.flatMap(({ model_alias, multiplier }) =>
    model_alias === null || multiplier === null ? [] : [{ model_alias, multiplier, pricing_version: version }],
  )
  return { pricing_version: version, items }
}

/** Holds the version until the transaction ends, so that its prices change one after another; false when there is no such version. */
export async function lockPricingVersion(database: Database, version: string): Promise<boolean> {
  const row = await database.kysely
    .selectFrom('pricing_versions')
    .select('version')
    .where('version', '=', version)
    .forUpdate()
    .executeTakeFirst()
  return row !== undefined
}

export async function findPrice(database: Database, version: string, alias: string): Promise<PriceRead | null> {
  const price = database.kysely.selectFrom('model_pricing').select(priceColumns)
  return (await price.where('pricing_version', '=', version).where('model_alias', '=', alias).executeTakeFirst()) ?? null
}

export async function savePrice(database: Database, { model_alias, multiplier, pricing_version }: PriceRead): Promise<PriceRead> {
  return await database.kysely
    .insertInto('model_pricing')
    .values({ model_alias, multiplier, pricing_version })
    .onConflict(known => known.columns(['pricing_version', 'model_alias']).doUpdateSet({ multiplier }))
    .returning(priceColumns)
    .executeTakeFirstOrThrow()
}

/** A price in the active version for an alias that has none. */
export async function savePriceUnlessSet(database: Database, alias: string, multiplier: string): Promise<void> {
  await sql`
    insert into model_pricing (pricing_version, model_alias, multiplier)
    select version, ${alias}, ${multiplier} from pricing_versions where active
    on conflict do nothing`.execute(database.kysely)
}
