import type { CatalogueModelRead } from '../../contract/admin.ts'
import { listCatalogueModels } from '../store/catalogue-models.ts'
import type { Database } from '../store/database.ts'

/** Every alias, usable or not. */
export const listCatalogue = (deps: { database: Database }): Promise<CatalogueModelRead[]> => listCatalogueModels(deps.database)
