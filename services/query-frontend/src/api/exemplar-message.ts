/** types.v1.Exemplar of a point. */
import { type BodyForm, encodeMessage } from '@flamelake/rpc';
import { ExemplarSchema } from '@flamelake/rpc/gen/types/v1/types_pb.js';
import type { Exemplar } from '../queries.ts';

export function exemplarMessage({ timeMs, labels, ...rest }: Exemplar) {
  return { ...rest, timestamp: BigInt(Math.trunc(timeMs)), labels: labels.map(({ name, value }) => ({ name, value })) };
}

export function encodeExemplar(exemplar: Exemplar, form: BodyForm): Uint8Array {
  return encodeMessage(ExemplarSchema, exemplarMessage(exemplar), form);
}
