/** How the server is, in words. */
import type { ReactNode } from 'react';
import { profileStats } from '../api/querier.ts';
import {
  type Metric,
  type Options,
  scrapeTargets,
  serverMetrics,
  serverOptions,
  serverVersion,
  sumOf,
  type Target,
  tenantOptions,
} from '../api/server.ts';
import { limitsOf } from '../model/limits.ts';
import { formatTime } from '../model/time-range.ts';
import { formatValue } from '../model/units.ts';
import { Loading } from '../parts/loading.tsx';
import { usePage } from '../parts/page.ts';
import { type Answer, useAnswer } from '../parts/use-answer.ts';
import { SendProfiles } from './send-profiles.tsx';

const TARGETS_MAX = 200;

export function StatusView() {
  const { state, nowMs, hasTenants } = usePage();
  const { tenant } = state;
  const key = `${tenant} ${nowMs}`;
  const stats = useAnswer(key, (signal) => profileStats({ tenant, signal }));
  const ready = useAnswer(key, async (signal) => {
    const [answer, version] = await Promise.all([fetch('/ready', { signal }), serverVersion(signal)]);
    return { words: await answer.text(), version };
  });
  const metrics = useAnswer(key, serverMetrics);
  const targets = useAnswer(key, async (signal) => {
    const scrapes = ((await serverOptions(signal)).get('scraper.config-file') ?? '') !== '';
    return scrapes ? scrapeTargets({ tenant, signal }) : [];
  });
  const options = useAnswer(key, (signal) => tenantOptions({ tenant, signal }));
  return (
    <div className="status">
      <Part title="Server" answer={ready}>
        {({ words, version }) => (
          <>
            <p>{words === 'ready' ? 'It is ready: it can take profiles and answer queries.' : `Not ready: ${words}`}</p>
            <p className="quiet">Flamelake {version}</p>
          </>
        )}
      </Part>
      <Part title="Data" answer={stats}>
        {({ dataIngested = false, oldestProfileTime = '0', newestProfileTime = '0' }) =>
          dataIngested ? (
            <p>
              The oldest profile is of {formatTime(Number(oldestProfileTime))}, the newest of{' '}
              {formatTime(Number(newestProfileTime))}.
            </p>
          ) : (
            <>
              <p>Nothing is stored yet.</p>
              <SendProfiles />
            </>
          )
        }
      </Part>
      <Part title="Ingestion" answer={metrics}>
        {(all) => <Ingestion metrics={all} tenant={hasTenants === false ? '' : tenant} />}
      </Part>
      {hasTenants === false && (
        <Part title="Catalog" answer={metrics}>
          {(all) => <Catalog metrics={all} />}
        </Part>
      )}
      <Part title="Targets" answer={targets}>
        {(all) => <Targets targets={all} />}
      </Part>
      <Part title="Limits" answer={options}>
        {(all) => <Limits options={all} />}
      </Part>
      <section>
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
      </section>
    </div>
  );
}

interface PartProps<Value> {
  readonly title: string;
  readonly answer: Answer<Value>;
  readonly children: (value: Value) => ReactNode;
}

function Part<Value>({ title, answer, children }: PartProps<Value>) {
  return (
    <section>
      <h2>{title}</h2>
      <Loading answer={answer}>{children}</Loading>
    </section>
  );
}

interface IngestionProps {
  readonly metrics: readonly Metric[];
  /** Counts of this tenant alone; of all when empty. */
  readonly tenant: string;
}

function Ingestion({ metrics, tenant }: IngestionProps) {
  const label = tenant === '' ? '' : 'tenant';
  const isHere = metrics.some(({ name }) => name === 'flamelake_distributor_in_flight_bytes');
  if (!isHere) return <p>This process takes no profiles: others do, and their metrics tell.</p>;
  const profiles = sumOf(metrics, 'flamelake_distributor_received_profiles_total', label, tenant);
  const bytes = sumOf(metrics, 'flamelake_distributor_received_bytes_total', label, tenant);
  const reasons = new Map<string, number>();
  for (const { name, labels, value } of metrics) {
    if (name !== 'flamelake_discarded_samples_total' || (label !== '' && labels.get(label) !== tenant)) continue;
    const reason = labels.get('reason') ?? '';
    reasons.set(reason, (reasons.get(reason) ?? 0) + value);
  }
  const lag = Math.max(
    0,
    ...metrics.filter(({ name }) => name === 'flamelake_segment_writer_lag_seconds').map(({ value }) => value),
  );
  return (
    <>
      <p>
        Since its start it has taken {formatValue(profiles, 'count')} profiles, {formatValue(bytes, 'bytes')} as sent.
        {label === '' &&
          (lag < 5
            ? ' All of them can be queried.'
            : ` The last ${formatValue(lag, 'seconds')} of them cannot be queried yet.`)}
      </p>
      {reasons.size === 0 ? (
        <p>It has refused none.</p>
      ) : (
        <p>
          Refused, in samples:{' '}
          {[...reasons]
            .map(([reason, value]) => `${reason.replaceAll('_', ' ')} ${formatValue(value, 'count')}`)
            .join(', ')}
          .
        </p>
      )}
    </>
  );
}

const LEVELS = ['minutes', 'hours', 'days'];

function Catalog({ metrics }: { readonly metrics: readonly Metric[] }) {
  const blocks = metrics.filter(({ name }) => name === 'flamelake_compactor_blocks');
  if (blocks.length === 0) return <p>This process compacts nothing: compactors do, and their metrics tell.</p>;
  const lag = sumOf(metrics, 'flamelake_compactor_retention_lag_seconds');
  return (
    <>
      <ul>
        {LEVELS.map((words, i) => {
          const level = String(i + 1);
          const count = sumOf(metrics, 'flamelake_compactor_blocks', 'level', level);
          const bytes = sumOf(metrics, 'flamelake_compactor_block_bytes', 'level', level);
          return (
            <li key={level}>
              Blocks of {words}: {count === 0 ? 'none' : `${count}, ${formatValue(bytes, 'bytes')}`}
            </li>
          );
        })}
      </ul>
      {lag > 86_400 && <p>Profiles are {formatValue(lag, 'seconds')} older than they are to be kept.</p>}
    </>
  );
}

function Targets({ targets }: { readonly targets: readonly Target[] }) {
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

function Limits({ options }: { readonly options: Options }) {
  return (
    <dl className="limits">
      {limitsOf(options).map(({ option, words, value }) => (
        <div key={option} title={option}>
          <dt>{words}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
