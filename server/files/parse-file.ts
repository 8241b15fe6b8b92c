import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import type { FileKind } from '../../contract/files.ts'

/** `failed`: the message is a sentence for people. */
export type Parsed = { kind: 'text'; text: Buffer } | { kind: 'failed'; message: string }

export interface ParseLimits {
  /** From the start of the process to its end. */
  milliseconds: number
  /** Of the process as a whole. */
  rssBytes: number
}

const PARSE_LIMITS: ParseLimits = { milliseconds: 15_000, rssBytes: 512 * 1024 * 1024 }

const UNREADABLE = 3
const HEAP_MB = 320
/** Of what the process says: its text is bounded there, and this is the bound of whoever listens. */
const OUTPUT_MAXIMUM = 20 * 1024 * 1024
/** How much later than the process itself its parent ends it. */
const GRACE_MS = 1_000

const PROGRAM = fileURLToPath(new URL('./parsing/parser-process.ts', import.meta.url))

/**
 * Parses in a process of its own, which has an empty environment, limits of memory and time, and may read nothing but
 * the code it consists of. Rejects only when the bytes cannot be read from where they come.
 */
export async function parseFile(bytes: Readable, kind: FileKind, limits: ParseLimits = PARSE_LIMITS): Promise<Parsed> {
  const child = startParser(kind, limits)
  const timer = setTimeout(() => child.kill('SIGKILL'), limits.milliseconds + GRACE_MS)
  try {
    const ended = once(child, 'close') as Promise<[number | null]>
    const [output, [code]] = await Promise.all([collect(child), ended, feed(child, bytes)])
    if (code === 0 && output) return { kind: 'text', text: output }
    if (code === UNREADABLE && output) return { kind: 'failed', message: output.toString('utf8').slice(0, 500) }
    return { kind: 'failed', message: 'It takes too much time or memory to read.' }
  } finally {
    clearTimeout(timer)
    child.kill('SIGKILL')
  }
}

function startParser(kind: FileKind, limits: ParseLimits): ChildProcess {
  const args = [
    `--max-old-space-size=${HEAP_MB}`,
    '--permission',
    '--allow-worker',
    ...readablePlaces().map(place => `--allow-fs-read=${place}`),
    '--disable-warning=SecurityWarning',
    PROGRAM,
    kind,
    String(limits.rssBytes),
    String(limits.milliseconds),
    String(process.pid),
  ]
  const child = spawn(process.execPath, args, { env: {}, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true })
  child.on('error', () => child.stdout?.destroy())
  // It may end before it has read everything; how it ended says why.
  child.stdin?.on('error', () => undefined)
  return child
}

/** Our own parsers and the packages they are made of, wherever npm has laid them. */
function readablePlaces(): string[] {
  const here = fileURLToPath(new URL('.', import.meta.url))
  const root = path.resolve(here, '../..')
  const ancestors = root.split(path.sep).map((_, index, parts) => parts.slice(0, index + 1).join(path.sep) || path.sep)
  const packages = ancestors.map(folder => path.join(folder, 'node_modules')).filter(folder => existsSync(folder))
  return [here, path.join(root, 'contract'), path.join(root, 'package.json'), ...packages]
}

/** Null when it says too much. */
async function collect(child: ChildProcess): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of child.stdout!) {
    size += chunk.length
    if (size > OUTPUT_MAXIMUM) {
      child.kill('SIGKILL')
      return null
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Fails only where the bytes come from. */
async function feed(child: ChildProcess, bytes: Readable): Promise<void> {
  let failure: Error | null = null
  bytes.on('error', error => {
    failure = error
  })
  await pipeline(bytes, child.stdin!).catch(() => undefined)
  if (failure) throw failure
}
