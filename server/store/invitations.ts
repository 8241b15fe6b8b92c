import type { Database } from './database.ts'

export interface InvitationUse {
  email: string
  /** Lower-case hex. */
  codeSha256: string
  userId: string
}

/** True when there was such an invitation, open and in time; it is spent by the same statement, so that two cannot both have it. */
export async function spendInvitation(
  database: Pick<Database, 'statement'>,
  { email, codeSha256, userId }: InvitationUse,
): Promise<boolean> {
  return (await database.statement('spend_invitation', SPEND_INVITATION, [email, codeSha256, userId])).length > 0
}

const SPEND_INVITATION = `
  update invitations set used_at = now(), used_by_user_id = $3
  where email = lower($1) and code_sha256 = $2 and used_at is null and expires_at > now()
  returning id`
