import { Readable } from 'node:stream'
import { create as contentDisposition } from 'content-disposition'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { ExportLine, SessionExportQuery } from '../../contract/exports.ts'
import { MessageRead, SessionRead } from '../../contract/sessions.ts'
import { safeFileName } from '../domain/file-name.ts'
import { type DeleteMeDependencies, deleteMe } from '../usecases/delete-me.ts'
import { exportMe } from '../usecases/export-me.ts'
import { exportSession } from '../usecases/export-session.ts'
import type { UploadDependencies } from '../usecases/upload-file.ts'
import { callerOf, NoContent, path, problems, typed } from './api.ts'

const SessionExportRead = z.object({ session: SessionRead, messages: z.array(MessageRead) }).meta({ id: 'SessionExport' })

/** What leaves the service whole: one's own data, a conversation, oneself. */
export function exportRoutes(scope: FastifyInstance, deps: DeleteMeDependencies & Pick<UploadDependencies, 'storage'>): void {
  const app = typed(scope)

  app.get(
    '/users/me/export',
    {
      schema: {
        summary: 'Take everything along: JSON lines, the last of them says that it is the last',
        tags: ['Accounts'],
        response: { 200: { content: { 'application/x-ndjson': { schema: ExportLine } } }, ...problems() },
      },
    },
    async (request, reply) => {
      reply.header('content-disposition', contentDisposition('pantheon-export.jsonl')).header('cache-control', 'private, no-store')
      return sendText(reply, 'application/x-ndjson', exportMe(deps, callerOf(request)))
    },
  )
  app.delete(
    '/users/me',
    {
      config: { keyNeeds: 'person' },
      schema: {
        summary: 'Delete the account: content goes, ledger and usage stay without a name',
        tags: ['Accounts'],
        response: { 204: NoContent, ...problems('conflict', 'not_found') },
      },
    },
    async (request, reply) => {
      await deleteMe(deps, callerOf(request))
      return reply.code(204).send()
    },
  )
  app.get(
    '/sessions/:session_id/export',
    {
      schema: {
        summary: 'Take a conversation along, as Markdown or JSON, by ?format= or Accept',
        tags: ['Sessions'],
        params: path('session_id'),
        querystring: SessionExportQuery,
        response: {
          200: { content: { 'text/markdown': { schema: z.string() }, 'application/json': { schema: SessionExportRead } } },
          ...problems('not_found'),
        },
      },
    },
    async (request, reply) => {
      const format = request.query.format ?? (/\bapplication\/json\b/i.test(request.headers.accept ?? '') ? 'json' : 'markdown')
      const { title, text } = await exportSession(deps, callerOf(request), request.params.session_id, format)
      const name = `${safeFileName(title).filename}.${format === 'json' ? 'json' : 'md'}`
      reply.header('vary', 'accept').header('content-disposition', contentDisposition(name))
      const type = format === 'json' ? 'application/json; charset=utf-8' : 'text/markdown; charset=utf-8'
      return sendText(reply, type, text)
    },
  )
}

/** Sent as it is made; a reader who leaves ends the making. Text passes no schema of an answer. */
function sendText(reply: FastifyReply, type: string, text: AsyncIterable<string>): FastifyReply {
  return reply.type(type).serializer(String).send(Readable.from(text))
}
