import { z } from 'zod'

/** Every word a program may see in `code`. The list is closed: a new word is added here first. */
export const errorCodes = [
  'unauthenticated',
  'insufficient_credits',
  'malformed_request',
  'invalid_signature',
  'monthly_cap_reached',
  'admin_required',
  'owner_required',
  'suspended',
  'insufficient_scope',
  'not_found',
  'conflict',
  'turn_in_progress',
  'idempotency_conflict',
  'version_conflict',
  'file_too_large',
  'payload_too_large',
  'unsupported_media_type',
  'unsupported_file',
  'model_unavailable',
  'validation_error',
  'no_valid_tagged_agents',
  'no_room_agents',
  'context_budget_exceeded',
  'streaming_tools_unsupported',
  'unsupported_mode',
  'too_many_running_turns',
  'rate_limited',
  'internal_error',
  'provider_error',
  'provider_timeout',
  'unavailable',
  'payment_not_configured',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** One field that does not fit; `path` is dotted, `""` is the body itself. */
export const FieldError = z.object({ path: z.string(), message: z.string() }).meta({ id: 'FieldError' })
export type FieldError = z.infer<typeof FieldError>

/** RFC 9457, which lets a problem have members of its own: those after `trace_id` appear only with the codes that api.md names them for. */
export const Problem = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: z.enum(errorCodes),
    trace_id: z.string(),
    errors: z.array(FieldError).optional(),
    retry_after_seconds: z.int().min(0).optional(),
    turn_id: z.uuid().optional(),
    input_budget: z.int().optional(),
    estimated_tokens: z.int().optional(),
    model_context_limit: z.int().optional(),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof Problem>
