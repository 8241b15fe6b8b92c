/** What is done outside of requests, and what each of it needs to know. Every job may run twice. */
export interface Jobs {
  'parse-file': { fileId: string }
  /** Follows a `parse-file` that was given up. */
  'give-up-file': { fileId: string }
  'remove-objects': Record<string, never>
  'purge-deleted': Record<string, never>
  'apply-retention': Record<string, never>
  'erase-user': { userId: string }
  'check-rollups': Record<string, never>
  'fold-usage': Record<string, never>
}

export type JobName = keyof Jobs
