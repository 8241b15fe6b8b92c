import { Readable } from 'node:stream'
import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalid, Refusal } from '../domain/refusal.ts'
import type { Upload } from '../usecases/upload-file.ts'

/** Lets the routes of the scope take multipart bodies; none of it is read before it is asked for. */
export async function acceptUploads(scope: FastifyInstance): Promise<void> {
  await scope.register(multipart, {
    throwFileSizeLimit: false,
    limits: { fileSize: Number.POSITIVE_INFINITY, files: 1, fields: 1, parts: 2, fieldSize: 1024, headerPairs: 50 },
  })
}

/** For the route itself: decided by the header, before any body is read. */
export async function requireMultipart(request: FastifyRequest): Promise<void> {
  if (!/^multipart\/form-data\b/i.test(request.headers['content-type'] ?? ''))
    throw new Refusal('unsupported_media_type', 'Send the file as multipart/form-data, in the field "file".')
}

/** The part `file` of a multipart body, which must be the first; what follows it is not looked at. */
export async function uploadOf(request: FastifyRequest): Promise<Upload> {
  const part = await firstPart(request)
  if (!part) throw invalid('file', 'is missing')
  if (part.type !== 'file') throw invalid(part.fieldname, part.fieldname === 'file' ? 'must be a file' : 'is not a known field')
  if (part.fieldname !== 'file') {
    part.file.resume()
    throw invalid(part.fieldname, 'is not a known field')
  }
  return { filename: part.filename, bytes: Readable.from(wholeFile(part.file)) }
}

async function* wholeFile(file: Readable): AsyncIterable<Buffer> {
  try {
    yield* file
  } catch {
    throw new Refusal('malformed_request', 'The body ends before the file does.')
  }
}

async function firstPart(request: FastifyRequest) {
  try {
    const { value } = await request.parts().next()
    return value
  } catch (error) {
    request.log.info({ err: error }, 'a multipart body could not be read')
    throw new Refusal('malformed_request', 'The body is no valid multipart/form-data.')
  }
}
