import type { MessageRead, SessionRead } from '../../contract/sessions.ts'
import type { Caller } from '../domain/caller.ts'
import { pageOfMessages } from '../store/conversation.ts'
import type { Database } from '../store/database.ts'
import { ownedSession } from '../store/owned.ts'

export interface SessionExport {
  title: string
  /** A page at a time. */
  text: AsyncIterable<string>
}

const PAGE = 500

/** The conversation as people see it: what was said to everybody, in order. Refuses before the first word, if at all. */
export async function exportSession(
  deps: { database: Database },
  caller: Caller,
  sessionId: string,
  format: 'markdown' | 'json',
): Promise<SessionExport> {
  const session = await ownedSession(deps.database, caller.userId, sessionId)
  const pages = messagePages(deps.database, sessionId)
  return { title: session.title ?? 'session', text: format === 'json' ? jsonText(session, pages) : markdownText(session, pages) }
}

async function* messagePages(database: Database, sessionId: string): AsyncIterable<MessageRead[]> {
  for (let offset = 0; ; offset += PAGE) {
    const { messages } = await pageOfMessages(database, sessionId, { limit: PAGE, offset }, false)
    yield messages
    if (messages.length < PAGE) return
  }
}

async function* markdownText({ title, created_at }: SessionRead, pages: AsyncIterable<MessageRead[]>): AsyncIterable<string> {
  yield `# ${title ?? 'Session'}\n\n${created_at}\n`
  for await (const messages of pages) yield messages.map(markdownMessage).join('')
}

const markdownMessage = ({ role, agent_name, content }: MessageRead): string =>
  `\n## ${role === 'user' ? 'You' : (agent_name ?? 'Assistant')}\n\n${content}\n`

async function* jsonText(session: SessionRead, pages: AsyncIterable<MessageRead[]>): AsyncIterable<string> {
  yield `{"session":${JSON.stringify(session)},"messages":[`
  let separator = ''
  for await (const messages of pages) {
    if (messages.length === 0) continue
    yield separator + messages.map(message => JSON.stringify(message)).join(',')
    separator = ','
  }
  yield ']}\n'
}
