import { useMutation, useQuery } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { authConfig } from '../../api/queries.ts'
import { Notice } from '../../ui/notice.tsx'
import { useForgetting } from '../shell/forgetting.ts'

export function SignOutEverywhere() {
  const { data: config } = useQuery(authConfig)
  const forget = useForgetting()
  const end = useMutation({
    mutationFn: () => call('POST /users/me/sign-out-everywhere', {}),
    onSuccess: () => forget({ left: 'everywhere' }),
  })
  return (
    <section className="section" aria-labelledby="sign-ins">
      <h2 id="sign-ins">Sign-ins</h2>
      {end.error && <Notice tone="bad">{end.error.message} Nothing was ended; try again.</Notice>}
      <p className="small muted">
        Ends your sign-in on every device, this one too, within five seconds. API keys stay.
        {config && !config.local && ' Whoever keeps your account may let you in again without a question; sign out there, too.'}
      </p>
      <div>
        <button type="button" className="button" disabled={end.isPending} onClick={() => end.mutate()}>
          Sign out everywhere
        </button>
      </div>
    </section>
  )
}
