import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

/** From the front door to the ground. A file imports its own folder and what lies below its row, never its neighbours in the row. */
const layers = [
  ['server/main'],
  ['server/cli'],
  ['server/program'],
  ['server/config', 'server/app'],
  ['server/http', 'server/jobs'],
  ['server/usecases'],
  ['server/turns'],
  ['server/tools', 'server/llm', 'server/store', 'server/live', 'server/files', 'server/accounts', 'server/payments', 'server/telemetry'],
  ['server/outbound'],
  ['server/domain'],
  ['contract'],
]
const root = path.join(import.meta.dirname, '../..')
const source = /\.(ts|tsx|mjs)$/
const importing = /^(?:import|export)\s(?:[^'"`]*?\sfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm

const files = ['contract', 'server', 'web']
  .flatMap(part => readdirSync(path.join(root, part), { recursive: true, encoding: 'utf8' }).map(name => path.posix.join(part, name)))
  .filter(name => source.test(name) && !name.includes('node_modules/'))
  .map(name => ({ name, text: readFileSync(path.join(root, name), 'utf8') }))
const imports = files.flatMap(({ name, text }) =>
  [...text.matchAll(importing)].map(([, first, second = '']) => {
    const specifier = first ?? second
    return { name, specifier, target: specifier.startsWith('.') ? path.posix.join(path.posix.dirname(name), specifier) : '' }
  }),
)

const isPartOf = (part: string) => (name: string) => name.replace(source, '') === part || name.startsWith(`${part}/`)
const rowOf = (name: string) => layers.findIndex(row => row.some(part => isPartOf(part)(name)))
const partOf = (name: string) => layers.flat().find(part => isPartOf(part)(name))
const isBelowHttp = (name: string) => rowOf(name) > rowOf('server/http')
const shown = (found: { name: string; specifier: string } | undefined) => found && `${found.name} imports ${found.specifier}`
const first = (breaks: (each: (typeof imports)[number]) => boolean) => shown(imports.find(breaks))
const firstText = (pattern: RegExp, part: string, except: string[] = []) =>
  files.find(({ name, text }) => isPartOf(part)(name) && !except.includes(name) && pattern.test(text))?.name

/** The offender is the message: a long value would be cut. */
const expectNone = (offender: string | undefined) => expect(offender, offender).toBeUndefined()

test('every file of contract and server belongs to a layer', () => {
  expectNone(files.find(({ name }) => !isPartOf('web')(name) && rowOf(name) < 0)?.name)
})

test('imports point one way', () => {
  const pointsBack = (from: string, to: string) => to !== 'package.json' && partOf(from) !== partOf(to) && rowOf(from) >= rowOf(to)
  expectNone(first(({ name, target }) => target !== '' && !isPartOf('web')(name) && pointsBack(name, target)))
})

test('the web reaches out to the contract only', () => {
  const isAllowed = (target: string) => isPartOf('web')(target) || isPartOf('contract')(target)
  expectNone(first(({ name, target }) => target !== '' && isPartOf('web')(name) && !isAllowed(target)))
})

test('a use case imports no use case, only the folder that bears its name', () => {
  const isUseCase = isPartOf('server/usecases')
  const verbOf = (name: string) => name.split('/')[2]?.replace(source, '')
  expectNone(first(({ name, target }) => isUseCase(name) && isUseCase(target) && verbOf(name) !== verbOf(target)))
})

test('contract and domain import nothing of Node', () => {
  const isPure = (name: string) => isPartOf('contract')(name) || isPartOf('server/domain')(name)
  expectNone(first(({ name, specifier }) => isPure(name) && specifier.startsWith('node:')))
})

test('nothing below http speaks HTTP', () => {
  expectNone(first(({ name, specifier }) => isBelowHttp(name) && /^(@?fastify|node:https?$)/.test(specifier)))
})

test('relative imports name their file with its ending', () => {
  const hasEnding = (target: string) => !target.endsWith('.js') && path.extname(target) !== ''
  expectNone(first(({ target }) => target !== '' && !hasEnding(target)))
})

test('a thing lives where its noun lives', () => {
  const unnamed = /(^|\/)(utils?|common|shared|helpers?|types|lib|services)(\/|\.tsx?$)/
  expectNone(files.find(({ name }) => unnamed.test(name) || /(^|\/)index\.tsx?$/.test(name))?.name)
  expectNone(firstText(/^export \* from/m, 'server') ?? firstText(/^export \* from/m, 'contract'))
})

test('only main reads the environment', () => {
  expectNone(firstText(/\bprocess\.env\b/, 'server', ['server/main.mjs']))
})

test('there is one way out: no other file connects to anything', () => {
  const isWayOut = isPartOf('server/outbound')
  const others = files.filter(({ name }) => isPartOf('server')(name) && !isWayOut(name))
  expectNone(others.find(({ text }) => ways.some(way => way.test(text)))?.name)
  // What the rule is held against, so that it cannot go blind.
  for (const sneak of SNEAKS) expect(ways.filter(way => way.test(sneak)).length, sneak).toBeGreaterThan(0)
  for (const fine of FINE) expect(ways.filter(way => way.test(fine)).length, fine).toBe(0)
})

const ways = [
  /(?<![.\w])fetch\(|globalThis\.fetch|\bnew (WebSocket|EventSource)\(/,
  /^import (?!type )[^'"]*from '(undici|node:(https|http2|tls|dgram|dns|dns\/promises))'/m,
  /^import (?!type )[^'"]*\b(request|get|Agent|connect|createConnection|\* as \w+|\w+) from '(node:)?(http|net)'/m,
  /^import (?!type )[^'"]*\{[^}]*\b(request|get|Agent|connect|createConnection)\b[^}]*\} from '(node:)?(http|net)'/m,
  /\bimport\('(undici|node:(http|https|http2|net|tls|dgram|dns))'\)/,
]
const SNEAKS = [
  "fetch('http://127.0.0.1')",
  "new WebSocket('ws://127.0.0.1')",
  "import { request } from 'undici'",
  "import { type Dispatcher, request } from 'undici'",
  "import http from 'node:http'",
  "import * as net from 'node:net'",
  "import { createServer, get } from 'node:http'",
  "import { connect } from 'node:tls'",
  "await import('undici')",
]
const FINE = [
  "import { createServer } from 'node:http'",
  "import type { Socket } from 'node:net'",
  "import type { Dispatcher } from 'undici'",
  'outbound.fetch(',
]

test('the domain waits for nothing, reads no clock and throws no dice', () => {
  expectNone(firstText(/\basync\b|\bawait \w|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(/, 'server/domain'))
})

test('what watches is loaded only where it is wanted', () => {
  const isOfWatchers = (specifier: string) => /^(prom-client|@sentry\/|@opentelemetry\/)/.test(specifier)
  expectNone(first(({ name, specifier }) => isOfWatchers(specifier) && !isPartOf('server/telemetry')(name)))
  const openers = ['metrics', 'traces', 'fault-reports'].map(noun => `../telemetry/${noun}.ts`).join('|')
  const atOnce = new RegExp(`^import (?!type )[^'\\n]*from '(?:${openers})'`, 'm')
  expectNone(firstText(atOnce, 'server'))
})
