// One chunk for all screens of the administration: few people load it.
export { AuditLog } from './audit-log.tsx'
export { FailedJobs } from './failed-jobs.tsx'
export { Models } from './models.tsx'
export { Overview } from './overview.tsx'
export { Settings } from './settings.tsx'
export { Users } from './users.tsx'
