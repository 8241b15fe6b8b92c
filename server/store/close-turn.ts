import { v7 as uuidv7 } from 'uuid'
import type { PricedModel } from '../domain/catalogue.ts'
import { sumDecimals } from '../domain/money.ts'
import type { TurnOutcome, TurnSnapshot } from '../domain/turn.ts'
import type { Database } from './database.ts'
import { storable, storableJson } from './storable.ts'

/** Which turn is closed, as whom, and what the close must say. */
export interface Closing {
  snapshot: Pick<TurnSnapshot, 'turnId' | 'turnIndex' | 'sessionId' | 'userId' | 'mode' | 'message' | 'supersedesTurnId'> & {
    room: { id: string } | null
  }
  fence: number
  outcome: TurnOutcome
  lowBalanceThreshold: string
}

export interface ClosedTurn {
  balanceAfter: string
  lowBalance: boolean
  creditsBurned: string
  createdAt: string
}

/**
 * The close: turn, messages, usage events, ledger rows, balance, roll-ups, tool events, audits and summary by one statement, one commit.
 * Null when the run's row is gone or its fencing number is no longer ours: then nothing is written.
 */
export async function closeTurn(database: Database, closing: Closing): Promise<ClosedTurn | null> {
  const rare = rareBranches(closing)
  const name = ['close_turn', ...rare.map(branch => branch.name)].join('_')
  const values = [...parameters(closing), ...rare.map(branch => branch.value)]
  const [closed] = await database.statement<ClosedTurn>(name, closeStatement(rare, values.length), values)
  return closed ?? null
}

/** What this close has committed, when its answer was lost with its connection. Null where another process has closed the turn otherwise. */
export async function readClosedTurn(database: Database, { snapshot, outcome }: Closing): Promise<ClosedTurn | null> {
  const [closed] = await database.statement<ClosedTurn>('closed_turn', CLOSED_TURN, [
    snapshot.turnId,
    outcome.status,
    storable(outcome.output),
  ])
  return closed ?? null
}

const CLOSED_TURN = `
select balance_after as "balanceAfter", low_balance as "lowBalance", credits_burned as "creditsBurned", created_at as "createdAt"
from turns where id = $1 and status = $2 and assistant_output = $3`

function parameters({ snapshot, fence, outcome, lowBalanceThreshold }: Closing): unknown[] {
  const charged = outcome.calls.filter(call => call.charged)
  const tools = outcome.toolCalls.map(call => call.creditsCharged)
  return [
    snapshot.turnId,
    fence,
    snapshot.sessionId,
    snapshot.userId,
    snapshot.room?.id ?? null,
    snapshot.turnIndex,
    snapshot.mode,
    storable(snapshot.message),
    storable(outcome.output),
    outcome.status,
    outcome.modelAliasUsed,
    outcome.providerModel,
    outcome.limit,
    storableJson(outcome.routing),
    outcome.summaryTriggered,
    outcome.pruneTriggered,
    outcome.summary?.usedFallback ?? false,
    sumDecimals([...charged.map(call => call.credits), ...tools]),
    sumDecimals([...charged.map(call => call.amount), ...tools]),
    lowBalanceThreshold,
    titleOf(storable(snapshot.message)),
    storableJson(outcome.messages.map((message, index) => ({ id: uuidv7(), position: index + 1, ...message }))),
    storableJson(outcome.calls.map(({ model, ...call }) => ({ id: uuidv7(), ledgerId: uuidv7(), ...call, ...modelColumns(model) }))),
    storableJson(outcome.audits.map(audit => ({ id: uuidv7(), ...audit }))),
    outcome.overflowRejected,
  ]
}

const TITLE_CHARACTERS = 80

/** Never half a character: an emoji is two units of a string. */
const titleOf = (message: string) =>
  Array.from(message.slice(0, 2 * TITLE_CHARACTERS))
    .slice(0, TITLE_CHARACTERS)
    .join('')
    .toWellFormed()

const modelColumns = (model: PricedModel) => ({
  alias: model.alias,
  provider: model.provider,
  multiplier: model.multiplier,
  pricingVersion: model.pricingVersion,
})

/**
 * What few turns have. The statement of the others is without it: PostgreSQL sets up and ends every branch of a statement, whether or not it
 * finds a row.
 */
interface RareBranch {
  name: string
  value: string
  sql: (parameter: string) => string
}

function rareBranches({ snapshot, outcome }: Closing): RareBranch[] {
  const branches: RareBranch[] = []
  if (snapshot.supersedesTurnId && (outcome.status === 'completed' || outcome.status === 'partial'))
    branches.push({ name: 'superseding', value: snapshot.supersedesTurnId, sql: supersededTurn })
  if (outcome.toolCalls.length > 0) {
    const calls = outcome.toolCalls.map(call => ({ id: uuidv7(), ledgerId: uuidv7(), ...call }))
    branches.push({ name: 'tools', value: storableJson(calls), sql: writtenToolCalls })
  }
  if (outcome.summary) branches.push({ name: 'summary', value: storableJson({ id: uuidv7(), ...outcome.summary }), sql: writtenSummary })
  return branches
}

/** The last of the `parameters` are those of the branches. */
function closeStatement(branches: RareBranch[], parameters: number): string {
  const first = parameters - branches.length + 1
  return [EVERY_TURN, ...branches.map(({ sql }, index) => sql(`$${first + index}`)), CLOSED].join('')
}

// Each branch hangs on "run": who lost the fence finds no row there and writes nothing. The wallet comes before the roll-ups,
// so that two closes of one user pass it one after the other and their roll-ups cannot lock each other out. What needs nothing of the
// wallet is counted before it is locked, so that it is written by then and the user's next turn waits for the rest only. References are
// checked at the statement's end, whatever the order.
const EVERY_TURN = `
with run as (
  delete from turn_runs where turn_id = $1::uuid and fence = $2::bigint returning hold, idempotency_route, idempotency_key, idempotency_sha256
), request_key as (
  -- Only successes are kept. A stream has begun with one.
  select idempotency_route, idempotency_key, idempotency_sha256 from run where $10 <> 'failed' or idempotency_route like '%/stream'
), calls as (
  select * from json_to_recordset($23::json) as call (
    id uuid, "ledgerId" uuid, "requestId" uuid, "agentId" uuid, "agentKey" text, step int, round int, purpose text, provider text, alias text,
    "providerModel" text, "inputFresh" bigint, "inputCached" bigint, output bigint, "usageEstimated" boolean, "oeTokens" numeric, "costUsd" numeric,
    credits numeric, amount numeric, "latencyMs" int, "timeToFirstTokenMs" int, charged boolean, status text, "pricingVersion" text,
    multiplier numeric, "providerRequestId" text)
), written_messages as (
  insert into messages (id, session_id, user_id, turn_id, turn_index, position, role, visibility, agent_key, source_agent_key, agent_name, mode,
    content, tool_call_id, tool_name)
  select message.id, $3, $4, $1, $6, position, role, visibility, "agentKey", "sourceAgentKey", "agentName", $7, content, "toolCallId", "toolName"
  from run, json_to_recordset($22::json) as message (id uuid, position int, role text, visibility text, "agentKey" text, "sourceAgentKey" text,
    "agentName" text, content text, "toolCallId" text, "toolName" text)
  returning id
), events as (
  insert into llm_call_events (id, request_id, user_id, room_id, session_id, turn_id, agent_id, agent_key, step, round, purpose, provider, model_alias,
    provider_model, input_tokens_fresh, input_tokens_cached, output_tokens, usage_estimated, oe_tokens_computed, provider_cost_usd, credits_burned,
    latency_ms, time_to_first_token_ms, charged, status, pricing_version, multiplier, provider_request_id)
  select calls.id, "requestId", $4, $5::uuid, $3, $1, (select agents.id from agents where agents.id = "agentId"), "agentKey", step, round, purpose,
    provider, alias, "providerModel", "inputFresh", "inputCached", output, "usageEstimated", "oeTokens", "costUsd", credits,
    "latencyMs", "timeToFirstTokenMs", charged, status, "pricingVersion", multiplier, "providerRequestId"
  from run, calls
  returning id
), audits as (
  insert into turn_context_audit (id, turn_id, session_id, agent_key, model_alias, context_window, input_budget, output_reserve, overhead_reserve,
    estimated_tokens_before, estimated_tokens_after_summary, estimated_tokens_after_prune, summary_triggered, prune_triggered, overflow_rejected)
  select audit.id, $1, $3, agent_key, model_alias, context_window, input_budget, output_reserve, overhead_reserve,
    estimated_tokens_before, estimated_tokens_after_summary, estimated_tokens_after_prune, summary_triggered, prune_triggered, overflow_rejected
  from run, json_to_recordset($24::json) as audit (id uuid, agent_key text, model_alias text, context_window int, input_budget int,
    output_reserve int, overhead_reserve int, estimated_tokens_before int, estimated_tokens_after_summary int, estimated_tokens_after_prune int,
    summary_triggered boolean, prune_triggered boolean, overflow_rejected boolean)
  returning id
), wallet as (
  update credit_wallets set balance = balance - $19::numeric, held = held - run.hold, running_turns = running_turns - 1,
    spending_month = date_trunc('month', now() at time zone 'UTC')::date, spent_in_month = spent_this_month(credit_wallets) + $19::numeric
  from run where credit_wallets.user_id = $4
    and (select count(*) from written_messages) + (select count(*) from events) + (select count(*) from audits) >= 0
  returning credit_wallets.id, credit_wallets.balance
), turn as (
  insert into turns (id, session_id, user_id, turn_index, mode, user_input, assistant_output, status, model_alias_used, provider_model, limit_reached,
    routing, summary_triggered, prune_triggered, overflow_rejected, summary_used_fallback, credits_burned, balance_after, low_balance,
    idempotency_route, idempotency_key, idempotency_sha256)
  select $1, $3::uuid, $4, $6::int, $7, $8, $9, $10, $11, $12, $13, $14::jsonb, $15, $16, $25, $17, $18::numeric, wallet.balance, wallet.balance < $20::numeric,
    idempotency_route, idempotency_key, idempotency_sha256
  from wallet left join request_key on true
  returning balance_after, low_balance, credits_burned, created_at
), session as (
  update sessions set turn_count = $6, title = coalesce(title, $21) from wallet where sessions.id = $3
), ledger as (
  insert into credit_transactions (id, wallet_id, user_id, amount, kind, reference_id)
  select "ledgerId", wallet.id, $4, -amount, 'debit', $1 from wallet, calls where charged
), rollups as (
  insert into usage_rollups_daily as daily (user_id, day, model_alias, call_count, input_tokens_fresh, input_tokens_cached, output_tokens,
    credits_burned, provider_cost_usd)
  select $4, (now() at time zone 'UTC')::date, alias, count(*), sum("inputFresh"), sum("inputCached"), sum(output), sum(credits), sum("costUsd")
  from wallet, calls group by alias order by alias
  on conflict (user_id, day, model_alias) do update set
    call_count = daily.call_count + excluded.call_count,
    input_tokens_fresh = daily.input_tokens_fresh + excluded.input_tokens_fresh,
    input_tokens_cached = daily.input_tokens_cached + excluded.input_tokens_cached,
    output_tokens = daily.output_tokens + excluded.output_tokens,
    credits_burned = daily.credits_burned + excluded.credits_burned,
    provider_cost_usd = daily.provider_cost_usd + excluded.provider_cost_usd
)`

const supersededTurn = (parameter: string) => `, superseded_turn as (
  update turns set superseded_by_turn_id = $1 from wallet where turns.id = ${parameter}::uuid and turns.session_id = $3
), superseded_messages as (
  update messages set superseded = true from wallet where messages.turn_id = ${parameter} and messages.session_id = $3
)`

const writtenToolCalls = (parameter: string) => `, tool_calls as (
  select * from jsonb_to_recordset(${parameter}::jsonb) as tool_call (id uuid, "ledgerId" uuid, "agentKey" text, step int, "callId" text, tool text, input jsonb,
    "outputSha256" text, status text, "latencyMs" int, "creditsCharged" numeric)
), tools as (
  insert into tool_call_events (id, user_id, room_id, session_id, turn_id, agent_key, step, call_id, tool, input, output_sha256, status, latency_ms,
    credits_charged)
  select tool_calls.id, $4, $5, $3, $1, "agentKey", step, "callId", tool, coalesce(input, 'null'), "outputSha256", status, "latencyMs", "creditsCharged"
  from wallet, tool_calls
), tool_ledger as (
  insert into credit_transactions (id, wallet_id, user_id, amount, kind, reference_id, note)
  select "ledgerId", wallet.id, $4, -"creditsCharged", 'debit', $1, left('tool ' || tool, 256) from wallet, tool_calls where "creditsCharged" > 0
)`

const writtenSummary = (parameter: string) => `, summary as (
  insert into session_summaries (id, session_id, turn_id, from_turn_index, to_turn_index, summary_text, key_facts, decisions, open_questions,
    action_items, used_fallback)
  select summary.id, $3, $1, "fromTurnIndex", "toTurnIndex", "summaryText", "keyFacts", decisions, "openQuestions", "actionItems", "usedFallback"
  from wallet, jsonb_to_record(${parameter}::jsonb) as summary (id uuid, "fromTurnIndex" int, "toTurnIndex" int, "summaryText" text, "keyFacts" jsonb,
    decisions jsonb, "openQuestions" jsonb, "actionItems" jsonb, "usedFallback" boolean)
)`

const CLOSED = `
select balance_after as "balanceAfter", low_balance as "lowBalance", credits_burned as "creditsBurned", created_at as "createdAt" from turn`
