import { sql } from 'kysely'
import type { CatalogueModelRead, CatalogueModelUpdate } from '../../contract/admin.ts'
import type { Database } from './database.ts'

// The catalogue as its administrators see it: every alias, usable or not.

const selectModels = (database: Database) =>
  database.kysely
    .selectFrom('models')
    .leftJoin('pricing_versions', version => version.on('active', '=', true))
    .leftJoin('model_pricing', price =>
      price.onRef('model_pricing.pricing_version', '=', 'pricing_versions.version').onRef('model_pricing.model_alias', '=', 'models.alias'),
    )
    .select([
      'alias',
      'display_name',
      'provider',
      'provider_model',
      'context_window',
      'input_usd_per_million',
      'cached_input_usd_per_million',
      'output_usd_per_million',
      'enabled',
      'fallback_alias',
      'multiplier',
    ])

export async function listCatalogueModels(database: Database): Promise<CatalogueModelRead[]> {
  return (await selectModels(database).orderBy('models.created_at').orderBy('alias').execute()) as CatalogueModelRead[]
}

export async function findCatalogueModel(database: Database, alias: string): Promise<CatalogueModelRead | null> {
  const row = await selectModels(database).where('alias', '=', alias).executeTakeFirst()
  return (row as CatalogueModelRead | undefined) ?? null
}

export async function isCatalogued(database: Database, alias: string): Promise<boolean> {
  const row = await database.kysely.selectFrom('models').select('alias').where('alias', '=', alias).executeTakeFirst()
  return row !== undefined
}

/** Holds off every other change of the catalogue until the transaction ends; readers go on. A row that is still to be made cannot be locked. */
export async function lockCatalogue(database: Database): Promise<void> {
  await sql`lock table models in share row exclusive mode`.execute(database.kysely)
}

export async function saveCatalogueModel(database: Database, alias: string, model: CatalogueModelUpdate): Promise<void> {
  await database.kysely
    .insertInto('models')
    .values({ alias, ...model })
    .onConflict(known => known.column('alias').doUpdateSet(model))
    .execute()
}
