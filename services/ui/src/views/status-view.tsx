/** How the server is, in words. */
import type { ReactNode } from 'react';
import { labelValues } from '../api/querier.ts';
import {
  type Options,
  scrapeTargets,
  serverMetrics,
  serverOptions,
  serverVersion,
  storedData,
  tenantOptions,
} from '../api/server.ts';
import { limitsOf } from '../model/limits.ts';
import { formatTime } from '../model/time-range.ts';
import { formatValue } from '../model/units.ts';
import { Loading } from '../parts/loading.tsx';
import { usePage } from '../parts/page.ts';
import { type Answer, useAnswer } from '../parts/use-answer.ts';
import { SendProfiles } from './send-profiles.tsx';
import { Catalog, Ingestion, Queries } from './status-figures.tsx';
import { TargetTable } from './target-table.tsx';

const HOUR_MS = 3_600_000;

export function StatusView() {
  const { state, nowMs, hasTenants } = usePage();
  const { tenant } = state;
  const key = `${tenant} ${nowMs}`;
  const stored = useAnswer(key, (signal) => storedData({ tenant, signal }));
  const senders = useAnswer(key, (signal) =>
    labelValues({ tenant, signal }, 'service_name', { selector: '{}', startMs: nowMs - HOUR_MS, endMs: nowMs }),
  );
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
  // Figures of the process are of all tenants: of several none is shown those of the others.
  const isAlone = hasTenants === false;
  return (
    <div className="status">
      <Part title="Server" answer={ready}>
        {({ words, version }) => (
          <>
            <p>{words === 'ready' ? 'It is ready: it can take its part of the work.' : `Not ready: ${words}`}</p>
            <p className="quiet">Flamelake {version}</p>
          </>
        )}
      </Part>
      <Part title="Data" answer={stored}>
        {({ dataIngested, oldestProfileMs, newestProfileMs, countedFromMs, levels }) =>
          dataIngested ? (
            <p>
              {countedFromMs > 0 && 'More than '}
              {formatValue(
                levels.reduce((sum, { bytes }) => sum + bytes, 0),
                'bytes',
              )}{' '}
              are stored. The oldest profile is of {formatTime(oldestProfileMs)}, the newest of{' '}
              {formatTime(newestProfileMs)}.
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
        {(all) => (
          <>
            <Ingestion metrics={all} tenant={isAlone ? '' : tenant} />
            <Loading answer={senders}>
              {(services) => (
                <p>
                  {services.length === 0
                    ? 'No service has sent a profile in the last hour.'
                    : `${services.length === 1 ? 'One service has' : `${services.length} services have`} sent profiles in the last hour.`}
                </p>
              )}
            </Loading>
          </>
        )}
      </Part>
      <Part title="Catalog" answer={stored}>
        {(data) => <Catalog stored={data} metrics={isAlone ? (metrics.value ?? []) : []} />}
      </Part>
      {isAlone && (
        <Part title="Queries" answer={metrics}>
          {(all) => <Queries metrics={all} />}
        </Part>
      )}
      <Part title="Targets" answer={targets}>
        {(all) => <TargetTable targets={all} />}
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
