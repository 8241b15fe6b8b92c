import { createOutbound } from '../server/outbound/outbound.ts'

/** A way out that leads to this machine, where the tests' endpoints are. */
export const anywhere = createOutbound({ trustedOrigins: [], allowPrivate: true, connectMs: 5_000 })
