import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { noSuchRoute } from './errors.ts'

/** Where `npm run build` puts the page. */
const BUILT_PAGE = fileURLToPath(new URL('../../web/dist', import.meta.url))
const ENTRY = 'index.html'

/** The page's own addresses (web/router.tsx). Any other unknown one stays 404: people are told so by the page, programs by a problem. */
const PAGE_ROUTES = [
  '/',
  '/sign-in',
  '/rooms/:room_id',
  '/agents',
  '/agents/new',
  '/agents/:agent_id',
  '/agents/:agent_id/chat',
  '/search',
  '/deleted',
  '/account',
  '/billing',
]
const ADMIN_ROUTES = ['/admin', '/admin/users', '/admin/models', '/admin/settings', '/admin/audit-log', '/admin/jobs']

const YEAR_SECONDS = 365 * 24 * 60 * 60
const NOT_BUILT = 'The page is not built. Run: npm run build. The API is at /api/docs.\n'

/** The web page. Register last: it names files and addresses one by one and takes no others. */
export async function pageRoutes(app: FastifyInstance, directory = BUILT_PAGE): Promise<void> {
  const isBuilt = existsSync(path.join(directory, ENTRY))
  if (isBuilt)
    await app.register(fastifyStatic, {
      root: directory,
      wildcard: false,
      index: false,
      cacheControl: false,
      preCompressed: true,
      setHeaders: (response, file) => response.header('cache-control', cachingOf(file)),
      schemaHide: true,
    })
  const answer = (_request: FastifyRequest, reply: FastifyReply) =>
    isBuilt ? reply.sendFile(ENTRY) : reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT)
  for (const url of [...PAGE_ROUTES, ...ADMIN_ROUTES]) app.get(url, { schema: { hide: true } }, answer)
  app.get('/*', { schema: { hide: true } }, (request, reply) => {
    if (!isBuilt || !isPersonLost(request)) throw noSuchRoute(request)
    return answer(request, reply.code(404))
  })
}

/** Somebody who typed an address or followed a link, not a program and not a part of the page. */
const isPersonLost = ({ url, headers }: FastifyRequest) => !url.startsWith('/api') && /\btext\/html\b/.test(headers.accept ?? '')

/** What bears the digest of its content in its name never changes. */
const cachingOf = (file: string) =>
  file.includes(`${path.sep}assets${path.sep}`) ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache'
