import type { EnforcementSource } from '../../contract/admin.ts'
import type { ChangeSignal } from './change-signal.ts'
import type { Database } from './database.ts'
import { type KeptReading, keepReading } from './kept-reading.ts'

// Settings that are changed while the program runs. They outlive it; without one the configuration holds.

export interface RuntimeSettings {
  enforced: boolean
  source: EnforcementSource
}

export type SettingsCache = KeptReading<RuntimeSettings>

export const ENFORCEMENT = 'credit_enforcement_enabled'

/** `configured` is what holds without an override. */
export const createSettingsCache = (database: Database, changes: ChangeSignal, configured: boolean): SettingsCache =>
  keepReading(changes, ['runtime_settings'], async () => {
    const override = await enforcementOverride(database)
    return override === null ? { enforced: configured, source: 'config' } : { enforced: override, source: 'override' }
  })

/** Null when there is none. `lock` holds it until the transaction ends. */
export async function enforcementOverride(database: Database, lock = false): Promise<boolean | null> {
  const setting = database.kysely.selectFrom('runtime_settings').select('value').where('key', '=', ENFORCEMENT)
  const row = await (lock ? setting.forUpdate() : setting).executeTakeFirst()
  return row ? row.value === true : null
}

export async function setEnforcementOverride(database: Database, enforced: boolean): Promise<void> {
  const value = JSON.stringify(enforced)
  await database.kysely
    .insertInto('runtime_settings')
    .values({ key: ENFORCEMENT, value })
    .onConflict(known => known.column('key').doUpdateSet({ value }))
    .execute()
}

export async function clearEnforcementOverride(database: Database): Promise<void> {
  await database.kysely.deleteFrom('runtime_settings').where('key', '=', ENFORCEMENT).execute()
}
