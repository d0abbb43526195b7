/** What is shown where there is nothing to show: why, and what to do. */
import { profileStats } from '../api/querier.ts';
import { usePage } from '../parts/page.ts';
import { useAnswer } from '../parts/use-answer.ts';
import { SendProfiles } from './send-profiles.tsx';

export function NoData() {
  const { state, go, nowMs } = usePage();
  const stats = useAnswer(`${state.tenant} ${nowMs}`, (signal) => profileStats({ tenant: state.tenant, signal }));
  const isNew = stats.value !== undefined && stats.value.dataIngested !== true;
  return (
    <div className="empty">
      <p>
        <b>{isNew ? 'No profile has been sent yet.' : 'No profile of this type in this time range.'}</b>
      </p>
      {!isNew && (
        <p>
          <button onClick={() => go({ from: 'now-24h', until: 'now' })}>Look at the last day</button> or choose another
          profile type above.
        </p>
      )}
      {isNew ? (
        <SendProfiles />
      ) : (
        <details>
          <summary>How to send profiles</summary>
          <SendProfiles />
        </details>
      )}
    </div>
  );
}
