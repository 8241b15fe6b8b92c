import type { z } from 'zod'
import type { AuthConfigRead, MeRead } from '../../contract/accounts.ts'
import type {
  ActiveUsersRead,
  AuditPage,
  CatalogueModelRead,
  CatalogueModelUpdate,
  EnforcementRead,
  EnforcementUpdate,
  GrantCreate,
  PriceRead,
  PriceUpdate,
  PricingRead,
  RefundCreate,
  RefundRead,
  SettingsRead,
  UsageAnalyticsRead,
  UsageSummaryRead,
  UserPage,
  UserRead,
  UserUpdate,
  UserWalletRead,
  WalletGrantRead,
} from '../../contract/admin.ts'
import type { AgentCreate, AgentPage, AgentRead, AgentUpdate } from '../../contract/agents.ts'
import type { ApiKeyCreate, ApiKeyCreated, ApiKeyRead } from '../../contract/api-keys.ts'
import type { FileRead, FileTextRead } from '../../contract/files.ts'
import type { FailedJobPage } from '../../contract/jobs.ts'
import type { ModelRead } from '../../contract/models.ts'
import type { TopUpCreate, TopUpPage, TopUpStarted } from '../../contract/payments.ts'
import type {
  ListedRoomRead,
  RoomAgentCreate,
  RoomAgentOrder,
  RoomAgentRead,
  RoomCreate,
  RoomModeUpdate,
  RoomRead,
  RoomUpdate,
} from '../../contract/rooms.ts'
import type { FoundMessagePage } from '../../contract/search.ts'
import type { MessagePage, SessionCreate, SessionRead, SessionUpdate } from '../../contract/sessions.ts'
import type { TurnDetail, TurnEstimate, TurnEstimateRequest, TurnPage, TurnRead } from '../../contract/turns.ts'
import type { TransactionPage, UsagePage, WalletRead } from '../../contract/wallet.ts'

interface Ask<Answer> {
  answer: Answer
}
interface Tell<Body extends z.ZodType, Answer> {
  body: z.input<Body>
  answer: Answer
}

/** Every route of the API that the page calls, with the contract's own types. The paths are those of the OpenAPI document. */
export interface Routes {
  'GET /auth/config': Ask<AuthConfigRead>
  'GET /auth/me': Ask<MeRead>
  'GET /models': Ask<ModelRead[]>

  'GET /agents': Ask<AgentPage>
  'POST /agents': Tell<typeof AgentCreate, AgentRead>
  'GET /agents/{agent_id}': Ask<AgentRead>
  'PATCH /agents/{agent_id}': Tell<typeof AgentUpdate, AgentRead>
  'DELETE /agents/{agent_id}': Ask<undefined>
  'POST /agents/{agent_id}/restore': Ask<AgentRead>
  'GET /agents/{agent_id}/sessions': Ask<SessionRead[]>
  'POST /agents/{agent_id}/sessions': Tell<typeof SessionCreate, SessionRead>
  'DELETE /agents/{agent_id}/sessions/{session_id}': Ask<undefined>

  'GET /rooms': Ask<ListedRoomRead[]>
  'POST /rooms': Tell<typeof RoomCreate, RoomRead>
  'GET /rooms/{room_id}': Ask<RoomRead>
  'PATCH /rooms/{room_id}': Tell<typeof RoomUpdate, RoomRead>
  'PATCH /rooms/{room_id}/mode': Tell<typeof RoomModeUpdate, RoomRead>
  'DELETE /rooms/{room_id}': Ask<undefined>
  'POST /rooms/{room_id}/restore': Ask<RoomRead>
  'GET /rooms/{room_id}/agents': Ask<RoomAgentRead[]>
  'POST /rooms/{room_id}/agents': Tell<typeof RoomAgentCreate, RoomAgentRead>
  'PUT /rooms/{room_id}/agents/order': Tell<typeof RoomAgentOrder, RoomAgentRead[]>
  'DELETE /rooms/{room_id}/agents/{agent_id}': Ask<undefined>
  'GET /rooms/{room_id}/sessions': Ask<SessionRead[]>
  'POST /rooms/{room_id}/sessions': Tell<typeof SessionCreate, SessionRead>
  'DELETE /rooms/{room_id}/sessions/{session_id}': Ask<undefined>
  'GET /rooms/{room_id}/files': Ask<FileRead[]>

  'GET /sessions/{session_id}': Ask<SessionRead>
  'PATCH /sessions/{session_id}': Tell<typeof SessionUpdate, SessionRead>
  'POST /sessions/{session_id}/restore': Ask<SessionRead>
  'GET /sessions/{session_id}/messages': Ask<MessagePage>
  'GET /sessions/{session_id}/turns': Ask<TurnPage>
  'GET /sessions/{session_id}/turns/{turn_id}': Ask<TurnDetail>
  'POST /sessions/{session_id}/turns/{turn_id}/cancel': Ask<TurnRead | undefined>
  'POST /sessions/{session_id}/estimate': Tell<typeof TurnEstimateRequest, TurnEstimate>
  'GET /sessions/{session_id}/files': Ask<FileRead[]>

  'GET /search': Ask<FoundMessagePage>

  'GET /files/{file_id}/text': Ask<FileTextRead>
  'DELETE /files/{file_id}': Ask<undefined>

  'DELETE /users/me': Ask<undefined>
  'GET /users/me/api-keys': Ask<ApiKeyRead[]>
  'POST /users/me/api-keys': Tell<typeof ApiKeyCreate, ApiKeyCreated>
  'DELETE /users/me/api-keys/{api_key_id}': Ask<undefined>
  'POST /users/me/sign-out-everywhere': Ask<undefined>
  'GET /users/me/wallet': Ask<WalletRead>
  'GET /users/me/usage': Ask<UsagePage>
  'GET /users/me/transactions': Ask<TransactionPage>
  'GET /users/me/top-ups': Ask<TopUpPage>
  'POST /users/me/wallet/top-up': Tell<typeof TopUpCreate, TopUpStarted>

  'GET /admin/usage/summary': Ask<UsageSummaryRead>
  'GET /admin/analytics/usage': Ask<UsageAnalyticsRead>
  'GET /admin/analytics/active-users': Ask<ActiveUsersRead>
  'GET /admin/pricing': Ask<PricingRead>
  'PATCH /admin/pricing/{alias}': Tell<typeof PriceUpdate, PriceRead>
  'GET /admin/models': Ask<CatalogueModelRead[]>
  'PUT /admin/models/{alias}': Tell<typeof CatalogueModelUpdate, CatalogueModelRead>
  'GET /admin/settings': Ask<SettingsRead>
  'PATCH /admin/settings/enforcement': Tell<typeof EnforcementUpdate, EnforcementRead>
  'DELETE /admin/settings/enforcement': Ask<EnforcementRead>
  'GET /admin/users': Ask<UserPage>
  'PATCH /admin/users/{user_id}': Tell<typeof UserUpdate, UserRead>
  'GET /admin/wallets/{user_id}': Ask<UserWalletRead>
  'POST /admin/wallets/{user_id}/grant': Tell<typeof GrantCreate, WalletGrantRead>
  'POST /admin/wallets/{user_id}/refund': Tell<typeof RefundCreate, RefundRead>
  'GET /admin/audit-log': Ask<AuditPage>
  'GET /admin/jobs/failed': Ask<FailedJobPage>
}

export type Route = keyof Routes
export type AnswerOf<R extends Route> = Routes[R]['answer']

type ParameterOf<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | ParameterOf<Rest> : never

export type CallOptions<R extends Route> = {
  query?: Record<string, string | number | undefined>
  signal?: AbortSignal
  /** For the routes that keep their first answer: a repeat changes nothing. */
  idempotencyKey?: string
} & ([ParameterOf<R>] extends [never] ? unknown : { path: Record<ParameterOf<R>, string> }) &
  (Routes[R] extends { body: infer Body } ? { body: Body } : unknown)
