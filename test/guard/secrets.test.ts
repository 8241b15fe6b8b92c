import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { newCouncil, newDirectChat } from '../council.ts'
import { useTestDatabase } from '../database.ts'
import { startModelEndpoint } from '../model-endpoint.ts'
import { type PantheonProcess, postAccounts, startPantheon } from '../program/pantheon-process.ts'
import { type Answer, createClient } from '../program.ts'
import { type OtlpReceiver, startOtlpReceiver } from '../telemetry/otlp-receiver.ts'
import { type SentryIngest, startSentryIngest } from '../telemetry/sentry-ingest.ts'

// Marked secrets go in wherever something goes in; none may come out where it does not belong.

/** Every secret holds a word of its own, so that one that is found names where it came from. */
const marks: Record<string, string> = {}
function secret(name: string, prefix = ''): string {
  const mark = `marked${name}${crypto.randomUUID().replaceAll('-', '')}`
  marks[name] = mark
  return prefix + mark
}
const found = (text: string, names = Object.keys(marks)) => names.filter(name => text.includes(marks[name]!))

const folder = mkdtempSync(path.join(tmpdir(), 'pantheon-secrets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const database = await useTestDatabase()
const BUNDLE = path.join(import.meta.dirname, '../../web/dist')

const password = secret('Password')
const wrongPassword = secret('WrongPassword')

/** The program as people run it, everything that can hold a secret set, saying as much as it can. */
async function start(database: string, modelUrl: string, collector: OtlpReceiver, ingest: SentryIngest): Promise<PantheonProcess> {
  const withPassword = modelUrl.replace('://', `://user:${secret('UrlPassword')}@`)
  const collectorWithPassword = collector.url.replace('://', `://user:${secret('CollectorPassword')}@`)
  const environment = {
    DATABASE_URL: database,
    LOG_LEVEL: 'debug',
    SIGNUP: 'open',
    HOST: '127.0.0.1',
    AUTH_SECRET: secret('AuthSecret'),
    OPENROUTER_BASE_URL: withPassword,
    OPENROUTER_API_KEY: secret('OpenRouterKey', 'sk-or-'),
    OPENAI_API_KEY: secret('OpenAiKey', 'sk-'),
    ANTHROPIC_API_KEY: secret('AnthropicKey'),
    GOOGLE_API_KEY: secret('GoogleKey'),
    // Nobody is there: the search fails, and says so.
    TAVILY_BASE_URL: 'http://127.0.0.1:9',
    TAVILY_API_KEY: secret('TavilyKey', 'tvly-'),
    STRIPE_API_BASE: 'http://127.0.0.1:9',
    STRIPE_SECRET_KEY: secret('StripeKey', 'sk_test_'),
    STRIPE_WEBHOOK_SECRET: secret('StripeWebhookSecret', 'whsec_'),
    SMTP_URL: `smtp://user:${secret('SmtpPassword')}@127.0.0.1:9`,
    SMTP_FROM: 'pantheon@example.org',
    METRICS_TOKEN: secret('MetricsToken'),
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collectorWithPassword}/${secret('CollectorPath')}`,
    OTEL_EXPORTER_OTLP_HEADERS: `x-api-key=${secret('CollectorKey')}`,
    SENTRY_DSN: ingest.dsn.replace('public', secret('SentryKey')),
    SENTRY_TRACES_SAMPLE_RATE: '1',
  }
  return startPantheon({ folder, environment }, 'serve')
}

test('of all secrets that go in, none is in the logs, the metrics, the traces, the reports of faults, the error answers or the page', {
  timeout: 300_000,
}, async () => {
  const endpoint = await startModelEndpoint()
  const [collector, ingest] = [await startOtlpReceiver(), await startSentryIngest()]
  onTestFinished(async () => void (await Promise.all([endpoint.close(), collector.close(), ingest.close()])))
  const program = await start(database.url, endpoint.url, collector, ingest)
  const address = await program.address()
  const refused: Answer[] = []
  const refuse = (answer: Answer, status: number) => {
    expect(answer.status, JSON.stringify(answer.body)).toBe(status)
    refused.push(answer)
  }

  const code = /\b[0-9A-Z]{5}-[0-9A-Z]{5}\b/.exec(program.stdout())?.[0] ?? ''
  const account = { email: 'ada@example.org', password, name: secret('Name') }
  const signUp = await postAccounts(address, '/sign-up/email', account, { 'x-signup-code': code })
  expect(signUp.status).toBe(200)
  const { token: sessionToken, user } = (await signUp.json()) as { token: string; user: { id: string } }
  marks.SessionToken = sessionToken
  for (const cookie of signUp.headers.getSetCookie()) marks[`Cookie ${cookie.split('=')[0]}`] = cookie.split(/[=;]/)[1]!
  const { token } = (await (await fetch(`${address}/api/auth/token`, { headers: { authorization: `Bearer ${sessionToken}` } })).json()) as {
    token: string
  }
  marks.Bearer = token
  for (const body of [
    { email: account.email, password: wrongPassword },
    { email: 'nobody@example.org', password: wrongPassword },
  ]) {
    const answer = await postAccounts(address, '/sign-in/email', body)
    refuse({ status: answer.status, headers: answer.headers, body: await answer.json() }, 401)
  }
  await postAccounts(address, '/sign-in/magic-link', { email: account.email })

  const ada = createClient(address, user.id, token)
  const key = await ada.post('/users/me/api-keys', { name: 'key', scopes: ['read', 'write'] })
  expect(key.status, JSON.stringify(key.body)).toBe(201)
  marks.ApiKey = key.body.key
  const byKey = createClient(address, user.id, key.body.key)
  expect((await byKey.get('/agents')).status).toBe(200)
  refuse(await createClient(address, '', `${token.slice(0, -4)}xxxx`).get('/agents'), 401)
  marks.ForgedBearer = `${token.slice(0, -4)}xxxx`
  refuse(await createClient(address, '', secret('WrongBearer')).get(`/agents?token=${secret('QueryToken')}`), 401)

  // A turn that goes well, one that the provider refuses with our own key in its words, one that breaks, one that searches in vain.
  const answerMark = secret('ProviderAnswer')
  endpoint.reply({ chunks: [answerMark] })
  const council = await newCouncil(ada, 'roundtable', [{ key: 'ada', role: secret('RolePrompt') }], secret('Goal'))
  expect((await ada.post(council.turns, { message: secret('Message') })).body.assistant_output).toContain(answerMark)
  const heard = endpoint.requests.at(-1)!
  expect(JSON.stringify(heard.headers)).toContain(marks.OpenRouterKey)
  for (const status of [400, 401, 429, 500]) {
    endpoint.reply({
      status,
      jsonBody: { error: { message: `${heard.headers.authorization} is wrong: ${JSON.stringify(heard.body.messages)}` } },
    })
    const failed = await ada.post(council.turns, { message: `Again, ${marks.Message}` })
    refuse(failed, 502)
  }
  const chat = await newDirectChat(ada, { key: 'seeker', tools: ['search', 'file_read'] })
  endpoint.reply({ toolCalls: [{ id: 'c', name: 'search', arguments: JSON.stringify({ query: secret('Query') }) }] })
  await ada.post(chat.turns, { message: 'Search.', events: 'detailed' })
  endpoint.reply({ chunks: ['Hm.'] })

  const content = secret('FileContent')
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  const fileOf = (name: string) => `--b\r\ncontent-disposition: form-data; name="file"; filename="${name}"\r\n\r\n${content}\r\n--b--\r\n`
  expect((await ada.post(`/rooms/${council.roomId}/files`, fileOf(`${secret('FileName')}.txt`), headers)).status).toBe(201)
  refuse(await ada.post(`/rooms/${council.roomId}/files`, fileOf('a.pdf'), headers), 422)
  refuse(await ada.post('/rooms', `{"name": "${secret('BrokenBody')}`), 400)
  refuse(await ada.post('/rooms', { name: 'x', goal: { deep: secret('WrongField') } }), 422)
  refuse(await ada.post('/users/me/wallet/top-up', { amount_usd: '10' }, { 'idempotency-key': secret('IdempotencyKey') }), 503)
  const event = await fetch(`${address}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'stripe-signature': `t=1,v1=${secret('Signature')}` },
    body: secret('Event'),
  })
  refuse({ status: event.status, headers: event.headers, body: await event.json() }, 400)

  // Faults of ours: one that names what it met, and one whose words quote it.
  const room = { name: secret('RoomName'), goal: marks.Goal }
  for (const [spoil, mend] of [
    ['alter table rooms rename column goal to aim', 'alter table rooms rename column aim to goal'],
    ['alter table rooms alter goal type integer using null', 'alter table rooms alter goal type text using null'],
  ] as const) {
    await database.pool.query(spoil)
    refuse(await ada.post(`/rooms?q=${marks.QueryToken}`, room), 500)
    await database.pool.query(mend)
  }

  const metrics = await fetch(`${address}/metrics`, { headers: { authorization: `Bearer ${marks.MetricsToken}` } })
  const metricsText = await metrics.text()
  const metricsRefused = await fetch(`${address}/metrics`, { headers: { authorization: `Bearer ${wrongPassword}` } })
  expect(metricsRefused.status).toBeGreaterThanOrEqual(400)

  // Whoever is asked for errors: what was sent by the very request may be repeated to its sender, and is not.
  for (const { body, headers: said } of refused)
    expect(found(JSON.stringify(body) + JSON.stringify([...said])), JSON.stringify(body)).toEqual([])
  expect(found(metricsText), metricsText.slice(0, 300)).toEqual([])
  expect(found(JSON.stringify(await (await fetch(`${address}/api/v1/auth/config`)).json()))).toEqual([])
  expect(found(JSON.stringify((await ada.get('/admin/settings')).body))).toEqual([])

  await program.end('SIGTERM')
  const logs = program.stdout() + program.stderr()
  // The logs are there, and worth a look.
  expect(logs.split('\n').filter(line => line.includes('"msg":"request"')).length).toBeGreaterThan(15)
  expect(
    found(logs).map(
      name =>
        `${name}: ${logs
          .split('\n')
          .find(line => line.includes(marks[name]!))
          ?.slice(0, 300)}`,
    ),
  ).toEqual([])
  expect(Object.keys(marks).length).toBeGreaterThan(30)

  // So are the traces and the reports, and they have come from this program.
  const spans = collector.spans.map(({ name }) => name.split(' ')[0])
  expect(spans).toEqual(expect.arrayContaining(['invoke_workflow', 'invoke_agent', 'chat', 'execute_tool']))
  expect(JSON.stringify(collector.headers)).toContain(marks.CollectorKey)
  expect(found(collector.bodies.join('\n'))).toEqual([])
  expect(ingest.events.length).toBeGreaterThanOrEqual(2)
  expect(ingest.spans.length).toBeGreaterThan(15)
  // The key of a DSN says whose reports these are, and is no secret to whoever takes them.
  expect(found(ingest.bodies.join('\n'))).toEqual(['SentryKey'])
})

test.runIf(existsSync(BUNDLE))('the page that is served holds no key, and nothing that looks like one', () => {
  const files = readdirSync(BUNDLE, { recursive: true, encoding: 'utf8' }).filter(name => /\.(js|css|html|map)$/.test(name))
  expect(files.length).toBeGreaterThan(3)
  for (const name of files) {
    const text = readFileSync(path.join(BUNDLE, name), 'utf8')
    expect(
      /\b(sk_(test|live)_\w{8,}|whsec_\w{8,}|sk-or-\w{8,}|tvly-\w{8,})|-----BEGIN [A-Z ]*PRIVATE KEY/.exec(text)?.[0],
      name,
    ).toBeUndefined()
    expect(text.includes(import.meta.dirname.split('/test/')[0]!), name).toBe(false)
  }
})
