export { ByteReader } from './byte-reader.ts';
export { ByteWriter } from './byte-writer.ts';
export { crc32c } from './crc32c.ts';
export { type DecodeFileOptions, decodeFile } from './decode-file.ts';
export { type DecodePprofOptions, decodePprof } from './decode-pprof.ts';
export { describePprof, type FunctionSummary, type PprofSummary, type SampleTypeSummary } from './describe-pprof.ts';
export { encodePprof, encodePprofInSteps } from './encode-pprof.ts';
export { type FileFormat, formatOfName, guessFormat } from './guess-format.ts';
export { inflate } from './inflate.ts';
export { decodeJfr } from './jfr/decode-jfr.ts';
export { decodeLogRecord, encodeLogRecord } from './log-record.ts';
export type { NamedProfile } from './named-profile.ts';
export { type NormalizeOptions, normalizeProfile } from './normalize-profile.ts';
export type { NormalizeCounts, NormalizedGroup, NormalizedProfile } from './normalized-profile.ts';
export { decodeOtlp, type OtlpMember, type OtlpRequest } from './otlp/decode-otlp.ts';
export { otlpJsonToProto } from './otlp/otlp-json.ts';
export type { OtlpProfile, OtlpProfilePart } from './otlp/otlp-profile.ts';
export type { Pprof, SampleLabelColumns, ValueType } from './pprof.ts';
export type { ProfileRecord, SampleGroup, SampleTimes } from './profile-record.ts';
export { stringAt, stringBytesAt } from './string-column.ts';
export type {
  FunctionColumns,
  LocationColumns,
  MappingColumns,
  StackColumns,
  StackTreeColumns,
  StringColumn,
  Symbols,
} from './symbols.ts';
export { decodeStacks, type StackFormat } from './text/decode-stacks.ts';
export { STACK_KIND_NAMES } from './text/stack-kind.ts';
export { stackSymbols } from './text/stack-profile.ts';
export { packZstd, unpackZstd } from './zstd.ts';
