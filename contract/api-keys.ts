import { z } from 'zod'
import { requiredText, Time } from './values.ts'

/**
 * What a key may do as its user. `read`: all that the user may read. `turns`: that, and open sessions and run turns. `write`: that, and make,
 * change and delete. `admin`: administration, too, as far as the user's role and the key's other scopes go.
 */
export const apiKeyScopes = ['read', 'turns', 'write', 'admin'] as const
export type ApiKeyScope = (typeof apiKeyScopes)[number]

const ApiKeyScopes = z
  .array(z.enum(apiKeyScopes))
  .refine(scopes => new Set(scopes).size === scopes.length, 'names a scope twice')
  .refine(scopes => scopes.some(scope => scope !== 'admin'), 'must hold one of read, turns and write')

export const ApiKeyCreate = z
  .strictObject({
    name: requiredText(120),
    expires_at: z.iso
      .datetime({ offset: true })
      .optional()
      .meta({ description: 'RFC 3339, in the future; without it the key never expires' }),
    scopes: ApiKeyScopes.default(['write', 'admin']).meta({
      description: '`turns` includes `read`, `write` includes both; `admin` adds administration, as far as the user’s role goes',
    }),
  })
  .meta({ id: 'ApiKeyCreate' })
export type ApiKeyCreate = z.infer<typeof ApiKeyCreate>

export const ApiKeyRead = z
  .object({
    id: z.uuid(),
    name: z.string(),
    prefix: z.string().meta({ description: 'How the key begins' }),
    scopes: z.array(z.enum(apiKeyScopes)),
    created_at: Time,
    expires_at: Time.nullable(),
    last_used_at: Time.nullable().meta({ description: 'To within a minute' }),
  })
  .meta({ id: 'ApiKey' })
export type ApiKeyRead = z.infer<typeof ApiKeyRead>

export const ApiKeyCreated = ApiKeyRead.extend({ key: z.string().meta({ description: 'The bearer token; never shown again' }) }).meta({
  id: 'ApiKeyCreated',
})
export type ApiKeyCreated = z.infer<typeof ApiKeyCreated>

export const ApiKeyList = z.array(ApiKeyRead)
