import { useQuery } from '@tanstack/react-query'
import { me } from '../../api/queries.ts'

/** Analysts are shown no way to change anything. */
export const useIsOwner = (): boolean => useQuery(me).data?.role === 'owner'
