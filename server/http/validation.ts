import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import type { FieldError } from '../../contract/errors.ts'

/** A body or query that does not fit its schema. */
export class ValidationFailure extends Error {
  readonly errors: FieldError[]

  constructor(errors: FieldError[]) {
    super(errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('; '))
    this.name = 'ValidationFailure'
    this.errors = errors
  }
}

/** Parses with the contract's own schemas: what a handler sees is the parsed value. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema }) =>
  value => {
    const parsed = schema.safeParse(value)
    return parsed.success
      ? { value: parsed.data }
      : { error: new ValidationFailure(parsed.error.issues.flatMap(fieldErrors).slice(0, ERRORS_MAXIMUM)) }
  }

const ERRORS_MAXIMUM = 50

function fieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return issue.keys.map(key => ({ path: path === '' ? key : `${path}.${key}`, message: 'is not a known field' }))
}
