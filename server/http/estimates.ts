import type { FastifyInstance } from 'fastify'
import { TurnEstimate, TurnEstimateRequest } from '../../contract/turns.ts'
import { type EstimateDependencies, estimateTurn } from '../usecases/estimate-turn.ts'
import { callerOf, path, problems, typed } from './api.ts'

export function estimateRoutes(scope: FastifyInstance, deps: EstimateDependencies): void {
  typed(scope).post(
    '/sessions/:session_id/estimate',
    {
      config: { keyNeeds: 'turns' },
      schema: {
        summary: 'What the next turn would do and cost; nothing is stored',
        tags: ['Turns'],
        params: path('session_id'),
        body: TurnEstimateRequest,
        response: { 200: TurnEstimate, ...problems('not_found', 'model_unavailable', 'no_valid_tagged_agents', 'no_room_agents') },
      },
    },
    request => estimateTurn(deps, callerOf(request), request.params.session_id, request.body),
  )
}
