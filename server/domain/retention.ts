/** How long what was deleted can be brought back (data.md, Life of data). */
export const RESTORE_DAYS = 7
