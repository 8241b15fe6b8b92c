import { describe, expect, onTestFinished, test } from 'vitest'
import { createTestDatabase } from '../database.ts'
import { discardAbandonedTrials, trialFolder } from '../store/embedded-trial.ts'
import { firstOwner, PASSWORD, postAccounts, runPantheon, signIn, signUp, startPantheon } from './pantheon-process.ts'

// Who can reach a server, and what that server then asks for.

await discardAbandonedTrials()

const AUTH_SECRET = 'p0TqQ2n3RkYhVq8m1cZ5bXw7uJf4sLd9aGe6oKiBtM='
const portOf = (address: string) => new URL(address).port

describe('a server on loopback with a port that the system chose', () => {
  test('lets browsers sign in under each of its own names, and no other page', async () => {
    const address = await startPantheon({ folder: trialFolder() }).address()
    await firstOwner(address)
    const statusFrom = async (origin: string) =>
      (
        await postAccounts(
          address,
          '/sign-in/email',
          { email: 'ada@example.org', password: PASSWORD },
          { origin, 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' },
        )
      ).status
    expect(await statusFrom(`http://localhost:${portOf(address)}`)).toBe(200)
    expect(await statusFrom(`http://127.0.0.1:${portOf(address)}`)).toBe(200)
    expect(await statusFrom('http://localhost:1')).toBe(403)
    expect(await statusFrom('https://elsewhere.example')).toBe(403)
  })
})

describe('a server that others can reach', () => {
  test('prints a code, and makes the first account only with it', async () => {
    const program = startPantheon({ folder: trialFolder(), environment: { HOST: '0.0.0.0' } })
    const port = portOf(await program.address())
    const address = `http://127.0.0.1:${port}`
    const said = program.said('accounts') ?? ''
    const [, code = ''] =
      /^local, sign-up invite; the first account becomes owner and needs the code (\S+)$/.exec(said) ?? expect.fail(said)
    expect(program.stdout()).toContain('sign-in from browsers on other machines (PUBLIC_URL)')
    expect(await (await fetch(`${address}/api/v1/auth/config`)).json()).toMatchObject({
      first_account_missing: true,
      first_account_code_required: true,
    })
    expect((await signUp(address, 'eve@example.org')).status).toBe(403)
    expect((await signUp(address, 'eve@example.org', { code: 'AAAAA-AAAAA' })).status).toBe(403)
    expect((await signUp(address, 'ada@example.org', { code })).status).toBe(200)
    expect((await (await signIn(address, 'ada@example.org')).get('/auth/me')).body.role).toBe('owner')
    expect((await signUp(address, 'eve@example.org', { code })).status).toBe(403)
  })
})

describe('on a PostgreSQL of ones own', () => {
  test('two servers are one service, and a command joins them', async () => {
    const folder = trialFolder()
    const database = await createTestDatabase()
    onTestFinished(database.drop)
    const environment = { DATABASE_URL: database.url, HOST: '127.0.0.1', AUTH_SECRET, NODE_ENV: 'production' }
    const servers = [1, 2].map(() => startPantheon({ folder, environment }))
    const [one = '', two = ''] = await Promise.all(servers.map(server => server.address()))
    expect(servers[0]!.said('database')).toBe('PostgreSQL by DATABASE_URL')
    expect(servers[0]!.said('data')).toBeUndefined()
    expect(servers[0]!.said('accounts')).toBe('local, sign-up invite; the first account becomes owner')
    const ada = await firstOwner(one)
    expect((await ada.post('/agents', { agent_key: 'sage', name: 'Sage', model_alias: 'deepseek' })).status).toBe(201)
    expect((await (await signIn(two, 'ada@example.org')).get('/agents')).body).toMatchObject({ total: 1 })
    const made = await runPantheon({ folder, environment }, ['user', 'create', '--email', 'bob@example.org'], `${PASSWORD}\n`)
    expect(made).toEqual({ code: 0, stdout: 'Made bob@example.org, role user.\n', stderr: '' })
    expect((await (await signIn(two, 'bob@example.org')).get('/users/me/wallet')).body.balance).toBe('0')
    expect((await runPantheon({ folder, environment }, ['migrate'])).stdout).toMatch(/^Nothing to do/)
    expect(await Promise.all(servers.map(server => server.end('SIGTERM')))).toEqual([0, 0])
  })

  test('a server listens for everybody and asks for a code, which is the same on every replica', async () => {
    const database = await createTestDatabase()
    onTestFinished(database.drop)
    const environment = { DATABASE_URL: database.url, AUTH_SECRET }
    const servers = [1, 2].map(() => startPantheon({ folder: trialFolder(), environment }))
    await Promise.all(servers.map(server => server.address()))
    const codes = servers.map(server => server.said('accounts')?.split('the code ')[1])
    expect(codes[0]).toMatch(/^\w{5}-\w{5}$/)
    expect(codes[1]).toBe(codes[0])
    await Promise.all(servers.map(server => server.end('SIGTERM')))
  })

  test.for([
    ['away', 'postgres://ada:passphrase@127.0.0.1:1/pantheon', 'ECONNREFUSED'],
    ['of no known host', 'postgres://ada:passphrase@host.invalid/pantheon', 'host.invalid'],
    ['not to be read', 'postgres://ada:pass#phrase@db:port/pantheon', 'Invalid URL'],
  ])('a database that is %s is told of by the name of its variable, with 1', async ([, url, reason]) => {
    const folder = trialFolder()
    const { code, stdout, stderr } = await runPantheon({ folder, environment: { DATABASE_URL: url!, AUTH_SECRET } }, [])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^DATABASE_URL: the database cannot be used: /)
    expect(stderr).toContain(reason)
    expect(stderr).not.toMatch(/pass|phrase/)
  })
})
