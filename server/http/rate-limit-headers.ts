import type { FastifyReply } from 'fastify'
import type { WindowState } from '../live/rate-limiter.ts'

/** Source: draft-ietf-httpapi-ratelimit-headers-10. Lists of strings with parameters, as Structured Fields (RFC 9651) write them. */
export function sendRateLimits(reply: FastifyReply, limits: readonly WindowState[]): void {
  reply.header('ratelimit', limits.map(({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`).join(', '))
  reply.header('ratelimit-policy', limits.map(({ name, quota, windowSeconds }) => `"${name}";q=${quota};w=${windowSeconds}`).join(', '))
}
