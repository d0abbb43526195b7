export type { Pprof, SampleLabelColumns, ValueType } from './pprof.ts';
export type { ProfileRecord, SampleGroup } from './profile-record.ts';
export type {
  FunctionColumns,
  LocationColumns,
  MappingColumns,
  StackColumns,
  StringColumn,
  Symbols,
} from './symbols.ts';
