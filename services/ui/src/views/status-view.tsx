/** How the server is, in words. */
import { profileStats } from '../api/querier.ts';
import { formatTime } from '../model/time-range.ts';
import { Loading } from '../parts/loading.tsx';
import { usePage } from '../parts/page.ts';
import { useAnswer } from '../parts/use-answer.ts';

export function StatusView() {
  const { state, nowMs } = usePage();
  const stats = useAnswer(`${state.tenant}${nowMs}`, (signal) => profileStats({ tenant: state.tenant, signal }));
  const ready = useAnswer(String(nowMs), async (signal) => (await fetch('/ready', { signal })).text());
  return (
    <div className="status">
      <h2>Server</h2>
      <Loading answer={ready}>
        {(words) => <p>{words === 'ready' ? 'It is ready: it can take profiles and answer queries.' : words}</p>}
      </Loading>
      <h2>Data</h2>
      <Loading answer={stats}>
        {({ dataIngested = false, oldestProfileTime = '0', newestProfileTime = '0' }) =>
          dataIngested ? (
            <p>
              The oldest profile is of {formatTime(Number(oldestProfileTime))}, the newest of{' '}
              {formatTime(Number(newestProfileTime))}.
            </p>
          ) : (
            <p>Nothing is stored yet.</p>
          )
        }
      </Loading>
      <h2>More</h2>
      <ul>
        <li>
          <a href="/start">How to send profiles</a>
        </li>
        <li>
          <a href="/metrics">Metrics, for Prometheus</a>
        </li>
        <li>
          <a href="/ready">/ready</a>, for load balancers
        </li>
      </ul>
    </div>
  );
}
