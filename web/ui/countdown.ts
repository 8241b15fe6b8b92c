import { useEffect, useState } from 'react'

/** Seconds until what was refused may be tried again; 0 when it may. */
export function useCountdown(refusal: { retryAfterSeconds: number | null } | null): number {
  const [left, setLeft] = useState(0)
  useEffect(() => {
    if (!refusal?.retryAfterSeconds) return setLeft(0)
    const until = Date.now() + refusal.retryAfterSeconds * 1000
    const tick = () => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000)))
    tick()
    const timer = setInterval(tick, 250)
    return () => clearInterval(timer)
  }, [refusal])
  return left
}
