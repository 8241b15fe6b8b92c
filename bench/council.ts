import { request as httpRequest } from 'node:http'
import type { StreamRequest } from './load.ts'

// Real users of the product: signed up, with tokens that are verified, each with agents, a room of them and sessions.

export interface User {
  /** The agents' ids, in the order of `AGENTS`. */
  agents: string[]
  call<Answer>(method: string, path: string, body?: object): Promise<Answer>
  token(): string
}

export const AGENTS = ['sage', 'critic', 'scout']
const PASSWORD = 'correct horse battery staple'
/** As many as one address may sign up in a minute. */
const PER_ADDRESS = 8
/** A token is good for ten minutes. */
const TOKEN_MS = 5 * 60_000

export async function signUpUsers(url: string, count: number): Promise<User[]> {
  const users: User[] = []
  // One after another: the first is the owner, and the hashes of passwords are a load of their own.
  for (let number = 0; number < count; number += 1) users.push(await signUp(url, number))
  return users
}

async function signUp(url: string, number: number): Promise<User> {
  const localAddress = `127.0.0.${1 + Math.floor(number / PER_ADDRESS)}`
  const email = `bench-${number}-${process.pid}-${Date.now()}@example.org`
  const made = await send<{ token: string }>(url, 'POST', '/api/auth/sign-up/email', {
    localAddress,
    body: { email, password: PASSWORD, name: email },
  })
  let token = ''
  const renew = async () => {
    token = (await send<{ token: string }>(url, 'GET', '/api/auth/token', { localAddress, token: made.token })).token
  }
  await renew()
  setInterval(() => void renew().catch(() => {}), TOKEN_MS).unref()
  const call = <Answer>(method: string, path: string, body?: object) => send<Answer>(url, method, `/api/v1${path}`, { token, body })
  const agents: string[] = []
  for (const agent_key of AGENTS) {
    const role_prompt = 'You weigh both sides of a question and say plainly what you think.'
    agents.push((await call<{ id: string }>('POST', '/agents', { agent_key, name: agent_key, model_alias: 'deepseek', role_prompt })).id)
  }
  return { agents, call, token: () => token }
}

/** A room with all of the user's agents, and a session in it. */
export async function newRoomSession(user: User, mode: string): Promise<string> {
  const room = await user.call<{ id: string }>('POST', '/rooms', { name: 'Bench', current_mode: mode })
  for (const agent_id of user.agents) await user.call('POST', `/rooms/${room.id}/agents`, { agent_id })
  return (await user.call<{ id: string }>('POST', `/rooms/${room.id}/sessions`)).id
}

export const newDirectSession = async (user: User): Promise<string> =>
  (await user.call<{ id: string }>('POST', `/agents/${user.agents[0]}/sessions`)).id

export const turnRequest = (url: string, user: User, session: string, body: object): StreamRequest => ({
  url: `${url}/api/v1/sessions/${session}/turns/stream`,
  headers: { authorization: `Bearer ${user.token()}` },
  body: JSON.stringify(body),
})

interface Sending {
  localAddress?: string
  token?: string
  body?: object | undefined
}

function send<Answer>(url: string, method: string, path: string, { localAddress, token, body }: Sending): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) }
    const outgoing = httpRequest(`${url}${path}`, { method, headers, ...(localAddress && { localAddress }) }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', part => {
        text += part
      })
      response.once('end', () => {
        const failed = (response.statusCode ?? 500) > 299
        if (failed) reject(new Error(`${method} ${path} answered ${response.statusCode}: ${text.slice(0, 300)}`))
        else resolve(JSON.parse(text) as Answer)
      })
    })
    outgoing.once('error', reject)
    outgoing.end(body && JSON.stringify(body))
  })
}
