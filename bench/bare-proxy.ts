import { startChild } from './child.ts'
import { eventsOf } from './load.ts'
import { cpuSecondsOf } from './meter.ts'
import type { Target } from './target.ts'

export const QUESTION = 'Should we build it ourselves or buy it? Say what speaks for each, and what you would do.'

interface ModelChunk {
  choices: { delta?: { content?: string } }[]
}

/** The question as a client that talks to a model itself would send it; of about the length that the product's own prompt has. */
export const modelRequest = (): string =>
  JSON.stringify({
    model: 'bench-model',
    stream: true,
    stream_options: { include_usage: true },
    messages: [
      { role: 'system', content: 'You weigh both sides of a question and say plainly what you think. '.repeat(4) },
      { role: 'user', content: QUESTION },
    ],
  })

export const textOfModelChunks = (body: string): string =>
  eventsOf<ModelChunk>(body)
    .map(({ choices }) => choices[0]?.delta?.content ?? '')
    .join('')

export async function startBareProxy(endpointUrl: string): Promise<Target & { end(): Promise<void> }> {
  const child = await startChild(new URL('processes/proxy.ts', import.meta.url), [endpointUrl])
  const body = modelRequest()
  return {
    isOurs: false,
    name: 'bare proxy',
    firstText: '"content":" ',
    prepare: async () => {},
    request: () => ({ url: `${child.url}/v1/chat/completions`, headers: {}, body }),
    textOf: textOfModelChunks,
    cpu: () => ({ own: cpuSecondsOf(child.pid), others: 0 }),
    end: child.end,
  }
}
