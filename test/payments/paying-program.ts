import { afterAll, expect } from 'vitest'
import { type Answer, type Client, type TestProgram, useProgram } from '../program.ts'
import { type SignedEvent, type StandInIntent, type StripeEndpoint, startStripeEndpoint } from '../stripe-endpoint.ts'

export interface PayingProgram extends TestProgram {
  stripe: StripeEndpoint
  /** Brings an event to the webhook, as Stripe does. */
  deliver(event: SignedEvent): Promise<Answer>
  /** Orders a top-up and gives its payment. */
  order(client: Client, amountUsd: string): Promise<StandInIntent>
  balanceOf(client: Client): Promise<string>
  /** Amounts and kinds, oldest first, without the sign-up's grant. */
  ledgerOf(client: Client): Promise<string[]>
}

/** The real program with a stand-in for Stripe. New users have no credits. */
export async function usePayingProgram(environment: Record<string, string> = {}): Promise<PayingProgram> {
  const stripe = await startStripeEndpoint()
  afterAll(stripe.close)
  const program = await useProgram({
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_API_BASE: stripe.url,
    SIGNUP_GRANT_CREDITS: '0',
    ...environment,
  })
  return {
    ...program,
    stripe,
    deliver: event => deliverTo(program.address, event),
    async order(client, amountUsd) {
      const answer = await client.post('/users/me/wallet/top-up', { amount_usd: amountUsd })
      expect(answer).toMatchObject({ status: 200 })
      return stripe.intentOf(answer.body.client_secret)
    },
    balanceOf: async client => (await client.get('/users/me/wallet')).body.balance,
    async ledgerOf(client) {
      const { transactions } = (await client.get('/users/me/transactions?limit=200')).body
      return transactions.map(({ kind, amount }: { kind: string; amount: string }) => `${kind} ${amount}`).reverse()
    },
  }
}

export async function deliverTo(
  address: string,
  { body, headers }: { body: string | Uint8Array<ArrayBuffer>; headers: Record<string, string> },
): Promise<Answer> {
  const response = await fetch(`${address}/webhooks/stripe`, { method: 'POST', headers, body })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** Users whose balance is not the sum of their ledger. There must never be one. */
export async function brokenBalances({ database }: Pick<TestProgram, 'database'>): Promise<unknown[]> {
  const { rows } = await database.pool.query(`
    select wallet.user_id, wallet.balance, coalesce(sum(amount), 0) as ledger
    from credit_wallets wallet left join credit_transactions entry on entry.wallet_id = wallet.id
    group by wallet.id having wallet.balance <> coalesce(sum(amount), 0)`)
  return rows
}

/** Top-ups whose ledger rows do not sum up to what was granted less what was taken back. There must never be one. */
export async function brokenTopUps({ database }: Pick<TestProgram, 'database'>): Promise<unknown[]> {
  const { rows } = await database.pool.query(`
    select top_up.id, state, credits, credits_taken_back, coalesce(sum(amount), 0) as ledger
    from top_ups top_up left join credit_transactions entry on entry.reference_id = top_up.payment_intent_id
    group by top_up.id
    having coalesce(sum(amount), 0) <> case when paid_at is null then 0 else credits - credits_taken_back end`)
  return rows
}
