import type { PricingRead } from '../../contract/admin.ts'
import type { Database } from '../store/database.ts'
import { readPricing } from '../store/pricing.ts'

export const getPricing = (deps: { database: Database }): Promise<PricingRead> => readPricing(deps.database)
