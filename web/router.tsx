import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet } from '@tanstack/react-router'
import { SignIn } from './features/accounts/sign-in.tsx'
import { Home } from './features/rooms/home.tsx'
import { RoomScreen } from './features/rooms/room-screen.tsx'
import { Broken, NotHere } from './features/shell/lost.tsx'
import { Shell } from './features/shell/shell.tsx'
import { Loading } from './ui/notice.tsx'

// The page's own addresses. The server answers these, and no others, with the page (server/http/page.ts).

const root = createRootRoute({ component: Outlet, notFoundComponent: NotHere, errorComponent: Broken })

const optional = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: SignIn,
  validateSearch: (search: Record<string, unknown>): { after?: string } => ({ after: optional(search.after) }),
})
const signedIn = createRoute({ getParentRoute: () => root, id: 'signed-in', component: Shell })
const home = createRoute({ getParentRoute: () => signedIn, path: '/', component: Home })
const inSession = (search: Record<string, unknown>): { session?: string } => ({ session: optional(search.session) })
const room = createRoute({ getParentRoute: () => signedIn, path: '/rooms/$roomId', component: RoomScreen, validateSearch: inSession })

const agents = createRoute({
  getParentRoute: () => signedIn,
  path: '/agents',
  component: lazyRouteComponent(() => import('./features/agents/agents-screen.tsx'), 'AgentsScreen'),
})
const newAgent = createRoute({
  getParentRoute: () => signedIn,
  path: '/agents/new',
  component: lazyRouteComponent(() => import('./features/agents/agent-screen.tsx'), 'NewAgentScreen'),
  validateSearch: (search: Record<string, unknown>): { room?: string } => ({ room: optional(search.room) }),
})
const agent = createRoute({
  getParentRoute: () => signedIn,
  path: '/agents/$agentId',
  component: lazyRouteComponent(() => import('./features/agents/agent-screen.tsx'), 'AgentScreen'),
})
const direct = createRoute({
  getParentRoute: () => signedIn,
  path: '/agents/$agentId/chat',
  component: lazyRouteComponent(() => import('./features/agents/direct-screen.tsx'), 'DirectScreen'),
  validateSearch: inSession,
})
const billing = createRoute({
  getParentRoute: () => signedIn,
  path: '/billing',
  component: lazyRouteComponent(() => import('./features/billing/billing-screen.tsx'), 'BillingScreen'),
})
const admin = createRoute({
  getParentRoute: () => signedIn,
  path: '/admin',
  component: lazyRouteComponent(() => import('./features/admin/admin-screen.tsx'), 'AdminScreen'),
})
const adminPage = <const Path extends string>(path: Path, name: 'Overview' | 'Users' | 'Models' | 'Settings' | 'AuditLog') =>
  createRoute({ getParentRoute: () => admin, path, component: lazyRouteComponent(() => import('./features/admin/admin-pages.ts'), name) })

const tree = root.addChildren([
  signIn,
  signedIn.addChildren([
    home,
    room,
    agents,
    newAgent,
    agent,
    direct,
    billing,
    admin.addChildren([
      adminPage('/', 'Overview'),
      adminPage('/users', 'Users'),
      adminPage('/models', 'Models'),
      adminPage('/settings', 'Settings'),
      adminPage('/audit-log', 'AuditLog'),
    ]),
  ]),
])

export const router = createRouter({
  routeTree: tree,
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Loading what="the page" />,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
