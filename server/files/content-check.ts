import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileKind } from '../../contract/files.ts'
import { openArchive, UnsafeArchive } from './archive.ts'
import { officeParts } from './office-parts.ts'
import { BinaryText, decodeText } from './text-decoding.ts'

/** Why the content is not what the name says, as a sentence for people; null when it is. */
export async function contentProblem(path: string, kind: FileKind, size: number): Promise<string | null> {
  if (size === 0) return 'The file is empty.'
  switch (kind) {
    case 'pdf':
      return (await startOf(path, 1024)).includes('%PDF-') ? null : 'The content is not a PDF.'
    case 'docx':
    case 'xlsx':
      return await officeProblem(path, kind, size)
    default:
      return await textProblem(path)
  }
}

async function officeProblem(path: string, kind: 'docx' | 'xlsx', size: number): Promise<string | null> {
  const start = await startOf(path, 8)
  if (start.startsWith('\xd0\xcf\x11\xe0')) return `The content is not a .${kind}: it is of an older format, or protected by a password.`
  if (!start.startsWith('PK\x03\x04')) return `The content is not a .${kind}.`
  try {
    const archive = await openArchive(path, size)
    try {
      return (await officeParts(archive, kind)) ? null : `The content is not a .${kind}.`
    } finally {
      archive.close()
    }
  } catch (error) {
    if (error instanceof UnsafeArchive) return `The content cannot be accepted. ${error.message}`
    throw error
  }
}

async function textProblem(path: string): Promise<string | null> {
  try {
    for await (const _ of decodeText(createReadStream(path))) {
      // Only whether it can be decoded to its end counts.
    }
    return null
  } catch (error) {
    if (error instanceof BinaryText) return error.message
    throw error
  }
}

/** Byte by byte as characters of one byte. */
async function startOf(path: string, bytes: number): Promise<string> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}
