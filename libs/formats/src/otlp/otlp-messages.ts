/** Messages of an OTLP profiles request, as far as they are read: what its JSON form needs to become protobuf. Schema v1.10. */

/** How a field's value is written. `number` is any varint, `id` bytes that JSON may spell in hex. */
export type FieldKind = 'text' | 'bytes' | 'id' | 'number' | 'fixed64' | MessageName;

export interface MessageField {
  readonly number: number;
  readonly kind: FieldKind;
  readonly isList: boolean;
}

const one = (number: number, kind: FieldKind): MessageField => ({ number, kind, isList: false });
const many = (number: number, kind: FieldKind): MessageField => ({ number, kind, isList: true });

export type MessageName =
  | 'Request'
  | 'ResourceProfiles'
  | 'Resource'
  | 'ScopeProfiles'
  | 'Scope'
  | 'Profile'
  | 'ValueType'
  | 'Sample'
  | 'Dictionary'
  | 'Mapping'
  | 'Location'
  | 'Line'
  | 'Function'
  | 'Link'
  | 'Stack'
  | 'KeyValueAndUnit'
  | 'KeyValue'
  | 'AnyValue'
  | 'ArrayValue';

/** Fields by their JSON names; `sample` and `line` are what v1.8 called `samples` and `lines`. */
export const MESSAGES: Readonly<Record<MessageName, Readonly<Record<string, MessageField>>>> = {
  Request: { resourceProfiles: many(1, 'ResourceProfiles'), dictionary: one(2, 'Dictionary') },
  ResourceProfiles: { resource: one(1, 'Resource'), scopeProfiles: many(2, 'ScopeProfiles') },
  Resource: { attributes: many(1, 'KeyValue') },
  ScopeProfiles: { scope: one(1, 'Scope'), profiles: many(2, 'Profile') },
  Scope: { name: one(1, 'text'), version: one(2, 'text'), attributes: many(3, 'KeyValue') },
  Profile: {
    sampleType: one(1, 'ValueType'),
    samples: many(2, 'Sample'),
    sample: many(2, 'Sample'),
    timeUnixNano: one(3, 'fixed64'),
    durationNano: one(4, 'number'),
    periodType: one(5, 'ValueType'),
    period: one(6, 'number'),
    profileId: one(7, 'id'),
  },
  ValueType: { typeStrindex: one(1, 'number'), unitStrindex: one(2, 'number') },
  Sample: {
    stackIndex: one(1, 'number'),
    attributeIndices: many(2, 'number'),
    linkIndex: one(3, 'number'),
    values: many(4, 'number'),
    timestampsUnixNano: many(5, 'fixed64'),
  },
  Dictionary: {
    mappingTable: many(1, 'Mapping'),
    locationTable: many(2, 'Location'),
    functionTable: many(3, 'Function'),
    linkTable: many(4, 'Link'),
    stringTable: many(5, 'text'),
    attributeTable: many(6, 'KeyValueAndUnit'),
    stackTable: many(7, 'Stack'),
  },
  Mapping: {
    memoryStart: one(1, 'number'),
    memoryLimit: one(2, 'number'),
    fileOffset: one(3, 'number'),
    filenameStrindex: one(4, 'number'),
    attributeIndices: many(5, 'number'),
  },
  Location: {
    mappingIndex: one(1, 'number'),
    address: one(2, 'number'),
    lines: many(3, 'Line'),
    line: many(3, 'Line'),
  },
  Line: { functionIndex: one(1, 'number'), line: one(2, 'number') },
  Function: {
    nameStrindex: one(1, 'number'),
    systemNameStrindex: one(2, 'number'),
    filenameStrindex: one(3, 'number'),
    startLine: one(4, 'number'),
  },
  Link: { traceId: one(1, 'id'), spanId: one(2, 'id') },
  Stack: { locationIndices: many(1, 'number') },
  KeyValueAndUnit: { keyStrindex: one(1, 'number'), value: one(2, 'AnyValue') },
  KeyValue: { key: one(1, 'text'), value: one(2, 'AnyValue'), keyStrindex: one(3, 'number') },
  AnyValue: {
    stringValue: one(1, 'text'),
    intValue: one(3, 'number'),
    arrayValue: one(5, 'ArrayValue'),
    stringValueStrindex: one(8, 'number'),
  },
  ArrayValue: { values: many(1, 'AnyValue') },
};
