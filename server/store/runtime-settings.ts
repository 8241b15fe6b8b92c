import { sql } from 'kysely'
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

/** Null when there is none. */
export async function enforcementOverride(database: Database): Promise<boolean | null> {
  const row = await database.kysely.selectFrom('runtime_settings').select('value').where('key', '=', ENFORCEMENT).executeTakeFirst()
  return row ? row.value === true : null
}

/** Holds off every other change of a setting until the transaction ends; readers go on. A row that is still to be made cannot be locked. */
export async function lockRuntimeSettings(database: Database): Promise<void> {
  await sql`lock table runtime_settings in share row exclusive mode`.execute(database.kysely)
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
