import { startChild } from './child.ts'
import type { AnsweredCall, Script } from './script.ts'

export interface Endpoint {
  /** Without `/v1`. */
  url: string
  /** How every call is answered from now on. */
  play(script: Script): Promise<void>
  /** The calls answered since then. */
  calls(): Promise<AnsweredCall[]>
  end(): Promise<void>
}

export async function startEndpoint(): Promise<Endpoint> {
  const { url, end } = await startChild(new URL('processes/endpoint.ts', import.meta.url))
  return {
    url,
    async play(script) {
      await fetch(`${url}/script`, { method: 'PUT', body: JSON.stringify(script) })
    },
    calls: async () => (await (await fetch(`${url}/calls`)).json()) as AnsweredCall[],
    end,
  }
}
