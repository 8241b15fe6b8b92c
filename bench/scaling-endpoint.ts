import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

// A model that has its answer ready: forty tokens in four writes. A process of its own, so that its work is not counted as ours.

const event = (members: string) =>
  `data: {"id":"gen-1","object":"chat.completion.chunk","created":1764000000,"model":"bench",${members}}\n\n`
const tokens = event('"choices":[{"index":0,"delta":{"content":"ten "},"finish_reason":null}]').repeat(10)
const end = `${event('"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]')}${event('"choices":[],"usage":{"prompt_tokens":200,"completion_tokens":40,"total_tokens":240}')}data: [DONE]\n\n`

const server = createServer((request, response) => {
  request.resume().on('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let part = 0; part < 4; part += 1) response.write(tokens)
    response.end(end)
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
