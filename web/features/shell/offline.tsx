import { useSyncExternalStore } from 'react'

function onChange(listener: () => void): () => void {
  addEventListener('online', listener)
  addEventListener('offline', listener)
  return () => {
    removeEventListener('online', listener)
    removeEventListener('offline', listener)
  }
}

export function Offline() {
  const isOnline = useSyncExternalStore(onChange, () => navigator.onLine)
  return (
    <div role="status">
      {!isOnline && (
        <p className="offline small">
          <b>You are offline.</b> What you type is kept, and turns that run go on without you. The page catches up as soon as you are back.
        </p>
      )}
    </div>
  )
}
