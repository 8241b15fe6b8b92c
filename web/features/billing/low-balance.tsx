import { X } from 'lucide-react'
import { useState } from 'react'
import { shown } from '../../ui/decimal.ts'
import { useBalance } from './balance.ts'
import { MoreCreditsLink, MoreCreditsWords } from './more-credits.tsx'

/** Across the top of where credits are spent, while few are left. */
export function LowBalance() {
  const state = useBalance()
  const [put, setPut] = useState<'low' | 'spent' | null>(null)
  const stage = state?.isSpent ? 'spent' : 'low'
  if (!state?.isLow || put === stage) return null
  return (
    <div className="low-balance small" role="status">
      <p>
        <b className="num">{state.isSpent ? 'No credits are left.' : `${shown(state.balance, 2)} credits are left.`}</b>{' '}
        <MoreCreditsWords />
      </p>
      <MoreCreditsLink />
      <button type="button" className="icon-button small" onClick={() => setPut(stage)} aria-label="Put this notice away">
        <X size={14} aria-hidden />
      </button>
    </div>
  )
}
