import { useQuery } from '@tanstack/react-query'
import type { CallRead } from '../../../contract/calls.ts'
import type { ContextAuditRead, ToolCallRead, TurnDetail } from '../../../contract/turns.ts'
import { turnDetail } from '../../api/queries.ts'
import { count } from '../../ui/count.ts'
import { shown, sumOf } from '../../ui/decimal.ts'
import { Dialog } from '../../ui/dialog.tsx'
import { Loading, Notice } from '../../ui/notice.tsx'
import { type Column, Table } from '../../ui/table.tsx'
import { duration } from '../../ui/time.ts'
import { useSpeakers } from './speakers.tsx'

interface TurnDetailsProps {
  sessionId: string
  turnId: string | null
  onClose: () => void
}

/** Every call of a turn and what it cost; every tool call; how full the context was. */
export const TurnDetails = ({ sessionId, turnId, onClose }: TurnDetailsProps) => (
  <Dialog title="Turn details" kind="dialog wide" open={turnId !== null} onClose={onClose}>
    {turnId && <Details sessionId={sessionId} turnId={turnId} />}
  </Dialog>
)

const purposes: Record<CallRead['purpose'], string> = {
  agent: 'Answer',
  manager_routing: 'Manager: routing',
  manager_evaluation: 'Manager: judging',
  manager_synthesis: 'Manager: synthesis',
  summary: 'Summary',
}

function Details({ sessionId, turnId }: { sessionId: string; turnId: string }) {
  const { data, error } = useQuery(turnDetail(sessionId, turnId))
  if (error) return <Notice tone="bad">{error.message} Close this and try again.</Notice>
  if (!data) return <Loading what="the details" />
  return (
    <div className="stack">
      <p className="small muted num">
        Turn {data.turn_index}, {data.mode}, {data.status}. {count(data.calls.length)} calls, {shown(data.credits_burned, 8)} credits
        {data.balance_after !== null && `, ${shown(data.balance_after)} left`}.
      </p>
      {notes(data).map(note => (
        <p key={note} className="small">
          {note}
        </p>
      ))}
      <Calls calls={data.calls} />
      <Totals calls={data.calls} />
      {data.tool_calls.length > 0 && <ToolCalls tools={data.tool_calls} />}
      {data.context.length > 0 && <Contexts contexts={data.context} />}
    </div>
  )
}

const notes = (turn: TurnDetail): string[] => [
  ...(turn.summary_triggered
    ? [`Earlier turns were summarised${turn.summary_used_fallback ? ' in a simple way, since the summary failed' : ''}.`]
    : []),
  ...(turn.prune_triggered ? ['The oldest messages were left out to fit the model.'] : []),
]

function Calls({ calls }: { calls: CallRead[] }) {
  const { nameOf } = useSpeakers()
  const columns: Column<CallRead>[] = [
    { title: 'Call', cell: call => (call.purpose === 'agent' ? nameOf(call.agent_key ?? '') : purposes[call.purpose]) },
    { title: 'Round', figure: true, cell: call => call.round ?? '' },
    { title: 'Model', cell: call => <span title={call.provider_model}>{call.model_alias}</span> },
    { title: 'Fresh', figure: true, cell: call => count(call.input_tokens_fresh) },
    { title: 'Cached', figure: true, cell: call => count(call.input_tokens_cached) },
    { title: 'Out', figure: true, cell: call => count(call.output_tokens) },
    { title: 'Credits', figure: true, cell: call => shown(call.credits_burned) },
    {
      title: 'First token',
      figure: true,
      cell: call => (call.time_to_first_token_ms === null ? '' : duration(call.time_to_first_token_ms)),
    },
    { title: 'Took', figure: true, cell: call => (call.latency_ms === null ? '' : duration(call.latency_ms)) },
    { title: 'Ended', cell: call => <span className={call.status === 'success' ? 'badge ok' : 'badge warn'}>{call.status}</span> },
  ]
  const isAdmin = calls.some(call => call.provider_cost_usd !== undefined)
  const cost: Column<CallRead> = {
    title: 'Provider cost',
    figure: true,
    cell: call => (call.provider_cost_usd ? `$${shown(call.provider_cost_usd, 6)}` : ''),
  }
  return (
    <Table
      caption="Model calls"
      columns={isAdmin ? [...columns, cost] : columns}
      rows={calls}
      keyOf={(_, at) => String(at)}
      empty="No calls."
    />
  )
}

/** What the calls come to together. */
function Totals({ calls }: { calls: CallRead[] }) {
  const sum = (part: (call: CallRead) => number) => count(calls.reduce((total, call) => total + part(call), 0))
  const costs = calls.flatMap(call => (call.provider_cost_usd ? [call.provider_cost_usd] : []))
  const figures = [
    ['Fresh in', sum(call => call.input_tokens_fresh)],
    ['Cached in', sum(call => call.input_tokens_cached)],
    ['Out', sum(call => call.output_tokens)],
    ...(calls.some(call => call.provider_cost_usd !== undefined) ? [['Provider cost', `$${shown(sumOf(costs), 6)}`]] : []),
  ]
  return (
    <dl className="totals small num">
      {figures.map(([name, figure]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{figure}</dd>
        </div>
      ))}
    </dl>
  )
}

function ToolCalls({ tools }: { tools: ToolCallRead[] }) {
  const { nameOf } = useSpeakers()
  const columns: Column<ToolCallRead>[] = [
    { title: 'Tool call', cell: tool => tool.tool },
    { title: 'By', cell: tool => nameOf(tool.agent_key) },
    { title: 'Asked', cell: tool => <code className="mono tiny">{JSON.stringify(tool.input)}</code> },
    { title: 'Credits', figure: true, cell: tool => shown(tool.credits_charged) },
    { title: 'Took', figure: true, cell: tool => (tool.latency_ms === null ? '' : duration(tool.latency_ms)) },
    { title: 'Ended', cell: tool => <span className={tool.status === 'success' ? 'badge ok' : 'badge warn'}>{tool.status}</span> },
  ]
  return <Table caption="Tool calls" columns={columns} rows={tools} keyOf={(_, at) => String(at)} empty="No tool calls." />
}

function Contexts({ contexts }: { contexts: ContextAuditRead[] }) {
  const { nameOf } = useSpeakers()
  const columns: Column<ContextAuditRead>[] = [
    { title: 'Context of', cell: context => nameOf(context.agent_key) },
    { title: 'Window', figure: true, cell: context => count(context.context_window) },
    { title: 'Budget', figure: true, cell: context => count(context.input_budget) },
    { title: 'Kept for the answer', figure: true, cell: context => count(context.output_reserve) },
    { title: 'Before', figure: true, cell: context => count(context.estimated_tokens_before) },
    { title: 'Sent', figure: true, cell: context => count(context.estimated_tokens_after_prune) },
    {
      title: 'Of budget',
      cell: context => (
        <meter
          min={0}
          max={context.input_budget}
          high={context.input_budget * 0.9}
          value={context.estimated_tokens_after_prune}
          aria-label={`Context used by ${nameOf(context.agent_key)}`}
        />
      ),
    },
  ]
  return <Table caption="Context budget used" columns={columns} rows={contexts} keyOf={context => context.agent_key} empty="No context." />
}
