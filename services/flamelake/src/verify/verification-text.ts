/** A verification in words and tables. */
import { ANONYMOUS_TENANT } from '@flamelake/model';
import { textTable } from '../commands/text-table.ts';
import { DIFFERENCES_SHOWN_MAX } from './findings.ts';
import { sortedTotals, type Totals } from './totals.ts';
import type { Verification } from './verify-store.ts';

/** @param tenant - whose totals are shown; of all when empty */
export function verificationText({ findings, totals, partitions, log, answers }: Verification, tenant: string): string {
  const parts = [totalsTable(totals, tenant), ''];
  for (const { partition, start, end, compared, profiles, repeats, late, quarantined, pending, skipped } of log) {
    parts.push(
      `log: ${log.length === 1 ? '' : `partition ${partition}, `}offsets ${start} to ${end}; ${compared} records compared: ${profiles} profiles, ${repeats} repeats, ${late} late, ` +
        `${quarantined} records in quarantine; ${pending} not yet in a segment${skipped > 0 ? `, ${skipped} too many to compare` : ''}`,
    );
  }
  for (const { root, version, blocks, segments, bytes, profiles, quarantined, next } of partitions) {
    parts.push(
      `store: log ${root.logId} partition ${root.partition}: version ${version}, ${blocks} blocks, ${segments} segments, ` +
        `${bytes} bytes, offsets 0 to ${next}, ${profiles} profiles taken in${quarantined > 0 ? `, ${quarantined} records in quarantine` : ''}`,
    );
  }
  if (answers > 0) parts.push(`server: ${answers} answers compared`);
  for (const note of findings.notes) parts.push(`note: ${note}`);
  for (const { reason, count, sizeBytes, keys } of findings.unnamed) {
    parts.push(`${count} objects, ${sizeBytes} bytes: ${reason}`);
    for (const key of keys) parts.push(`    ${key}`);
    if (count > keys.length) parts.push(`    and ${count - keys.length} more`);
  }
  for (const words of findings.differences) parts.push(`DIFFERENCE ${words}`);
  if (findings.count > DIFFERENCES_SHOWN_MAX) parts.push(`and ${findings.count - DIFFERENCES_SHOWN_MAX} more`);
  parts.push(`${findings.count} differences`, '');
  return parts.join('\n');
}

function totalsTable(totals: Totals, tenant: string): string {
  const rows = sortedTotals(totals).filter((row) => tenant === '' || row.tenant === tenant);
  const showsTenants = rows.some((row) => row.tenant !== ANONYMOUS_TENANT);
  const lines = rows.map(({ service, type, profiles, samples, total, ...row }) => [
    ...(showsTenants ? [`${row.tenant}/${service} ${type}`] : [`${service} ${type}`]),
    String(profiles),
    String(samples),
    String(total),
  ]);
  const name = showsTenants ? 'tenant/service, profile type' : 'service, profile type';
  return textTable([name, 'profiles', 'samples', 'total'], lines);
}
