/** Programs whose profiles are fetched from here: where they are, and how that goes. */
import type { Target } from '../api/server.ts';
import { formatTime } from '../model/time-range.ts';

const TARGETS_MAX = 200;

export function TargetTable({ targets }: { readonly targets: readonly Target[] }) {
  if (targets.length === 0) return <p>Nothing is scraped here: programs send their profiles themselves.</p>;
  const down = targets.filter(({ health }) => health === 'down');
  const shown = [...down, ...targets.filter(({ health }) => health !== 'down')].slice(0, TARGETS_MAX);
  return (
    <>
      <p>
        {targets.length} profiles of programs are fetched from here,{' '}
        {down.length === 0 ? 'all without trouble.' : `${down.length} of them without success.`}
      </p>
      <div className="table" tabIndex={0} role="region" aria-label="Targets">
        <table>
          <thead>
            <tr>
              <th>Address</th>
              <th>Job</th>
              <th>State</th>
              <th>Last fetched</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={`${one.job} ${one.url}`}>
                <td title={one.lastError}>
                  {one.url} <span className="error">{one.lastError}</span>
                </td>
                <td>{one.job}</td>
                <td>{one.health}</td>
                <td>{one.lastScrape === undefined ? 'not yet' : formatTime(Date.parse(one.lastScrape))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {targets.length > TARGETS_MAX && <p className="quiet">{targets.length - TARGETS_MAX} more are not shown.</p>}
    </>
  );
}
