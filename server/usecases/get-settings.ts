import type { SettingsRead } from '../../contract/admin.ts'
import { decimal, decimalText } from '../domain/money.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import type { SettingsCache } from '../store/runtime-settings.ts'

/** The settings as they are in force in this process. */
export async function getSettings(deps: {
  runtimeSettings: SettingsCache
  catalogue: CatalogueCache
  settings: { lowBalanceThreshold: string }
}): Promise<SettingsRead> {
  const [{ enforced, source }, { pricingVersion }] = await Promise.all([deps.runtimeSettings.current(), deps.catalogue.current()])
  return {
    enforcement_enabled: enforced,
    enforcement_source: source,
    low_balance_threshold: decimalText(decimal(deps.settings.lowBalanceThreshold)),
    pricing_version: pricingVersion,
  }
}
