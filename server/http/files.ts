import { create as contentDisposition } from 'content-disposition'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { FileList, FileRead, FileTextQuery, FileTextRead } from '../../contract/files.ts'
import type { FileScope } from '../store/files.ts'
import { deleteFile } from '../usecases/delete-file.ts'
import { getFileContent } from '../usecases/get-file-content.ts'
import { getFileText } from '../usecases/get-file-text.ts'
import { listFiles } from '../usecases/list-files.ts'
import { type UploadDependencies, uploadFile } from '../usecases/upload-file.ts'
import { callerOf, NoContent, path, problems, typed } from './api.ts'
import { acceptUploads, requireMultipart, uploadOf } from './upload.ts'

const tags = ['Files']

/** Nothing of a stored file is ever run or shown as a page of ours. */
const CONTENT_HEADERS = {
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'cache-control': 'private, no-store',
}

export async function fileRoutes(scope: FastifyInstance, deps: UploadDependencies): Promise<void> {
  await acceptUploads(scope)
  scopedFileRoutes(scope, deps, 'rooms', 'room_id', id => ({ roomId: id }))
  scopedFileRoutes(scope, deps, 'sessions', 'session_id', id => ({ sessionId: id }))
  const app = typed(scope)
  const one = path('file_id')

  app.get(
    '/files/:file_id/text',
    {
      schema: {
        summary: 'Read the parsed text, or how far parsing is',
        tags,
        params: one,
        querystring: FileTextQuery,
        response: { 200: FileTextRead, ...problems('not_found') },
      },
    },
    request => getFileText(deps, callerOf(request), request.params.file_id, request.query),
  )
  app.get(
    '/files/:file_id/content',
    {
      schema: {
        summary: 'Download the stored bytes',
        tags,
        params: one,
        response: {
          200: { content: { 'application/octet-stream': { schema: z.unknown().describe('The stored bytes, as an attachment') } } },
          ...problems('not_found'),
        },
      },
    },
    async (request, reply) => {
      const { filename, contentType, size, bytes } = await getFileContent(deps, callerOf(request), request.params.file_id)
      reply.headers({ ...CONTENT_HEADERS, 'content-length': size, 'content-disposition': contentDisposition(filename) })
      return reply.type(contentType).serializer(String).send(bytes)
    },
  )
  app.delete(
    '/files/:file_id',
    {
      schema: {
        summary: 'Delete a file and its stored bytes',
        tags,
        params: one,
        response: { 204: NoContent, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      await deleteFile(deps, callerOf(request), request.params.file_id)
      return reply.code(204).send()
    },
  )
}

/** The same two routes below a room and below a session. */
function scopedFileRoutes<Id extends 'room_id' | 'session_id'>(
  scope: FastifyInstance,
  deps: UploadDependencies,
  owner: 'rooms' | 'sessions',
  idName: Id,
  scopeOf: (id: string) => FileScope,
): void {
  const app = typed(scope)
  const url = `/${owner}/:${idName}/files` as const
  const idOf = (params: unknown) => (params as Record<Id, string>)[idName]

  app.post(
    url,
    {
      onRequest: requireMultipart,
      schema: {
        summary: 'Upload a file, in the field "file" of a multipart body',
        tags,
        consumes: ['multipart/form-data'],
        params: path(idName),
        response: {
          201: FileRead,
          ...problems('not_found', 'file_too_large', 'unsupported_file', 'unsupported_media_type', 'malformed_request'),
        },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await uploadFile(deps, callerOf(request), scopeOf(idOf(request.params)), () => uploadOf(request))),
  )
  app.get(
    url,
    {
      schema: {
        summary: 'List the files, newest first',
        tags,
        params: path(idName),
        response: { 200: FileList, ...problems('not_found') },
      },
    },
    request => listFiles(deps, callerOf(request), scopeOf(idOf(request.params))),
  )
}
