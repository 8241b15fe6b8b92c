import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import Big from 'big.js'
import { afterAll, describe, expect, test } from 'vitest'
import { startPantheon } from './program/pantheon-process.ts'
import { discardAbandonedTrials, trialFolder } from './store/embedded-trial.ts'

await discardAbandonedTrials()

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const conversation = readme.split('## A first conversation')[1]!.split(/^## /m)[0]!
const fenced = (language: string) =>
  [...conversation.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block!).join('\n')

/** What the README's commands print, as written but for the port. */
async function printedLines(): Promise<string[]> {
  const program = startPantheon({ folder: trialFolder(afterAll), atEnd: afterAll })
  const { port } = new URL(await program.address())
  const { stdout } = await promisify(execFile)('bash', ['-c', fenced('bash').replaceAll('localhost:8000', `localhost:${port}`)])
  return stdout.split('\n')
}

const curlIsInstalled = spawnSync('curl', ['--version']).status === 0
if (!curlIsInstalled) console.warn('No curl is installed: the conversation of the README is left out.')
const lines = curlIsInstalled ? await printedLines() : []
const lineOf = (start: string) => lines.findIndex(line => line.startsWith(start))
const eventsOf = (part: string[]) => part.filter(line => line.startsWith('data: ')).map(line => JSON.parse(line.slice('data: '.length)))
const answerOf = (events: { delta?: string }[]) => events.map(({ delta = '' }) => delta).join('')

describe.skipIf(!curlIsInstalled)('the conversation of the README', () => {
  test('prints what the README says it does', () => {
    for (const line of fenced('text').trimEnd().split('\n')) {
      const pattern = new RegExp(`^${line.split('…').map(RegExp.escape).join('.*')}$`, 'm')
      const start = line.slice(0, line.indexOf('…'))
      expect(
        lines.find(each => each.startsWith(start)),
        'renew the figures of the README',
      ).toMatch(pattern)
    }
  })

  test('streams the answer, and bills exactly what it used', () => {
    const [usage] = JSON.parse(lines[lineOf('{"events"')]!).events
    const equivalent = new Big(usage.input_tokens).times('0.35').plus(usage.output_tokens)
    const credits = equivalent.div(10_000)
    const left = new Big(100).minus(credits).toFixed()
    const events = eventsOf(lines.slice(0, lineOf('{"events"')))
    expect(answerOf(events)).toContain('“Should we buy or build?”')
    expect(events.at(-1)).toMatchObject({ type: 'done', status: 'completed', balance_after: left })
    expect(JSON.parse(lines[lineOf('{"user_id"')]!).balance).toBe(left)
    const [reckoning] = /A credit is .*? credits\./s.exec(conversation) ?? []
    const { input_tokens: input, output_tokens: output } = usage
    expect(reckoning).toBe(
      `A credit is 10,000 output-equivalent tokens: ${input} × 0.35 + ${output} = ${equivalent} of them, ` +
        `at the price 1 of \`deepseek\`, are ${credits} credits.`,
    )
  })

  test('ends with a council', () => {
    const events = eventsOf(lines.slice(lineOf('{"user_id"')))
    expect(answerOf(events)).toMatch(/^Sage: .+\n\nCritic: .+\n\n---\n\nManager synthesis:\n.+/s)
    expect(events.at(-1)).toMatchObject({ type: 'done', status: 'completed' })
  })
})
