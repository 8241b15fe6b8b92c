import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

// What Helm makes of the chart with its own values lies beside it, because no Helm can be counted on where the tests run.
//   node test/deploy/chart.ts /path/to/helm      after every change of the chart

const CHART = fileURLToPath(new URL('../../deploy/helm', import.meta.url))
const RENDERED = `${CHART}.rendered.yaml`

export interface RenderedChart {
  /** Of the chart that the file was made from. */
  digest: string
  text: string
}

export function chartDigest(): string {
  const hash = createHash('sha256')
  const files = readdirSync(CHART, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  for (const file of files.map(entry => path.join(entry.parentPath, entry.name)).sort()) {
    hash.update(path.relative(CHART, file)).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

export function readRenderedChart(): RenderedChart {
  const text = readFileSync(RENDERED, 'utf8')
  return { digest: /^# [^\n]* ([0-9a-f]{64})\n/.exec(text)?.[1] ?? '', text }
}

function render(helm: string): void {
  console.log(execFileSync(helm, ['lint', '--strict', CHART], { encoding: 'utf8' }))
  const rendered = execFileSync(helm, ['template', 'pantheon', CHART, '--kube-version', '1.34'], { encoding: 'utf8' })
  writeFileSync(RENDERED, `# Made by test/deploy/chart.ts from the chart with the digest ${chartDigest()}\n${rendered}`)
}

if (process.argv[1] === import.meta.filename) render(process.argv[2] ?? 'helm')
