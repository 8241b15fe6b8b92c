import type { ErrorCode, FieldError, Problem } from '../../contract/errors.ts'

/** The members a problem may carry beyond its code and its sentence (api.md, Errors). */
export type ProblemMembers = Pick<
  Partial<Problem>,
  'errors' | 'retry_after_seconds' | 'turn_id' | 'input_budget' | 'estimated_tokens' | 'model_context_limit'
>

/** An expected "no" with a code from the closed list. Thrown anywhere below `http/`, answered in one place there. */
export class Refusal extends Error {
  readonly code: ErrorCode
  readonly members: ProblemMembers

  /** `detail` is a sentence for people and is shown as it stands. */
  constructor(code: ErrorCode, detail: string, members: ProblemMembers = {}) {
    super(detail)
    this.name = 'Refusal'
    this.code = code
    this.members = members
  }
}

export type Noun =
  | 'Room'
  | 'Agent'
  | 'Session'
  | 'Turn'
  | 'File'
  | 'Wallet'
  | 'Transaction'
  | 'User'
  | 'Model'
  | 'Pricing version'
  | 'API key'

/** What is not the caller's, is deleted or never existed: all the same to whoever asks. */
export const notFound = (noun: Noun) => new Refusal('not_found', `${noun} not found.`)

/** A value that fits its schema and still cannot be used; `path` names the field. */
export function invalid(path: string, message: string): Refusal {
  const errors: FieldError[] = [{ path, message }]
  return new Refusal('validation_error', `${path}: ${message}`, { errors })
}

export const turnInProgress = () =>
  new Refusal('turn_in_progress', 'This session is answering already. Wait for its turn to end, or cancel it.')
