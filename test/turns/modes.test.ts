import { expect, test } from 'vitest'
import { newCouncil } from '../council.ts'
import { joinedText } from '../event-reader.ts'
import type { ModelScript, RecordedRequest } from '../model-endpoint.ts'
import { useProgram } from '../program.ts'

const { user, endpoint } = await useProgram()

const S1 = { key: 's1', name: 'S1' }
const S2 = { key: 's2', name: 'S2' }
const S3 = { key: 's3', name: 'S3' }

/** Answers by who is asked: agents by key, the manager by purpose and, where it matters, by round. */
function scripted(scripts: Record<string, ModelScript | ModelScript[]>) {
  const asked: Record<string, number> = {}
  const seen: RecordedRequest[] = []
  endpoint.reply(request => {
    seen.push(request)
    const who = request.purpose === 'agent' ? request.agentKey! : request.purpose!
    const script = scripts[who] ?? {}
    asked[who] = (asked[who] ?? 0) + 1
    return Array.isArray(script) ? (script[asked[who] - 1] ?? script.at(-1)!) : script
  })
  return seen
}

const json = (value: unknown): ModelScript => ({ chunks: [JSON.stringify(value)] })
const says = (...chunks: string[]): ModelScript => ({ chunks })
const failing: ModelScript = { status: 400 }
const whoWasAsked = (requests: RecordedRequest[]) => requests.map(({ purpose, agentKey }) => (purpose === 'agent' ? agentKey : purpose))
const sentTo = (requests: RecordedRequest[], key: string) =>
  JSON.stringify(requests.filter(request => request.agentKey === key).map(request => request.body.messages))

test('manual mode asks the tagged agents in the order of first mention, each unaware of the others', async () => {
  const ada = await user('manual')
  const { turns } = await newCouncil(ada, 'manual', [S1, S2, S3])
  const seen = scripted({ s3: says('from three'), s1: says('from one') })
  const stream = await ada.stream(`${turns}/stream`, { message: 'Ask @s3, then (@S1), @s3 again; mail x@s2.com' })
  const events = await stream.all()
  const turn = (await ada.get(`${turns}/${events.at(-1)!.data.turn_id}`)).body
  expect(whoWasAsked(seen)).toEqual(['s3', 's1'])
  expect(turn).toMatchObject({
    status: 'completed',
    mode: 'manual',
    model_alias_used: 'multi-agent',
    assistant_output: 'S3: from three\n\nS1: from one',
  })
  expect(joinedText(events)).toBe(turn.assistant_output)
  expect(sentTo(seen, 's1')).not.toContain('from three')
  const messages = (await ada.get(`${turns.replace('/turns', '/messages')}`)).body.messages
  expect(messages.map((message: { agent_key: string | null; content: string }) => [message.agent_key, message.content])).toEqual([
    [null, 'Ask @s3, then (@S1), @s3 again; mail x@s2.com'],
    ['s3', 'from three'],
    ['s1', 'from one'],
  ])
})

test('a manual turn of one agent is its text alone, and without a valid tag it is refused', async () => {
  const ada = await user('manual-one')
  const { turns } = await newCouncil(ada, 'manual', [S1, S2])
  scripted({ s2: says('alone') })
  expect((await ada.post(turns, { message: '@s2 please, and @nobody' })).body).toMatchObject({
    assistant_output: 'alone',
    model_alias_used: 'deepseek',
  })
  const before = endpoint.requests.length
  expect(await ada.post(turns, { message: 'nobody in particular, x@s2.com' })).toMatchObject({
    status: 422,
    body: { code: 'no_valid_tagged_agents' },
  })
  expect(endpoint.requests).toHaveLength(before)
})

test('a roundtable speaks in position order, tagged agents first, and each hears those before it', async () => {
  const ada = await user('roundtable')
  const { turns } = await newCouncil(ada, 'roundtable', [S1, S2, S3])
  const seen = scripted({ s1: says('one'), s2: says('two'), s3: says('three') })
  const turn = (await ada.post(turns, { message: 'What do you think, @s3?' })).body
  expect(whoWasAsked(seen)).toEqual(['s3', 's1', 's2'])
  expect(turn).toMatchObject({ status: 'completed', model_alias_used: 'roundtable', assistant_output: 'S3: three\n\nS1: one\n\nS2: two' })
  expect(sentTo(seen, 's1')).toContain('[S3]: three')
  expect(sentTo(seen, 's2')).toContain('[S1]: one')
})

test('an agent that fails leaves a line, the next one is told, and the turn is partial', async () => {
  const ada = await user('partial')
  const { turns } = await newCouncil(ada, 'roundtable', [S1, S2])
  const seen = scripted({ s1: { chunks: ['half an ', 'answer'], cutAfter: 1 }, s2: says('whole') })
  const stream = await ada.stream(`${turns}/stream`, { message: 'Go.' })
  const events = await stream.all()
  const turn = (await ada.get(`${turns}/${events.at(-1)!.data.turn_id}`)).body
  expect(turn.status).toBe('partial')
  expect(turn.assistant_output).toBe('S1: half an \n[[agent_error]] agent=S1 code=provider_error\n\nS2: whole')
  expect(joinedText(events)).toBe(turn.assistant_output)
  expect(sentTo(seen, 's2')).toContain('failed before it was finished')
  // The failed call costs nothing and is recorded.
  expect(turn.calls.map((call: { status: string; credits_burned: string }) => [call.status, call.credits_burned === '0'])).toEqual([
    ['error', true],
    ['success', false],
  ])
})

test('a turn whose agents all fail is stored as failed and answered 502 with its id', async () => {
  const ada = await user('failed')
  const { turns } = await newCouncil(ada, 'roundtable', [S1, S2])
  scripted({ s1: failing, s2: failing })
  const answer = await ada.post(turns, { message: 'Go.' })
  expect(answer).toMatchObject({ status: 502, body: { code: 'provider_error' } })
  const turn = (await ada.get(`${turns}/${answer.body.turn_id}`)).body
  expect(turn).toMatchObject({ status: 'failed', credits_burned: '0' })
  expect(turn.assistant_output).toContain('[[agent_error]] agent=S1 code=provider_error')
  expect((await ada.get('/users/me/wallet')).body.balance).toBe('100')
})

test('an orchestrated turn routes, runs its rounds, evaluates and synthesises, and its output is literally that of the specification', async () => {
  const ada = await user('orchestrated')
  const { turns } = await newCouncil(ada, 'orchestrator', [S1, S2, S3], 'Decide well.')
  const seen = scripted({
    manager_routing: [
      json({
        assignments: [
          { agent_key: 's1', instruction: 'Look at cost.' },
          { agent_key: 'S3', instruction: 'Look at risk.' },
        ],
      }),
      json({ selected_agent_keys: ['s2'] }),
    ],
    manager_evaluation: [json({ continue: true }), json({ continue: false })],
    manager_synthesis: says('all ', 'in all'),
    s1: says('one'),
    s2: says('three'),
    s3: says('two'),
  })
  const stream = await ada.stream(`${turns}/stream`, { message: 'Shall we?' })
  const events = await stream.all()
  const turn = (await ada.get(`${turns}/${events.at(-1)!.data.turn_id}`)).body
  expect(turn.assistant_output).toBe('S1: one\n\nS3: two\n\n[Round 2]\nS2: three\n\n---\n\nManager synthesis:\nall in all')
  expect(joinedText(events)).toBe(turn.assistant_output)
  expect(events.map(({ data }) => data.type).filter(type => type !== 'chunk')).toEqual([
    'round_start',
    'round_end',
    'round_start',
    'round_end',
    'done',
  ])
  expect(turn).toMatchObject({ status: 'completed', mode: 'orchestrator', model_alias_used: 'multi-agent' })
  expect(turn.routing).toMatchObject([
    {
      round: 1,
      assignments: [
        { agent_key: 's1', instruction: 'Look at cost.' },
        { agent_key: 's3', instruction: 'Look at risk.' },
      ],
      left_out: ['s2'],
      decision: 'continue',
    },
    { round: 2, assignments: [{ agent_key: 's2', instruction: '' }], left_out: ['s1', 's3'], decision: 'synthesize' },
  ])
  expect(sentTo(seen, 's1')).toContain('Look at cost.')
  expect(sentTo(seen, 's1')).not.toContain('two')
  expect(sentTo(seen, 's2')).toContain('[S3]: two')
  // Routing and evaluation are the house's: recorded with their purpose, not charged.
  const charged = turn.calls
    .filter((call: { credits_burned: string }) => call.credits_burned !== '0')
    .map((call: { purpose: string }) => call.purpose)
  expect(charged.sort()).toEqual(['agent', 'agent', 'agent', 'manager_synthesis'])
  expect(turn.calls).toHaveLength(8)
  const transactions = (await ada.get('/users/me/transactions')).body.transactions
  expect(transactions.filter((row: { kind: string }) => row.kind === 'debit')).toHaveLength(4)
})

test('three specialists of 400 ms each are heard at the same time', async () => {
  const ada = await user('parallel')
  const { turns } = await newCouncil(ada, 'orchestrator', [S1, S2, S3])
  const slow: ModelScript = { chunks: ['slow'], firstTokenMs: 400 }
  scripted({
    manager_routing: json({ selected_agent_keys: ['s1', 's2', 's3'] }),
    manager_evaluation: json({ continue: false }),
    s1: slow,
    s2: slow,
    s3: slow,
  })
  const stream = await ada.stream(`${turns}/stream`, { message: 'Together.', events: 'detailed' })
  const events = await stream.all()
  const at = (type: string) => events.find(({ data }) => data.type === type)!.at
  expect(at('round_end') - at('round_start')).toBeLessThan(1000)
})

test('a round in which all fail ends the loop, and there is no synthesis', async () => {
  const ada = await user('all-fail')
  const { turns } = await newCouncil(ada, 'orchestrator', [S1, S2])
  const seen = scripted({ manager_routing: json({ selected_agent_keys: ['s1', 's2'] }), s1: failing, s2: failing })
  const answer = await ada.post(turns, { message: 'Go.' })
  expect(answer.status).toBe(502)
  expect(whoWasAsked(seen).toSorted()).toEqual(['manager_routing', 's1', 's2'])
})

test('a failed synthesis makes the turn partial and says so in the output', async () => {
  const ada = await user('no-synthesis')
  const { turns } = await newCouncil(ada, 'orchestrator', [S1])
  scripted({
    manager_routing: json({ agent_key: 's1' }),
    manager_evaluation: json({ continue: false }),
    s1: says('one'),
    manager_synthesis: failing,
  })
  const turn = (await ada.post(turns, { message: 'Go.' })).body
  expect(turn.status).toBe('partial')
  expect(turn.assistant_output).toBe('S1: one\n\n---\n\nManager synthesis:\n[[agent_error]] agent=Manager code=provider_error')
})

test.each([
  ['prose', 'I would ask nobody in particular.', ['s1']],
  ['fenced JSON', 'Sure:\n```json\n{"assignments":[{"agent_key":"s2","instruction":"x"}]}\n```', ['s2']],
  ['broken JSON', '{"assignments":[{"agent_key":"s2"', ['s1']],
  ['unknown keys', '{"selected_agent_keys":["nobody","s3","s3"]}', ['s3']],
  ['nothing', '', ['s1']],
])('a routing answer that is %s leads to the specified choice', async (name, text, expected) => {
  const ada = await user(`routing-${name.replaceAll(' ', '-')}`)
  const { turns } = await newCouncil(ada, 'orchestrator', [S1, S2, S3])
  const seen = scripted({
    manager_routing: { chunks: [text] },
    manager_evaluation: says('nothing readable'),
    s1: says('a'),
    s2: says('b'),
    s3: says('c'),
  })
  await ada.post(turns, { message: 'Go.' })
  expect(whoWasAsked(seen)).toEqual(['manager_routing', ...expected, 'manager_evaluation', 'manager_synthesis'])
})

test('"all agents" are asked without asking the manager, and both caps hold', async () => {
  const ada = await user('caps')
  const five = [1, 2, 3, 4, 5].map(number => ({ key: `m${number}`, name: `M${number}` }))
  const { turns } = await newCouncil(ada, 'orchestrator', five)
  const seen = scripted({
    manager_routing: json({ selected_agent_keys: five.map(agent => agent.key) }),
    manager_evaluation: json({ continue: true }),
  })
  await ada.post(turns, { message: 'I want to hear all agents.' })
  const asked = whoWasAsked(seen)
  expect(asked.slice(0, 5).toSorted()).toEqual(five.map(agent => agent.key))
  // Five, then three a round: three rounds end it, and the evaluation is not asked after the last.
  expect(asked.filter(who => who?.startsWith('m') && who.length === 2)).toHaveLength(11)
  expect(asked.filter(who => who === 'manager_evaluation')).toHaveLength(2)
})

test('a room without agents refuses roundtable and orchestrator before any call', async () => {
  const ada = await user('empty-room')
  for (const mode of ['roundtable', 'orchestrator']) {
    const { turns } = await newCouncil(ada, mode, [])
    expect(await ada.post(turns, { message: 'Hello?' })).toMatchObject({ status: 422, body: { code: 'no_room_agents' } })
  }
})

test('a mode that is chosen while a turn runs waits for the next send', async () => {
  const ada = await user('pending')
  const { turns, roomId } = await newCouncil(ada, 'roundtable', [S1])
  scripted({ s1: { chunks: ['slow', 'ly'], betweenMs: 300 } })
  const running = ada.post(turns, { message: 'Go.' })
  await expect.poll(async () => (await ada.get(turns.replace('/turns', ''))).body.running_turn_id).not.toBeNull()
  expect((await ada.send('PATCH', `/rooms/${roomId}/mode`, { mode: 'manual' })).body).toMatchObject({
    current_mode: 'roundtable',
    pending_mode: 'manual',
  })
  expect((await running).body.mode).toBe('roundtable')
  expect((await ada.post(turns, { message: '@s1 again' })).body.mode).toBe('manual')
  expect((await ada.get(`/rooms/${roomId}`)).body).toMatchObject({ current_mode: 'manual', pending_mode: null })
})

test('an agent that begins to speak for another is ended there', async () => {
  const ada = await user('own-voice')
  const { turns } = await newCouncil(ada, 'roundtable', [S1, S2])
  scripted({ s1: says('My view. S2: is mentioned.', '\nS', '2: I am not S1', ' and more'), s2: says('mine') })
  const turn = (await ada.post(turns, { message: 'Go.' })).body
  expect(turn.assistant_output).toBe('S1: My view. S2: is mentioned.\n\nS2: mine')
  expect(turn.status).toBe('completed')
})
