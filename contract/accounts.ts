import { z } from 'zod'
import { Decimal } from './values.ts'

export const roles = ['user', 'analyst', 'owner'] as const
export type Role = (typeof roles)[number]

export const signupPolicies = ['open', 'invite', 'closed'] as const
export type SignupPolicy = (typeof signupPolicies)[number]

export const MeRead = z.object({ user_id: z.string(), email: z.string().nullable(), role: z.enum(roles) }).meta({ id: 'Me' })
export type MeRead = z.infer<typeof MeRead>

/** What a sign-in page needs to know before anybody has signed in. */
export const AuthConfigRead = z
  .object({
    local: z.boolean().meta({ description: 'Local accounts are served below /api/auth' }),
    magic_link: z.boolean(),
    signup: z.enum(signupPolicies),
    first_account_missing: z.boolean().meta({ description: 'The first account, which becomes owner, is still to be made' }),
    first_account_code_required: z.boolean().meta({ description: 'The first sign-up must carry the code that the start-up block prints' }),
    external_issuers: z.array(z.string()),
    demo_model: z.boolean().meta({ description: 'No provider is configured: the built-in demo model answers' }),
    low_balance_threshold: Decimal.meta({ description: 'Below this many credits a balance is low' }),
    stripe_publishable_key: z.string().optional().meta({ description: 'Where payments are on: what opens the card form' }),
  })
  .meta({ id: 'AuthConfig' })
export type AuthConfigRead = z.infer<typeof AuthConfigRead>
