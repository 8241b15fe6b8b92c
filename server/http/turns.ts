import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { TurnEvent } from '../../contract/events.ts'
import { eventViews, TurnCreate, TurnDetail, TurnPage, TurnRead, TurnRegenerate } from '../../contract/turns.ts'
import { pageQuery } from '../../contract/values.ts'
import { Refusal } from '../domain/refusal.ts'
import { cancelTurn } from '../usecases/cancel-turn.ts'
import { followTurn } from '../usecases/follow-turn.ts'
import { getTurn } from '../usecases/get-turn.ts'
import { listTurns } from '../usecases/list-turns.ts'
import type { TurnDependencies, TurnResult } from '../usecases/run-turn/drive.ts'
import { runTurn, type TurnRequest } from '../usecases/run-turn.ts'
import { callerOf, path, problems, typed } from './api.ts'
import { sendRateLimits } from './rate-limit-headers.ts'
import { markReplayed, RequestKeyHeaders, requestKeyOf } from './request-key.ts'
import { streamTurn } from './turn-stream.ts'

const admissionProblems = [
  'not_found',
  'turn_in_progress',
  'insufficient_credits',
  'monthly_cap_reached',
  'model_unavailable',
  'no_valid_tagged_agents',
  'no_room_agents',
  'context_budget_exceeded',
  'too_many_running_turns',
  'rate_limited',
  'idempotency_conflict',
] as const

const config = { keyNeeds: 'turns' } as const
const eventStream = { content: { 'text/event-stream': { schema: TurnEvent } } }

export function turnRoutes(scope: FastifyInstance, deps: TurnDependencies): void {
  const app = typed(scope)
  const tags = ['Turns']
  const session = path('session_id')
  const turn = path('session_id', 'turn_id')

  app.post(
    '/sessions/:session_id/turns',
    {
      config,
      schema: {
        summary: 'Run a turn and wait for its end',
        tags,
        params: session,
        headers: RequestKeyHeaders,
        body: TurnCreate,
        response: { 201: TurnRead, ...problems(...admissionProblems, 'provider_error', 'provider_timeout') },
      },
    },
    async (request, reply) => {
      const wanted = wantedAs(request, reply, 'turns', false)
      const started = await runTurn(deps, callerOf(request), request.params.session_id, request.body, wanted)
      reply.header('x-turn-id', started.turnId)
      markReplayed(reply, started.replayed)
      return reply.code(201).send(closedTurn(await started.result(), started.turnId))
    },
  )
  app.post(
    '/sessions/:session_id/turns/stream',
    {
      config,
      schema: {
        summary: 'Run a turn and read it as it is thought (Server-Sent Events)',
        tags,
        params: session,
        headers: RequestKeyHeaders,
        body: TurnCreate,
        response: { 200: eventStream, ...problems(...admissionProblems, 'streaming_tools_unsupported') },
      },
    },
    async (request, reply) => {
      const view = request.body.events
      const wanted = wantedAs(request, reply, 'turns/stream', view === 'basic')
      const started = await runTurn(deps, callerOf(request), request.params.session_id, request.body, wanted)
      markReplayed(reply, started.replayed)
      await streamTurn(request, reply, started.log, view, 0, deps.observer)
    },
  )
  app.post(
    '/sessions/:session_id/turns/:turn_id/regenerate',
    {
      config,
      schema: {
        summary: 'Run the last message again as a new turn; the old one stays, out of the context. Accept: text/event-stream streams it',
        tags,
        params: turn,
        headers: RequestKeyHeaders,
        body: TurnRegenerate,
        response: {
          201: TurnRead,
          200: eventStream,
          ...problems(...admissionProblems, 'conflict', 'streaming_tools_unsupported', 'provider_error', 'provider_timeout'),
        },
      },
    },
    async (request, reply) => {
      const streamed = /\btext\/event-stream\b/.test(request.headers.accept ?? '')
      const view = request.body.events
      const { session_id, turn_id } = request.params
      const wanted = wantedAs(request, reply, `turns/${turn_id}/regenerate${streamed ? '/stream' : ''}`, streamed && view === 'basic')
      const started = await runTurn(deps, callerOf(request), session_id, { ...request.body, regenerate: turn_id }, wanted)
      markReplayed(reply, started.replayed)
      if (streamed) return await streamTurn(request, reply, started.log, view, 0, deps.observer)
      reply.header('x-turn-id', started.turnId)
      return reply.code(201).send(closedTurn(await started.result(), started.turnId))
    },
  )
  app.get(
    '/sessions/:session_id/turns',
    {
      schema: {
        summary: 'List closed turns',
        tags,
        params: session,
        querystring: pageQuery(50, 200),
        response: { 200: TurnPage, ...problems('not_found') },
      },
    },
    request => listTurns(deps, callerOf(request), request.params.session_id, request.query),
  )
  app.get(
    '/sessions/:session_id/turns/:turn_id',
    {
      schema: {
        summary: 'Read a turn, running or closed, with every call it made',
        tags,
        params: turn,
        response: { 200: TurnDetail, ...problems('not_found') },
      },
    },
    request => getTurn(deps, callerOf(request), request.params.session_id, request.params.turn_id),
  )
  app.get(
    '/sessions/:session_id/turns/:turn_id/stream',
    {
      schema: {
        summary: 'Join or rejoin the stream of a turn; Last-Event-ID or ?after= says where to go on',
        tags,
        params: turn,
        querystring: z.strictObject({
          events: z.enum(eventViews).default('basic'),
          after: z.coerce.number<string>().int().min(0).optional(),
        }),
        response: { 200: eventStream, ...problems('not_found') },
      },
    },
    async (request, reply) => {
      const { events: view, after = lastEventId(request.headers['last-event-id']) } = request.query
      const followed = await followTurn(deps, callerOf(request), request.params.session_id, request.params.turn_id, { hasRead: after > 0 })
      await streamTurn(request, reply, followed.log, view, followed.complete ? after : 0, deps.observer)
    },
  )
  app.post(
    '/sessions/:session_id/turns/:turn_id/cancel',
    {
      config,
      schema: {
        summary: 'Stop a running turn; what was produced is stored and paid for',
        tags,
        params: turn,
        response: { 202: z.object({ turn_id: z.uuid() }), ...problems('not_found') },
      },
    },
    async (request, reply) => {
      await cancelTurn(deps, callerOf(request), request.params.session_id, request.params.turn_id)
      return reply.code(202).send({ turn_id: request.params.turn_id })
    },
  )
}

/** How a turn is asked for, apart from what it is to answer. `route` keeps the idempotency keys of the ways to ask apart. */
const wantedAs = (request: FastifyRequest, reply: FastifyReply, route: string, basicStream: boolean): TurnRequest => ({
  basicStream,
  traceId: request.id,
  requestKey: requestKeyOf(request, route),
  onLimits: limits => sendRateLimits(reply, limits),
})

function closedTurn(result: TurnResult, turnId: string): TurnRead {
  if (result.kind === 'not_closed')
    throw new Refusal('unavailable', 'The turn could not be stored just now. It will be closed within a minute; read it again then.', {
      turn_id: turnId,
      retry_after_seconds: 30,
    })
  if (result.failure) throw new Refusal(result.failure.code, result.failure.message, { turn_id: turnId })
  return result.turn
}

/** A browser sends the id it saw last; anything that is no number means from the beginning. */
function lastEventId(header: string | string[] | undefined): number {
  const id = Number(header)
  return Number.isSafeInteger(id) && id > 0 ? id : 0
}
