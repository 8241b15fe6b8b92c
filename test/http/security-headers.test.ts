import { expect, test } from 'vitest'
import { newDirectChat } from '../council.ts'
import { useProgram } from '../program.ts'

const { user, anonymous } = await useProgram()
const ada = await user('ada')

test('every answer forbids sniffing, framing and foreign content, and does not say what serves it', async () => {
  const { turns } = await newDirectChat(ada, { key: 'headers' })
  const stream = await ada.stream(`${turns}/stream`, { message: 'Hello.' })
  await stream.all()
  const answers = {
    stream,
    list: await ada.get('/rooms'),
    refusal: await ada.post('/rooms', {}),
    'no token': await anonymous.get('/rooms'),
    'no route': await anonymous.get('/nothing'),
    health: await anonymous.get('/health'),
    'health at the root': await anonymous.get('//health'),
    document: await anonymous.get('/openapi.json'),
    page: await anonymous.get('//api/docs/'),
  }
  for (const [name, { headers }] of Object.entries(answers)) {
    expect(headers.get('x-content-type-options'), name).toBe('nosniff')
    expect(headers.get('referrer-policy'), name).toBe('no-referrer')
    expect(headers.has('x-powered-by'), name).toBe(false)
    expect(headers.has('server'), name).toBe(false)
    const policy = headers.get('content-security-policy') ?? ''
    for (const directive of ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"])
      expect(policy.split(';'), name).toContain(directive)
    expect(policy, name).not.toMatch(/unsafe|\*|https?:/)
  }
})
