// What cannot wait until the page's script has come.

// Before the first paint, so that nobody who asked for light is flashed with dark.
try {
  document.documentElement.dataset.theme = localStorage.getItem('theme') === 'light' ? 'light' : 'dark'
} catch {
  document.documentElement.dataset.theme = 'dark'
}

// The first bearer, and with it what every screen behind the sign-in shows: taken up by web/api/early.ts.
if (location.pathname !== '/sign-in') {
  const token = fetch('/api/auth/token', { credentials: 'same-origin' }).catch(() => null)
  const bearer = token.then(answer => (answer?.ok ? answer.clone().json() : null)).catch(() => null)
  const ask = path => bearer.then(found => found && fetch(path, { headers: { authorization: `Bearer ${found.token}` } })).catch(() => null)
  const paths = ['/auth/me', '/models', '/rooms', '/agents?limit=200', '/users/me/wallet'].map(path => `/api/v1${path}`)
  window.early = new Map([
    ['/api/auth/token', token],
    ['/api/v1/auth/config', fetch('/api/v1/auth/config').catch(() => null)],
    ...paths.map(path => [path, ask(path)]),
  ])
}
