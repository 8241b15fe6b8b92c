import type { EnforcementRead } from '../../contract/admin.ts'
import type { Caller } from '../domain/caller.ts'
import { audited } from '../store/audit-log.ts'
import type { Database } from '../store/database.ts'
import {
  clearEnforcementOverride as clearOverride,
  ENFORCEMENT,
  enforcementOverride,
  lockRuntimeSettings,
  type SettingsCache,
} from '../store/runtime-settings.ts'

/** What is configured holds again. */
export async function clearEnforcementOverride(
  deps: { database: Database; runtimeSettings: SettingsCache },
  caller: Caller,
): Promise<EnforcementRead> {
  await audited(deps.database, caller.userId, async database => {
    await lockRuntimeSettings(database)
    const before = await enforcementOverride(database)
    await clearOverride(database)
    return { result: undefined, entry: { action: 'enforcement_cleared', target: ENFORCEMENT, before, after: null } }
  })
  deps.runtimeSettings.forget()
  const { enforced, source } = await deps.runtimeSettings.current()
  return { enforcement_enabled: enforced, source }
}
