import { useQuery } from '@tanstack/react-query'
import { authConfig, me, wallet } from '../../api/queries.ts'
import { compare } from '../../ui/decimal.ts'

export interface BalanceState {
  balance: string
  isLow: boolean
  isSpent: boolean
}

/** What is left, and whether that is little, by the server's own measure. */
export function useBalance(): BalanceState | null {
  const { data } = useQuery(wallet)
  const { data: config } = useQuery(authConfig)
  if (!data) return null
  const isLow = config !== undefined && compare(data.balance, config.low_balance_threshold) < 0
  return { balance: data.balance, isLow, isSpent: compare(data.balance, '0') <= 0 }
}

/** Where more credits come from: by card, from oneself as an owner, or from an owner. */
export function useCreditSource(): 'card' | 'self' | 'owner' {
  const { data: config } = useQuery(authConfig)
  const { data: user } = useQuery(me)
  if (config?.stripe_publishable_key) return 'card'
  return user?.role === 'owner' ? 'self' : 'owner'
}
