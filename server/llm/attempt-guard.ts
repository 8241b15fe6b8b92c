/** Why an attempt was ended from our side. */
export type AttemptEnd = 'cancelled' | 'too_slow'

/** The one abort signal of an attempt: the caller's abort, or the deadline that is in force. */
export interface AttemptGuard {
  readonly signal: AbortSignal
  /** Null while nothing has fired. */
  readonly end: AttemptEnd | null
  /** From now on there are `milliseconds` left; replaces the deadline before. */
  allow(milliseconds: number): void
  /** There was a sign of life: the time that was allowed last begins anew. Cheap enough for every read. */
  renew(): void
  /** Forgets the caller's signal and the timer; afterwards nothing fires. */
  release(): void
}

export function guardAttempt(cancel: AbortSignal): AttemptGuard {
  const controller = new AbortController()
  let end: AttemptEnd | null = null
  let timer: NodeJS.Timeout | undefined

  function finish(reason: AttemptEnd): void {
    end ??= reason
    controller.abort()
  }
  const cancelled = () => finish('cancelled')

  cancel.addEventListener('abort', cancelled, { once: true })
  if (cancel.aborted) cancelled()
  return {
    signal: controller.signal,
    get end() {
      return end
    },
    allow(milliseconds) {
      clearTimeout(timer)
      timer = setTimeout(finish, milliseconds, 'too_slow')
    },
    renew() {
      timer?.refresh()
    },
    release() {
      clearTimeout(timer)
      cancel.removeEventListener('abort', cancelled)
    },
  }
}
