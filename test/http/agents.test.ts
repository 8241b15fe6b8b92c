import { describe, expect, test } from 'vitest'
import { newAgent, newCouncil } from '../council.ts'
import { useProgram } from '../program.ts'

const { user, database } = await useProgram()
const ada = await user('ada')

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const wish = (agent_key: string, more: object = {}) => ({ agent_key, name: 'Ada', model_alias: 'deepseek', ...more })
const keyOf = (index: number) => `many-${String(index).padStart(3, '0')}`

describe('an agent', () => {
  test('is made with what was given, trimmed, and with defaults for the rest', async () => {
    const made = await ada.post('/agents', wish('  Writer_1-x ', { name: '  Ada\tLovelace ', model_alias: ' llama ' }))
    expect(made.status).toBe(201)
    expect(made.body).toEqual({
      id: expect.stringMatching(UUID_7),
      owner_user_id: ada.userId,
      agent_key: 'Writer_1-x',
      name: 'Ada\tLovelace',
      model_alias: 'llama',
      role_prompt: '',
      tool_permissions: [],
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: made.body.created_at,
    })
    expect((await ada.get(`/agents/${made.body.id}`)).body).toEqual(made.body)
    const full = { role_prompt: 'You write.', tool_permissions: ['file_read', 'search'] }
    expect((await ada.post('/agents', wish('full', full))).body).toMatchObject(full)
  })

  test('is changed field by field', async () => {
    const id = await newAgent(ada, { key: 'changing', role: 'You change.', tools: ['search'] })
    const changes = [
      { name: 'Bea' },
      { agent_key: 'Changing' },
      { model_alias: 'qwen' },
      { role_prompt: '' },
      { tool_permissions: [] },
      { tool_permissions: ['file_read'], role_prompt: 'You read.' },
    ]
    let before = (await ada.get(`/agents/${id}`)).body
    for (const change of changes) {
      const { status, body } = await ada.send('PATCH', `/agents/${id}`, change)
      expect(status).toBe(200)
      expect(body).toEqual({ ...before, ...change, updated_at: body.updated_at })
      expect(body.updated_at > before.updated_at).toBe(true)
      before = body
    }
    expect((await ada.get(`/agents/${id}`)).body).toEqual(before)
  })
})

describe('a field', () => {
  const blank = 'must not be blank'
  const key = 'must be 1 to 64 of A-Z, a-z, 0-9, _ and -'
  const nul = 'must not contain NUL characters'
  const refused: [string, object, string, string | RegExp][] = [
    ['agent_key that is missing', { agent_key: undefined }, 'agent_key', /string/],
    ['agent_key that is blank', { agent_key: '   ' }, 'agent_key', key],
    ['agent_key of 65 characters', { agent_key: 'k'.repeat(65) }, 'agent_key', key],
    ['agent_key with a space', { agent_key: 'two words' }, 'agent_key', key],
    ['agent_key with an umlaut', { agent_key: 'zoë' }, 'agent_key', key],
    ['agent_key with a dot', { agent_key: 'a.b' }, 'agent_key', key],
    ['agent_key that ends in another line', { agent_key: 'a\nb' }, 'agent_key', key],
    ['agent_key that is a number', { agent_key: 5 }, 'agent_key', /string/],
    ['agent_key that is null', { agent_key: null }, 'agent_key', /string/],
    ['name that is missing', { name: undefined }, 'name', /string/],
    ['name that is blank', { name: ' \n\t\u00a0' }, 'name', blank],
    ['name of 121 characters', { name: 'n'.repeat(121) }, 'name', 'must have at most 120 characters'],
    ['name with a NUL', { name: 'A\0da' }, 'name', nul],
    ['name that is a list', { name: ['Ada'] }, 'name', /string/],
    ['model_alias that is missing', { model_alias: undefined }, 'model_alias', /string/],
    [
      'model_alias that nobody knows',
      { model_alias: 'gpt_99' },
      'model_alias',
      '"gpt_99" is not a model alias; GET /api/v1/models lists them',
    ],
    ['model_alias in another case', { model_alias: 'DeepSeek' }, 'model_alias', /is not a model alias/],
    ['model_alias of a property of every object', { model_alias: 'constructor' }, 'model_alias', /is not a model alias/],
    ['model_alias with a NUL', { model_alias: 'deep\0seek' }, 'model_alias', 'must be a model alias'],
    ['role_prompt with a NUL', { role_prompt: '\0' }, 'role_prompt', nul],
    ['role_prompt that is null', { role_prompt: null }, 'role_prompt', /string/],
    ['role_prompt of 100,001 characters', { role_prompt: 'r'.repeat(100_001) }, 'role_prompt', 'must have at most 100000 characters'],
    ['tool that nobody knows', { tool_permissions: ['search', 'rm'] }, 'tool_permissions.1', /search/],
    ['tool that is named twice', { tool_permissions: ['search', 'search'] }, 'tool_permissions', 'names a tool twice'],
    ['tool_permissions that is text', { tool_permissions: 'search' }, 'tool_permissions', /array/],
    ['unknown field', { colour: 'red' }, 'colour', 'is not a known field'],
    ['id that is given', { id: '0198aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa' }, 'id', 'is not a known field'],
    ['owner that is given', { owner_user_id: 'somebody' }, 'owner_user_id', 'is not a known field'],
    ['deletion that is given', { deleted_at: null }, 'deleted_at', 'is not a known field'],
  ]

  test.each(refused)('%s is refused by its path', async (_, fields, path, message) => {
    const answer = await ada.post('/agents', { ...wish('refused'), ...fields })
    expect(answer.status).toBe(422)
    expect(answer.body.code).toBe('validation_error')
    expect(answer.body.errors).toEqual([{ path, message: expect.stringMatching(message instanceof RegExp ? message : literally(message)) }])
    expect(answer.body.detail).toBe(`${path}: ${answer.body.errors[0].message}`)
    expect((await ada.get('/agents?limit=200')).body.agents.map((agent: { agent_key: string }) => agent.agent_key)).not.toContain('refused')
  })

  test.each(refused.filter(([, fields]) => Object.values(fields)[0] !== undefined))(
    '%s is refused in a change as well',
    async (_, fields, path) => {
      const { body } = await ada.get('/agents?limit=1')
      const answer = await ada.send('PATCH', `/agents/${body.agents[0].id}`, fields)
      expect(answer.body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path }] })
      expect((await ada.get('/agents?limit=1')).body).toEqual(body)
    },
  )

  test('is counted in characters, not in halves of them', async () => {
    const made = await ada.post('/agents', wish('k'.repeat(64), { name: '🦉'.repeat(120), role_prompt: ` ${'r'.repeat(100_000)} ` }))
    expect(made.status).toBe(201)
    expect(made.body.name).toBe('🦉'.repeat(120))
    expect(made.body.role_prompt).toHaveLength(100_000)
    const long = await ada.post('/agents', wish('owls', { name: '🦉'.repeat(121) }))
    expect(long.body.errors).toEqual([{ path: 'name', message: 'must have at most 120 characters' }])
  })

  test('that is wrong does not hide another one', async () => {
    const answer = await ada.post('/agents', { agent_key: '', name: '', colour: 'red', taste: 'sour' })
    expect(answer.body.errors.map(({ path }: { path: string }) => path).toSorted()).toEqual([
      'agent_key',
      'colour',
      'model_alias',
      'name',
      'taste',
    ])
  })
})

const literally = (text: string) => new RegExp(`^${RegExp.escape(text)}$`)

describe('an agent key', () => {
  test('is taken once, in whichever case it is written', async () => {
    const bea = await user('bea')
    const id = await newAgent(bea, { key: 'Critic' })
    for (const taken of ['Critic', 'critic', 'CRITIC']) {
      const answer = await bea.post('/agents', wish(taken))
      expect(answer.body).toMatchObject({
        status: 409,
        code: 'conflict',
        title: 'Conflict',
        detail: `You already have an agent with the key "${taken}".`,
      })
    }
    const other = await newAgent(bea, { key: 'writer' })
    expect((await bea.send('PATCH', `/agents/${other}`, { agent_key: 'cRITIC' })).body.code).toBe('conflict')
    expect((await bea.send('PATCH', `/agents/${id}`, { agent_key: 'cRITIC' })).body.agent_key).toBe('cRITIC')
    expect((await bea.get('/agents')).body.total).toBe(2)
    expect((await (await user('another-owner')).post('/agents', wish('critic'))).status).toBe(201)
  })

  test('is free at once when its agent is deleted; coming back to a taken one is a conflict', async () => {
    const cleo = await user('cleo')
    const first = await newAgent(cleo, { key: 'again' })
    expect((await cleo.send('DELETE', `/agents/${first}`)).status).toBe(204)
    const second = await newAgent(cleo, { key: 'Again' })
    const taken = await cleo.post(`/agents/${first}/restore`)
    expect(taken.body).toMatchObject({ status: 409, code: 'conflict', detail: 'You already have an agent with the key "again".' })
    expect((await cleo.get(`/agents/${first}`)).status).toBe(404)
    await cleo.send('DELETE', `/agents/${second}`)
    expect((await cleo.post(`/agents/${first}/restore`)).body).toMatchObject({ id: first, agent_key: 'again' })
    expect((await cleo.get('/agents')).body.agents.map((agent: { id: string }) => agent.id)).toEqual([first])
  })

  test('that twenty requests want at once goes to one of them', async () => {
    const dora = await user('dora')
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => dora.post('/agents', wish(index % 2 ? 'race' : 'RACE'))))
    expect(answers.map(answer => answer.status).toSorted()).toEqual([201, ...Array(19).fill(409)])
  })
})

describe('a deleted agent', () => {
  test('is gone everywhere with its sessions, keeps its rows, and comes back with them within seven days', async () => {
    const { agentId, sessionId, turns } = await directChat('phoenix')
    const before = (await ada.get(`/agents/${agentId}`)).body
    expect((await ada.send('DELETE', `/agents/${agentId}`)).status).toBe(204)
    for (const path of [`/agents/${agentId}`, `/agents/${agentId}/sessions`, `/sessions/${sessionId}`, turns])
      expect((await ada.get(path)).status).toBe(404)
    expect((await ada.send('DELETE', `/agents/${agentId}`)).body.detail).toBe('Agent not found.')
    const { rows } = await database.pool.query('select deleted_at, updated_at from agents where id = $1', [agentId])
    expect(rows[0].deleted_at).not.toBeNull()
    expect(rows[0].updated_at > before.updated_at).toBe(true)

    const back = await ada.post(`/agents/${agentId}/restore`)
    expect(back.status).toBe(200)
    expect(back.body).toEqual({ ...before, updated_at: back.body.updated_at })
    expect(back.body.updated_at > rows[0].updated_at).toBe(true)
    expect((await ada.get(turns)).body.total).toBe(1)
    expect((await ada.get(`/agents/${agentId}/sessions`)).body.map((session: { id: string }) => session.id)).toEqual([sessionId])
  })

  test('that is not deleted at all is restored to what it is', async () => {
    const id = await newAgent(ada, { key: 'never-gone' })
    const before = await ada.get(`/agents/${id}`)
    const restored = await ada.post(`/agents/${id}/restore`)
    expect(restored.status).toBe(200)
    expect(restored.body).toEqual(before.body)
    expect(restored.headers.get('etag')).toBe(before.headers.get('etag'))
  })

  test('is gone for good after seven days', async () => {
    const id = await newAgent(ada, { key: 'long-gone' })
    await ada.send('DELETE', `/agents/${id}`)
    await database.pool.query(`update agents set deleted_at = now() - interval '6 days 23 hours' where id = $1`, [id])
    expect((await ada.post(`/agents/${id}/restore`)).status).toBe(200)
    await ada.send('DELETE', `/agents/${id}`)
    await database.pool.query(`update agents set deleted_at = now() - interval '7 days 1 second' where id = $1`, [id])
    expect((await ada.post(`/agents/${id}/restore`)).body).toMatchObject({ status: 404, detail: 'Agent not found.' })
  })

  test('stays in past turns as it was', async () => {
    const { agentId, turns, turnId, room } = await inRoom('past')
    await ada.send('PATCH', `/agents/${agentId}`, { agent_key: 'future', name: 'Future' })
    await ada.send('DELETE', `/agents/${agentId}`)
    const { body } = await ada.get(`${turns}/${turnId}`)
    expect(body.calls).toMatchObject([{ agent_key: 'past' }])
    expect((await ada.get(`/sessions/${body.session_id}/messages`)).body.messages[1]).toMatchObject({
      agent_key: 'past',
      agent_name: 'past',
    })
    expect((await ada.get(`/rooms/${room}/agents`)).body).toEqual([])
  })
})

async function directChat(key: string) {
  const agentId = await newAgent(ada, { key })
  const session = await ada.post(`/agents/${agentId}/sessions`)
  const turns = `/sessions/${session.body.id}/turns`
  expect((await ada.post(turns, { message: 'Hello.' })).status).toBe(201)
  return { agentId, sessionId: session.body.id as string, turns }
}

async function inRoom(key: string) {
  const council = await newCouncil(ada, 'roundtable', [{ key }])
  const turn = await ada.post(council.turns, { message: 'Hello.' })
  return { agentId: council.agents[key]!, turns: council.turns, turnId: turn.body.id as string, room: council.roomId }
}

describe('the list of agents', () => {
  test('is newest first, in pages that fit together, even where all were made in the same moment', async () => {
    const eve = await user('eve')
    const made: string[] = []
    for (let index = 0; index < 7; index++) made.push(await newAgent(eve, { key: keyOf(index) }))
    const newestFirst = made.toReversed()
    expect(await pages(eve, 3)).toEqual([newestFirst.slice(0, 3), newestFirst.slice(3, 6), newestFirst.slice(6), []])
    await database.pool.query(`update agents set created_at = now() where owner_user_id = $1`, [eve.userId])
    // The order is the query's own, not that of an index that happens to be read.
    await database.pool.query('drop index agents_owner')
    expect((await pages(eve, 2)).flat()).toEqual(newestFirst)
    expect((await eve.get('/agents')).body).toMatchObject({ total: 7, agents: newestFirst.map(id => ({ id })) })
    expect((await eve.get('/agents?offset=100')).body).toEqual({ agents: [], total: 7 })
  })

  test('has 50 to a page, at most 200', async () => {
    const finn = await user('finn')
    await database.pool.query(
      `insert into agents (id, owner_user_id, agent_key, name, model_alias)
       select gen_random_uuid(), $1, 'k' || n, 'n', 'deepseek' from generate_series(1, 203) as n`,
      [finn.userId],
    )
    const sizes = await Promise.all(
      ['', '?limit=200', '?limit=1', '?offset=200'].map(async query => (await finn.get(`/agents${query}`)).body.agents.length),
    )
    expect(sizes).toEqual([50, 200, 1, 3])
  })

  test.each([
    'limit=0',
    'limit=201',
    'limit=-1',
    'limit=1.5',
    'limit=many',
    'limit=',
    'limit=1&limit=2',
    'offset=-1',
    'offset=x',
    'offset=1e10',
    'page=2',
  ])('refuses ?%s', async query => {
    const answer = await ada.get(`/agents?${query}`)
    expect(answer.body).toMatchObject({ status: 422, code: 'validation_error', errors: [{ path: query.split('=')[0] }] })
  })
})

async function pages(client: typeof ada, size: number): Promise<string[][]> {
  const found: string[][] = []
  do {
    const { body } = await client.get(`/agents?limit=${size}&offset=${found.flat().length}`)
    expect(body.total).toBe(7)
    found.push(body.agents.map((agent: { id: string }) => agent.id))
  } while (found.at(-1)!.length > 0)
  return found
}
