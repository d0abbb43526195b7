/** querier.v1 SelectMergeProfileRequest as protobuf: profile type 1, selector 2, start 3, end 4 (ms). */
export function encodeMergeProfileRequest(request: {
  readonly profileTypeID: string;
  readonly labelSelector: string;
  readonly start: string;
  readonly end: string;
}): Uint8Array {
  const text = (field: number, value: string): number[] => {
    const bytes = new TextEncoder().encode(value);
    return [(field << 3) | 2, ...varint(BigInt(bytes.length)), ...bytes];
  };
  const time = (field: number, value: string): number[] => [field << 3, ...varint(BigInt(value))];
  return Uint8Array.from([
    ...text(1, request.profileTypeID),
    ...text(2, request.labelSelector),
    ...time(3, request.start),
    ...time(4, request.end),
  ]);
}

function varint(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return bytes;
}
