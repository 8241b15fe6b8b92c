import type { FastifyInstance } from 'fastify'
import { EnforcementRead, EnforcementUpdate, SettingsRead } from '../../contract/admin.ts'
import type { CatalogueCache } from '../store/catalogue.ts'
import type { Database } from '../store/database.ts'
import type { SettingsCache } from '../store/runtime-settings.ts'
import { clearEnforcementOverride } from '../usecases/clear-enforcement-override.ts'
import { getSettings } from '../usecases/get-settings.ts'
import { overrideEnforcement } from '../usecases/override-enforcement.ts'
import { bodyProblems, callerOf, problems, typed } from './api.ts'

export interface AdminSettingsDependencies {
  database: Database
  catalogue: CatalogueCache
  runtimeSettings: SettingsCache
  settings: { lowBalanceThreshold: string }
}

export function adminSettingsRoutes(scope: FastifyInstance, deps: AdminSettingsDependencies): void {
  const app = typed(scope)
  const tags = ['Administration']

  app.get(
    '/settings',
    { schema: { summary: 'Read the settings in force', tags, response: { 200: SettingsRead, ...problems('admin_required') } } },
    () => getSettings(deps),
  )
  app.patch(
    '/settings/enforcement',
    {
      schema: {
        summary: 'Switch enforcement of credits on or off, whatever is configured; it reaches every replica within a second',
        tags,
        body: EnforcementUpdate,
        response: { 200: EnforcementRead, ...problems(...bodyProblems, 'admin_required', 'owner_required') },
      },
    },
    request => overrideEnforcement(deps, callerOf(request), request.body.enabled),
  )
  app.delete(
    '/settings/enforcement',
    {
      schema: {
        summary: 'Return to the configured enforcement',
        tags,
        response: { 200: EnforcementRead, ...problems('admin_required', 'owner_required') },
      },
    },
    request => clearEnforcementOverride(deps, callerOf(request)),
  )
}
