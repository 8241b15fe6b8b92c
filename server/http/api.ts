import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type ErrorCode, Problem } from '../../contract/errors.ts'
import { plainText } from '../../contract/values.ts'
import type { Caller } from '../domain/caller.ts'
import type { Credential, Need } from '../domain/credential.ts'
import { PROBLEM_TYPE, statusOf } from './problem.ts'

/** A scope of routes whose bodies, queries and answers are typed by the contract's schemas. */
export const typed = (app: FastifyInstance) => app.withTypeProvider<ZodTypeProvider>()

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the authentication of the scope; routes outside such a scope must not read it. */
    caller: Caller
    /** What the caller has shown; set with it. */
    credential: Credential
  }
  interface FastifyContextConfig {
    /** What an API key needs for this route. Default: `read` for GET, else `write`. */
    keyNeeds?: Need
  }
}

export const callerOf = (request: FastifyRequest): Caller => request.caller

/** What every authenticated route may answer besides its own refusals. */
const ALWAYS: ErrorCode[] = ['unauthenticated', 'suspended', 'insufficient_scope', 'validation_error', 'internal_error', 'unavailable']

interface ProblemSchema {
  description: string
  content: { [PROBLEM_TYPE]: { schema: z.ZodType } }
}

/** What a route that takes a body may answer about it. */
export const bodyProblems = ['malformed_request', 'payload_too_large', 'unsupported_media_type'] as const

/** The problems of a route for the OpenAPI document, by status, each with the codes it may carry. */
export const problems = (...own: ErrorCode[]): Record<number, ProblemSchema> => problemsOf([...own, ...ALWAYS])

/** Exactly these, by status. */
export function problemsOf(all: ErrorCode[]): Record<number, ProblemSchema> {
  const byStatus = Map.groupBy(new Set(all), code => statusOf[code])
  return Object.fromEntries([...byStatus].map(([status, codes]) => [status, problemSchema(codes)]))
}

const problemSchema = (codes: ErrorCode[]): ProblemSchema => ({
  description: codes.map(code => `\`${code}\``).join(', '),
  content: { [PROBLEM_TYPE]: { schema: z.intersection(Problem, z.looseObject({ code: z.enum(codes) })) } },
})

export const NoContent = z.undefined().describe('No content')

/** Ids in a path are any text: one that is no id names nothing, which is a 404 like any other. */
export const path = <Name extends string>(...names: Name[]) =>
  z.object(Object.fromEntries(names.map(name => [name, z.string()])) as Record<Name, z.ZodString>)

/** Names that are looked up as text, like a user's id, which is what its issuer says; without the one character that the database cannot hold. */
export const textPath = <Name extends string>(name: Name) => z.object({ [name]: plainText } as Record<Name, typeof plainText>)
