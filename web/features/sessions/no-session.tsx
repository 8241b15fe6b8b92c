import { Notice } from '../../ui/notice.tsx'

/** Where the address names a conversation that is not here. */
export const NoSession = () => (
  <div className="timeline empty">
    <div className="column">
      <Notice tone="warn">
        This conversation is not here: it was deleted, or its address is wrong. Open another one under Sessions, or begin a new one there;
        what was deleted in the last 7 days can be brought back there, too.
      </Notice>
    </div>
  </div>
)
