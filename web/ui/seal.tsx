import { initials } from './voice.ts'

/** An agent's mark, in its voice. */
export const Seal = ({ name, voice, large = false }: { name: string; voice: string; large?: boolean }) => (
  <span className={large ? 'seal large' : 'seal'} data-voice={voice} aria-hidden>
    {initials(name)}
  </span>
)
