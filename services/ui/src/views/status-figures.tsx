/** Figures of the status view in words: what this process can tell of, and what the catalog tells of all. */
import { type Metric, type StoredData, sumOf } from '../api/server.ts';
import { queryFigures } from '../model/query-figures.ts';
import { formatTime } from '../model/time-range.ts';
import { formatValue } from '../model/units.ts';

interface IngestionProps {
  readonly metrics: readonly Metric[];
  /** Counts of this tenant alone; of all when empty. */
  readonly tenant: string;
}

export function Ingestion({ metrics, tenant }: IngestionProps) {
  const label = tenant === '' ? '' : 'tenant';
  const isHere = metrics.some(({ name }) => name === 'flamelake_distributor_in_flight_bytes');
  if (!isHere) return <p>Distributors take profiles, and count in their own metrics what they take and refuse.</p>;
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

/** By level: what their blocks are of. */
const LEVELS = ['In no block yet', 'Blocks of minutes', 'Blocks of hours', 'Blocks of days'];

interface CatalogProps {
  readonly stored: StoredData;
  /** Of this process; none when they are of other tenants, too. */
  readonly metrics: readonly Metric[];
}

/** Where the data is that queries read: it is in the bucket, so any process that answers queries knows it. */
export function Catalog({ stored: { levels, countedFromMs, pendingDeletes, pins }, metrics }: CatalogProps) {
  const lag = sumOf(metrics, 'flamelake_compactor_retention_lag_seconds');
  return (
    <>
      <dl className="limits">
        {LEVELS.map((words, level) => {
          const { blocks, bytes } = levels.find((one) => one.level === level) ?? { blocks: 0, bytes: 0 };
          const things = level === 0 ? 'segment' : 'block';
          return (
            <div key={words}>
              <dt>{words}</dt>
              <dd>
                {blocks === 0
                  ? 'none'
                  : `${formatValue(bytes, 'bytes')} in ${blocks} ${things}${blocks === 1 ? '' : 's'}`}
              </dd>
            </div>
          );
        })}
      </dl>
      {countedFromMs > 0 && <p>What is older than {formatTime(countedFromMs)} is stored, and not counted here.</p>}
      {pendingDeletes > 0 && <p>{pendingDeletes} deletes hold in queries, and wait for compactors to apply them.</p>}
      {pins > 0 && <p>{pins} selections are exempt from retention.</p>}
      {lag > 86_400 && <p>Profiles are {formatValue(lag, 'seconds')} older than they are to be kept.</p>}
    </>
  );
}

export function Queries({ metrics }: { readonly metrics: readonly Metric[] }) {
  const { answered, failed, halfWithinSeconds } = queryFigures(metrics);
  const queriers = metrics.find(({ name }) => name === 'flamelake_query_queriers')?.value;
  return (
    <>
      <p>
        Since its start it has answered {formatValue(answered, 'count')} queries
        {halfWithinSeconds !== undefined &&
          answered > 0 &&
          `, half of them within ${formatValue(halfWithinSeconds, 'seconds')}`}
        . {failed === 0 ? 'None has failed.' : `${formatValue(failed, 'count')} have failed.`}
      </p>
      {queriers !== undefined && (
        <p>{queriers === 1 ? 'One querier reads' : `${queriers} queriers read`} blocks for it.</p>
      )}
    </>
  );
}
