import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  parseSearchWith,
  stringifySearchWith,
} from '@tanstack/react-router'
import { SignIn } from './features/accounts/sign-in.tsx'
import { Home } from './features/rooms/home.tsx'
import { Broken, NotHere } from './features/shell/lost.tsx'
import { Shell } from './features/shell/shell.tsx'
import { Loading } from './ui/notice.tsx'

// The page's own addresses. The server answers these, and no others, with the page (server/http/page.ts).

const root = createRootRoute({ component: Outlet, notFoundComponent: NotHere, errorComponent: Broken })

const optional = (value: unknown): string | undefined => (value === undefined || value === '' ? undefined : String(value))

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: SignIn,
  validateSearch: (search: Record<string, unknown>): { after?: string; left?: string; error?: string } => ({
    after: optional(search.after),
    error: optional(search.error),
    left: optional(search.left),
  }),
})
const signedIn = createRoute({ getParentRoute: () => root, id: 'signed-in', component: Shell })
const home = createRoute({ getParentRoute: () => signedIn, path: '/', component: Home })
/** A conversation, and the turn in it that is looked for. */
const inSession = (search: Record<string, unknown>): { session?: string; turn?: string } => ({
  session: optional(search.session),
  turn: optional(search.turn),
})
const room = createRoute({
  getParentRoute: () => signedIn,
  path: '/rooms/$roomId',
  component: lazyRouteComponent(() => import('./features/rooms/room-screen.tsx'), 'RoomScreen'),
  validateSearch: inSession,
})

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
const search = createRoute({
  getParentRoute: () => signedIn,
  path: '/search',
  component: lazyRouteComponent(() => import('./features/search/search-screen.tsx'), 'SearchScreen'),
  validateSearch: (wanted: Record<string, unknown>): { q?: string } => ({ q: optional(wanted.q) }),
})
const deleted = createRoute({
  getParentRoute: () => signedIn,
  path: '/deleted',
  component: lazyRouteComponent(() => import('./features/deleted/deleted-screen.tsx'), 'DeletedScreen'),
})
const account = createRoute({
  getParentRoute: () => signedIn,
  path: '/account',
  component: lazyRouteComponent(() => import('./features/account/account-screen.tsx'), 'AccountScreen'),
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
const adminPage = <const Path extends string>(path: Path, name: 'Models' | 'Settings' | 'AuditLog' | 'FailedJobs') =>
  createRoute({ getParentRoute: () => admin, path, component: lazyRouteComponent(() => import('./features/admin/admin-pages.ts'), name) })

const usage = createRoute({
  getParentRoute: () => admin,
  path: '/',
  component: lazyRouteComponent(() => import('./features/admin/admin-pages.ts'), 'Overview'),
  validateSearch: (search: Record<string, unknown>): { user?: string; model?: string } => ({
    user: optional(search.user),
    model: optional(search.model),
  }),
})
const users = createRoute({
  getParentRoute: () => admin,
  path: '/users',
  component: lazyRouteComponent(() => import('./features/admin/admin-pages.ts'), 'Users'),
  validateSearch: (search: Record<string, unknown>): { user?: string } => ({ user: optional(search.user) }),
})

const tree = root.addChildren([
  signIn,
  signedIn.addChildren([
    home,
    room,
    agents,
    newAgent,
    agent,
    direct,
    search,
    deleted,
    account,
    billing,
    admin.addChildren([
      usage,
      users,
      adminPage('/models', 'Models'),
      adminPage('/settings', 'Settings'),
      adminPage('/audit-log', 'AuditLog'),
      adminPage('/jobs', 'FailedJobs'),
    ]),
  ]),
])

export const router = createRouter({
  routeTree: tree,
  // All that an address of this page says is text: a phrase keeps its quotes, a number its noughts.
  parseSearch: parseSearchWith(text => text),
  stringifySearch: stringifySearchWith(String),
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Loading what="the page" />,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
