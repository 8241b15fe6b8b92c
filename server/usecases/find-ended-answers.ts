import { type Credential, isSignedOut } from '../domain/credential.ts'
import type { Database } from '../store/database.ts'
import { standing, suspendedOrSignedOut } from '../store/signed-out.ts'

export interface OpenAnswer {
  userId: string
  credential: Credential
}

/** Those answers under way whose user was suspended or forgotten, or whose session or API key was ended. A token that merely expires ends none. */
export async function findEndedAnswers<Answer extends OpenAnswer>(deps: { database: Database }, answers: Answer[]): Promise<Answer[]> {
  const ids = (of: (credential: Credential) => string | null) =>
    [...new Set(answers.map(({ credential }) => of(credential)))].filter(isText)
  const [found, live] = await Promise.all([
    suspendedOrSignedOut(deps.database, [...new Set(answers.map(({ userId }) => userId))]),
    standing(deps.database, ids(sessionOf), ids(keyOf)),
  ])
  const users = new Map(found.map(user => [user.id, user]))
  return answers.filter(({ userId, credential }) => {
    const user = users.get(userId)
    const shown = sessionOf(credential) ?? keyOf(credential)
    return user?.suspended || isSignedOut(credential, user?.signed_out_at ?? null) || (shown !== null && !live.has(shown))
  })
}

const sessionOf = (credential: Credential) => (credential.kind === 'token' ? credential.sessionId : null)
const keyOf = (credential: Credential) => (credential.kind === 'api_key' ? credential.keyId : null)
const isText = (id: string | null): id is string => id !== null
