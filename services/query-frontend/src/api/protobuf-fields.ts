/** Length-delimited and int64 fields of protobuf messages, for answers written by hand. */
import type { ByteWriter } from '@flamelake/formats';

const VARINT = 0;
const LENGTH_DELIMITED = 2;

export function bytesField(writer: ByteWriter, field: number, value: Uint8Array): void {
  writer.varint(field * 8 + LENGTH_DELIMITED);
  writer.varint(value.length);
  writer.bytes(value);
}

export function textField(writer: ByteWriter, field: number, value: string): void {
  writer.varint(field * 8 + LENGTH_DELIMITED);
  writer.text(value);
}

/** An int64; nothing when it is zero. */
export function int64Field(writer: ByteWriter, field: number, value: bigint): void {
  if (value === 0n) return;
  writer.varint(field * 8 + VARINT);
  writer.varint64(BigInt.asUintN(64, value));
}
