import type { EnforcementRead } from '../../contract/admin.ts'
import type { Caller } from '../domain/caller.ts'
import { audited } from '../store/audit-log.ts'
import type { Database } from '../store/database.ts'
import {
  ENFORCEMENT,
  enforcementOverride,
  lockRuntimeSettings,
  type SettingsCache,
  setEnforcementOverride,
} from '../store/runtime-settings.ts'

/** Whatever is configured, this holds from now on, on every replica and after every restart. Turns that run keep what they began with. */
export async function overrideEnforcement(
  deps: { database: Database; runtimeSettings: SettingsCache },
  caller: Caller,
  enabled: boolean,
): Promise<EnforcementRead> {
  await audited(deps.database, caller.userId, async database => {
    await lockRuntimeSettings(database)
    const before = await enforcementOverride(database)
    await setEnforcementOverride(database, enabled)
    return { result: undefined, entry: { action: 'enforcement_set', target: ENFORCEMENT, before, after: enabled } }
  })
  deps.runtimeSettings.forget()
  return { enforcement_enabled: enabled, source: 'override' }
}
