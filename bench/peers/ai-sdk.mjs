import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { streamText } from 'ai'
import fastify from 'fastify'

// The AI SDK's streamText behind Fastify: what one writes in an afternoon. It checks nothing, stores nothing and bills nothing.

const provider = createOpenAICompatible({ name: 'bench', baseURL: `${process.argv[2]}/v1`, includeUsage: true })
const app = fastify()
app.post('/v1/chat/completions', async (request, reply) => {
  const [system, ...messages] = request.body.messages
  const onError = ({ error }) => console.error(error)
  const result = streamText({ model: provider('bench-model'), instructions: system.content, messages, onError })
  reply.hijack()
  const response = reply.raw
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for await (const part of result.stream)
    if (part.type === 'text-delta') response.write(`data: ${JSON.stringify({ choices: [{ delta: { content: part.text } }] })}\n\n`)
  response.end('data: [DONE]\n\n')
})
const address = await app.listen({ host: '127.0.0.1', port: 0 })
process.send(Number(new URL(address).port))
process.once('disconnect', () => process.exit())
