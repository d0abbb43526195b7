/** What every profile log refuses, in the same words. */
import { FlamelakeError, type LogBounds } from '@flamelake/model';

export function closedError(): FlamelakeError {
  return new FlamelakeError('failed_precondition', 'profile log is closed');
}

export function checkPartition(partition: number, partitionCount: number): void {
  if (Number.isInteger(partition) && partition >= 0 && partition < partitionCount) return;
  throw new FlamelakeError('invalid_argument', 'profile log has no such partition', { partition, partitionCount });
}

export function checkRecordSize(value: Uint8Array, limit: number): void {
  if (value.length <= limit) return;
  throw new FlamelakeError('invalid_argument', 'record is too large for the profile log', {
    sizeBytes: value.length,
    limit,
  });
}

export function checkReadable(offset: number, bounds: LogBounds): void {
  if (Number.isSafeInteger(offset) && offset >= bounds.start && offset <= bounds.end) return;
  throw new FlamelakeError('out_of_range', 'offset is not in the profile log', {
    offset,
    start: bounds.start,
    end: bounds.end,
  });
}
