import { HealthRead } from '../../../contract/health.ts'
import { documentDrift } from '../../domain/contract-drift.ts'
import { createOutbound, type Outbound } from '../../outbound/outbound.ts'
import { knownMigrations, migrationHead } from '../../store/migrate.ts'
import { examined, type Finding } from './finding.ts'

const ANSWER_MS = 10_000
/** In characters. */
const BODY_MAXIMUM = 16 * 1024 * 1024

interface Checkout {
  version: string
  document: unknown
}

/** How the server at `url` differs from this checkout: version, migration head, every route and field of the contract. */
export async function examineDeployed(url: string, { version, document }: Checkout): Promise<Finding[]> {
  const base = url.replace(/\/+$/, '')
  // Whoever asks has named it.
  const outbound = createOutbound({
    trustedOrigins: URL.canParse(base) ? [new URL(base).origin] : [],
    allowPrivate: false,
    connectMs: ANSWER_MS,
  })
  const health = examined('deployed', async () => {
    const there = HealthRead.parse(await fetched(outbound, `${base}/health`))
    const drift = [...versionDrift(version, there.version), ...headDrift(there.migration_head)]
    if (drift.length > 0) return { state: 'failed', words: drift.join('\n') }
    return { state: 'ok', words: `version ${version}, migration ${there.migration_head}, as here` }
  })
  const contract = examined('contract', async () => {
    const drift = documentDrift(document, await fetched(outbound, `${base}/api/v1/openapi.json`))
    if (drift.length > 0) return { state: 'failed', words: drift.join('\n') }
    return { state: 'ok', words: 'every route and every field is as here' }
  })
  return await Promise.all([health, contract]).finally(() => outbound.close())
}

const versionDrift = (here: string, there: string): string[] => (here === there ? [] : [`version is ${here} here, ${there} there`])

function headDrift(there: string): string[] {
  const here = migrationHead()
  if (there === here) return []
  const lacking = knownMigrations().filter(name => name > there)
  const told = lacking.length > 0 ? `it lacks ${lacking.join(', ')}` : 'this checkout does not know it'
  return [`migration is ${here} here, ${there} there: ${told}`]
}

async function fetched(outbound: Outbound, address: string): Promise<unknown> {
  const signal = AbortSignal.timeout(ANSWER_MS)
  const { statusCode, body } = await outbound.request(address, { method: 'GET', signal })
  let text = ''
  for await (const part of body.setEncoding('utf8')) {
    text += part
    if (text.length > BODY_MAXIMUM) throw new Error(`${address} answers too much`)
  }
  if (statusCode !== 200) throw new Error(`${address} answers ${statusCode}`)
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`${address} answers no JSON: is it a Pantheon?`)
  }
}
