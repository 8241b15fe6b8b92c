import type { ErrorCode, FieldError, Problem } from '../../contract/errors.ts'

/** A refusal as the server words it, or the network's silence (`code` null, `status` 0). */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: ErrorCode | null
  readonly retryAfterSeconds: number | null
  readonly errors: FieldError[]
  readonly traceId: string | null

  constructor(status: number, detail: string, problem: Partial<Problem> = {}) {
    super(detail)
    this.name = 'ApiProblem'
    this.status = status
    this.code = problem.code ?? null
    this.retryAfterSeconds = problem.retry_after_seconds ?? null
    this.errors = problem.errors ?? []
    this.traceId = problem.trace_id ?? null
  }
}

export async function problemOf(response: Response): Promise<ApiProblem> {
  const body: unknown = await response.json().catch(() => null)
  if (typeof body !== 'object' || body === null) return new ApiProblem(response.status, `The server answered ${response.status}.`)
  const problem = body as Partial<Problem> & { message?: string }
  const retryAfter = problem.retry_after_seconds ?? (Number(response.headers.get('retry-after')) || undefined)
  const detail = problem.detail ?? problem.message ?? `The server answered ${response.status}.`
  return new ApiProblem(response.status, detail, { ...problem, retry_after_seconds: retryAfter })
}

export const networkProblem = () => new ApiProblem(0, 'The server cannot be reached.')

export const asProblem = (error: unknown): ApiProblem =>
  error instanceof ApiProblem ? error : new ApiProblem(0, error instanceof Error ? error.message : 'Something went wrong in the page.')
