import type { ApiProblem } from '../../api/problem.ts'
import { Notice } from '../../ui/notice.tsx'
import { MoreCreditsLink, MoreCreditsWords } from '../billing/more-credits.tsx'

/** Why a message was not taken, and what to do now. */
interface RefusalProps {
  problem: ApiProblem
  secondsLeft: number
}

export function Refusal({ problem, secondsLeft }: RefusalProps) {
  switch (problem.code) {
    case 'rate_limited':
      return (
        <Notice tone="warn">
          {secondsLeft > 0 ? (
            <>
              Too many messages in a short time. You can send again in <b className="num">{secondsLeft} s</b>; your text stays here.
            </>
          ) : (
            'You can send again now.'
          )}
        </Notice>
      )
    case 'insufficient_credits':
      return (
        <Notice tone="bad" action={<MoreCreditsLink />}>
          Your credits do not cover this message. <MoreCreditsWords /> Your text stays here.
        </Notice>
      )
    case 'monthly_cap_reached':
      return <Notice tone="bad">Your monthly cap is reached. Ask the owner of this server to raise it, or wait for the next month.</Notice>
    case 'turn_in_progress':
      return <Notice tone="warn">This session is still answering. Wait for its end or stop it, then send again.</Notice>
    case 'no_valid_tagged_agents':
      return <Notice tone="warn">In manual mode, say who should answer: type @ and choose an agent of this room.</Notice>
    case 'no_room_agents':
      return <Notice tone="warn">Nobody is in this room yet. Add an agent under Speaking order, then send again.</Notice>
    case 'context_budget_exceeded':
      return (
        <Notice tone="bad">
          This does not fit into the model's window. Shorten the message, start a new session, or choose a model with a larger window.
        </Notice>
      )
    case 'model_unavailable':
      return <Notice tone="bad">{problem.message} Choose another model and send again.</Notice>
    case 'too_many_running_turns':
      return <Notice tone="warn">Too many of your turns run at once. Wait until one has ended, or stop one.</Notice>
    case 'suspended':
      return <Notice tone="bad">This account is suspended. Ask the owner of this server.</Notice>
    default:
      return (
        <Notice tone="bad">
          <p>{problem.message} Your text stays here; try again.</p>
          {problem.errors.map(error => (
            <p key={error.path} className="muted">
              {error.path}: {error.message}
            </p>
          ))}
          {problem.traceId && problem.status >= 500 && <p className="tiny faint">Trace id {problem.traceId}</p>}
        </Notice>
      )
  }
}
