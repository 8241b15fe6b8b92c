import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import './ui/tokens.css'
import './ui/base.css'
import './ui/markdown.css'
import './features/shell/shell.css'
import './features/chat/chat.css'
import './features/rooms/rooms.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { agents, authConfig, me, models, queryClient, rooms, wallet } from './api/queries.ts'
import { onSignedOut } from './api/token.ts'
import { refreshAfterTurns } from './features/chat/use-session.ts'
import { router } from './router.tsx'

/** What every screen behind the sign-in shows, asked for at once: by the time the screens ask, the answers are on their way. */
function askAhead(): void {
  void queryClient.prefetchQuery(authConfig)
  for (const query of [me, rooms, agents, wallet, models]) void queryClient.prefetchQuery(query as typeof me)
}

if (location.pathname !== '/sign-in') askAhead()
refreshAfterTurns()
onSignedOut(() => {
  const { pathname, href } = router.state.location
  if (pathname === '/sign-in') return
  void router.navigate({ to: '/sign-in', search: { after: href } })
})

createRoot(document.querySelector('#page')!).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
